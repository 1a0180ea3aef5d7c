/**
 * Holds one real step of a small student on this GPU against the same step on the CPU: some drivers compute wrong
 * results (cubecl#1444, onnxruntime#32306, llama.cpp#25748), and a run on one of them would learn nonsense in silence.
 * The student is a miniature of the one that is to be trained, so that its kernels are compiled for both.
 */
import { RandomSequence } from '../../base/random.ts';
import type { T5Config, Weights } from '../../student/config.ts';
import { initialiseWeights } from '../../student/initialise.ts';
import { initialiseAdapters, type Lora } from '../../student/lora/lora.ts';
import type {
  Engine,
  EngineState,
  EngineStudent,
  MicroBatch,
  StepResult,
  TaskBatch,
  Update,
} from '../engine.ts';
import { stateGroups } from '../engine.ts';
import type { GpuProof } from '../gpu/adapter-notes.ts';

/**
 * What WGSL lets exp, tanh and square roots be wrong by comes to 1e-5 at the end of a step, and rounding to less; a
 * kernel that is wrong is wrong by far more.
 */
export const mostDifference = 1e-3;
/** AdamW moves a weight by its gradient's sign at first: of gradients that are nothing but rounding nothing is said. */
const leastGradient = 1e-2;

const update: Update = {
  step: 1,
  alpha: 0.5,
  learningRate: 1e-2,
  weightDecay: 0.1,
  maxGradNorm: 1,
  dropout: 0.1,
  seed: 7,
};

/** What kernels depend on. */
type Kind = Pick<EngineStudent, 'config' | 'optimizer' | 'adapters'>;

/** Students of one kind have the same kernels: what the proof of one says is true of the other. */
export function kindOf({ config, optimizer = 'adamw', adapters }: Kind): string {
  const { d_kv, feed_forward_proj, tie_word_embeddings } = config;
  return [
    optimizer,
    feed_forward_proj,
    `heads of ${d_kv}`,
    ...(tie_word_embeddings ? ['tied'] : []),
    ...(adapters === undefined ? [] : kindOfAdapters(adapters.lora)),
  ].join(', ');
}

/** A base without gradients and low-rank products have kernels of their own; so has a base in half precision. */
function kindOfAdapters({ rank, dropout, targets, baseDtype = 'float32' }: Lora): string[] {
  const layers = typeof targets === 'string' ? targets : [...targets].sort().join(' ');
  return [
    `adapters on ${layers}`,
    // Products in fours have their own kernels.
    ...(rank % 4 === 0 ? [] : ['odd rank']),
    ...(dropout > 0 ? ['dropped'] : []),
    ...(baseDtype === 'float32' ? [] : [`base in ${baseDtype}`]),
  ];
}

/** A small student of the same kind, from a seed. */
export function miniature({ config, optimizer, adapters }: Kind): EngineStudent {
  const ids = Math.max(config.eos_token_id, config.pad_token_id, config.decoder_start_token_id);
  const small: T5Config = {
    ...config,
    // Whole fours where the student has them: such products have their own kernels.
    d_model: config.d_model % 4 === 0 ? 64 : 61,
    d_ff: config.d_ff % 4 === 0 ? 96 : 95,
    num_heads: 2,
    num_layers: 2,
    num_decoder_layers: 2,
    vocab_size: 4 * Math.ceil((ids + 100) / 4) + (config.vocab_size % 4 === 0 ? 0 : 1),
  };
  const weights = initialiseWeights(small, 1);
  const random = new RandomSequence(2);
  for (const [name, values] of weights) {
    if (!name.includes('norm') && !name.includes('bias')) continue;
    values.forEach((value, index) => (values[index] = value + 0.3 * random.nextNormal()));
  }
  return {
    config: small,
    weights,
    ...(optimizer === undefined ? {} : { optimizer }),
    ...(adapters === undefined ? {} : { adapters: smallAdapters(small, adapters.lora) }),
  };
}

/** Adapters of few ranks, their share as large as the student's own, which have learned something: what is zero proves nothing. */
function smallAdapters(config: T5Config, own: Lora): NonNullable<EngineStudent['adapters']> {
  const rank = own.rank % 4 === 0 ? 4 : 3;
  const lora = { ...own, rank, alpha: (own.alpha / own.rank) * rank };
  const weights = initialiseAdapters(config, lora, 1);
  const random = new RandomSequence(4);
  for (const values of weights.values()) {
    values.forEach((value, index) => (values[index] = value + 0.1 * random.nextNormal()));
  }
  return { lora, weights };
}

/** Two tasks, rows of lengths that fit no tile. */
function rowsFor(config: T5Config): MicroBatch {
  const random = new RandomSequence(3);
  const row = (length: number) =>
    Int32Array.from({ length }, (_, index) =>
      index === length - 1 ? config.eos_token_id : 2 + random.nextInt(config.vocab_size - 2),
    );
  const task = (lengths: readonly (readonly [number, number])[]): TaskBatch => ({
    inputs: lengths.map(([input]) => row(input)),
    targets: lengths.map(([, target]) => row(target)),
  });
  return {
    answer: task([
      [37, 3],
      [21, 5],
      [1, 2],
    ]),
    rationale: task([
      [40, 19],
      [5, 33],
      [18, 7],
    ]),
  };
}

async function stepOf(engine: Engine, config: T5Config): Promise<{ result: StepResult; state: EngineState }> {
  const result = await engine.step([rowsFor(config)], update);
  return { result, state: await engine.read() };
}

/**
 * Takes one step of a miniature on both.
 * @param open Engines with the miniature on them; they are disposed of.
 */
export async function prove(
  student: EngineStudent,
  open: {
    gpu: (student: EngineStudent) => Promise<Engine>;
    cpu: (student: EngineStudent) => Promise<Engine>;
  },
): Promise<GpuProof> {
  const steps: { result: StepResult; state: EngineState }[] = [];
  for (const engine of [await open.cpu(student), await open.gpu(student)]) {
    try {
      steps.push(await stepOf(engine, student.config));
    } finally {
      engine.dispose();
    }
  }
  const before = student.adapters?.weights ?? student.weights;
  const worst = worstDifference(before, steps[0]!, steps[1]!);
  return {
    checkedAt: new Date().toISOString(),
    worstDifference: Number.isFinite(worst) ? worst : null,
    verdict: worst <= mostDifference ? 'right' : 'wrong',
  };
}

type Step = { result: StepResult; state: EngineState };

/** Infinity where a value is not finite, or missing. */
function worstDifference(before: Weights, expected: Step, found: Step): number {
  let worst = 0;
  const note = (difference: number, size: number) => {
    const share = difference / size;
    if (!(share <= worst)) worst = Number.isFinite(share) ? share : Infinity;
  };
  for (const key of ['answerLoss', 'rationaleLoss', 'gradNorm'] as const) {
    const value = expected.result[key]!;
    note(Math.abs((found.result[key] ?? NaN) - value), Math.abs(value));
  }
  for (const group of stateGroups) {
    for (const [name, values] of expected.state[group] ?? []) {
      const others = found.state[group]?.get(name);
      // Of a weight, what the step made of it.
      const start = group === 'weights' ? before.get(name) : undefined;
      const gradients = group === 'weights' ? expected.state.expAvg.get(name) : undefined;
      const changes = values.map((value, index) => value - (start?.[index] ?? 0));
      const size = largest(changes);
      const felt = leastGradient * (gradients === undefined ? 0 : largest(gradients));
      if (size === 0) continue;
      values.forEach((value, index) => {
        const difference = Math.abs((others?.[index] ?? NaN) - value);
        if (Number.isFinite(difference) && gradients !== undefined && Math.abs(gradients[index]!) < felt)
          return;
        note(difference, size);
      });
    }
  }
  return worst;
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
