import { expect, test } from 'vitest';
import type { Lora } from '../../student/lora/lora.ts';
import { initialiseWeights } from '../../student/initialise.ts';
import type { Engine, EngineState, EngineStudent, MicroBatch, TaskBatch, Update } from '../engine.ts';
import { lastProof, type GpuProof } from '../gpu/adapter-notes.ts';
import { parseTiny } from '../plan/testing/tiny-engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { TwinExecutor } from '../plan/twin/twin-executor.ts';
import { kindOf, miniature, prove } from './proof.ts';

const student = miniature({ config: parseTiny() });

/** Single precision, as a right GPU has it. */
function right(small: EngineStudent): Engine {
  return new PlanEngine(small, {
    createExecutor: (layout) => new TwinExecutor(layout, { precision: 'single' }),
    reason: 'A test.',
  });
}

function double(small: EngineStudent): Engine {
  return new PlanEngine(small, { createExecutor: (layout) => new TwinExecutor(layout), reason: 'A test.' });
}

/** A GPU whose state after the step is spoilt. */
function wrong(spoil: (state: EngineState) => void) {
  return (small: EngineStudent): Engine => {
    const engine = right(small);
    const read = engine.read.bind(engine);
    engine.read = async () => {
      const state = await read();
      spoil(state);
      return state;
    };
    return engine;
  };
}

const verdictOn = (gpu: (small: EngineStudent) => Engine) =>
  prove(student, { cpu: (one) => Promise.resolve(double(one)), gpu: (one) => Promise.resolve(gpu(one)) });

test('single precision is no fault', async () => {
  const { verdict, worstDifference } = await verdictOn(right);
  expect(verdict).toBe('right');
  expect(worstDifference!).toBeLessThan(1e-4);
});

test('the step is one as students take it, with dropout and decay, on rows of lengths that fit no tile', async () => {
  const asked: [readonly MicroBatch[], Update][] = [];
  const watched = {
    step: (batches: readonly MicroBatch[], told: Update) => {
      asked.push([batches, told]);
      return Promise.reject(new Error('Enough.'));
    },
    dispose: () => undefined,
  } as unknown as Engine;
  const open = () => Promise.resolve(watched);
  await expect(prove(student, { cpu: open, gpu: open })).rejects.toThrow('Enough.');
  const [[[batch], update]] = asked as [[[MicroBatch], Update]];
  expect(update).toEqual({
    step: 1,
    alpha: 0.5,
    learningRate: 0.01,
    weightDecay: 0.1,
    maxGradNorm: 1,
    dropout: 0.1,
    seed: 7,
  });
  const lengths = ({ inputs, targets }: TaskBatch) =>
    inputs.map((row, at) => [row.length, targets[at]!.length]);
  expect([lengths(batch.answer), lengths(batch.rationale!)]).toEqual([
    [
      [37, 3],
      [21, 5],
      [1, 2],
    ],
    [
      [40, 19],
      [5, 33],
      [18, 7],
    ],
  ]);
  const { eos_token_id, vocab_size } = student.config;
  for (const row of [batch.answer, batch.rationale!].flatMap(({ inputs, targets }) => [
    ...inputs,
    ...targets,
  ])) {
    expect(row.at(-1)).toBe(eos_token_id);
    for (const id of row.subarray(0, -1)) {
      expect(id).toBeGreaterThanOrEqual(2);
      expect(id).toBeLessThan(vocab_size);
    }
  }
});

test('norms and biases are not what they are at first, and adapters have learned something', () => {
  const { weights } = student;
  const norm = weights.get('encoder.final_layer_norm.weight')!;
  const spread = Math.sqrt(norm.reduce((sum, value) => sum + (value - 1) ** 2, 0) / norm.length);
  // Normal, with a deviation of 0.3.
  expect(spread).toBeGreaterThan(0.2);
  expect(spread).toBeLessThan(0.4);
  expect(weights.get('shared.weight')).toEqual(initialiseWeights(student.config, 1).get('shared.weight'));
  for (const [rank, small] of [
    [8, 4],
    [6, 3],
  ] as const) {
    const { adapters } = miniature(adapted({ rank, alpha: 3 * rank }));
    // A rank that is no whole four stays none, and an adapter counts as much as the student's own.
    expect([adapters!.lora.rank, adapters!.lora.alpha]).toEqual([small, 3 * small]);
    const up = adapters!.weights.get(
      'base_model.model.encoder.block.0.layer.0.SelfAttention.q.lora_B.weight',
    )!;
    expect(up.every((value) => value !== 0 && Math.abs(value) < 0.6)).toBe(true);
  }
});

const name = 'encoder.block.1.layer.1.DenseReluDense.wo.weight';
test.each([
  [
    'a weight that was not updated',
    (state: EngineState) => void state.weights.set(name, student.weights.get(name)!),
  ],
  ['a gradient that is off by a hundredth', (state: EngineState) => scale(state.expAvg.get(name)!, 1.01)],
  ['a second moment that was forgotten', (state: EngineState) => void state.expAvgSq.get(name)!.fill(0)],
  [
    'a few values of one tile that are zeros',
    (state: EngineState) => void state.expAvg.get(name)!.fill(0, 64, 72),
  ],
  ['values that are no numbers', (state: EngineState) => void (state.weights.get(name)![5] = NaN)],
])('%s makes a GPU wrong', async (_, spoil) => {
  expect((await verdictOn(wrong(spoil))).verdict).toBe('wrong');
});

const lora = { rank: 8, alpha: 16, dropout: 0.1, targets: ['q', 'v'] };
const adapted = (changes: Partial<Lora> = {}): Pick<EngineStudent, 'config' | 'adapters'> => ({
  config: parseTiny(),
  adapters: { lora: { ...lora, ...changes }, weights: new Map() },
});

test.each([
  ['adapters', {}],
  ['adapters of an odd rank on every layer', { rank: 5, targets: 'all-linear' as const }],
  ['adapters on a base in half precision', { baseDtype: 'float16' as const }],
])('%s are held against the CPU too, and an adapter that is off is found', async (_, changes) => {
  const small = miniature(adapted(changes));
  const cpu = (one: EngineStudent) => Promise.resolve(double(one));
  const whole = await prove(small, { cpu, gpu: (one) => Promise.resolve(right(one)) });
  expect(whole.verdict).toBe('right');
  expect(whole.worstDifference!).toBeLessThan(1e-4);
  for (const factor of ['A', 'B']) {
    const name = `base_model.model.encoder.block.0.layer.0.SelfAttention.q.lora_${factor}.weight`;
    const spoilt = wrong((state) => scale(state.expAvg.get(name)!, 1.01));
    const { verdict } = await prove(small, { cpu, gpu: (one) => Promise.resolve(spoilt(one)) });
    expect(verdict, factor).toBe('wrong');
  }
});

test('a miniature has whole fours where its student has them, and room for every special id', () => {
  const sizes = (overrides: Record<string, unknown>) => {
    const { d_model, d_ff, vocab_size, num_heads, num_layers, num_decoder_layers } = miniature({
      config: parseTiny(overrides),
    }).config;
    expect([num_heads, num_layers, num_decoder_layers]).toEqual([2, 2, 2]);
    return [d_model, d_ff, vocab_size];
  };
  expect(sizes({ d_model: 512, d_ff: 1024, vocab_size: 32_128 })).toEqual([64, 96, 104]);
  expect(sizes({ d_model: 513, d_ff: 1023, vocab_size: 32_129 })).toEqual([61, 95, 105]);
  expect(sizes({ d_model: 514, d_ff: 1026, vocab_size: 32_128, eos_token_id: 300 })).toEqual([61, 95, 400]);
});

test('students of one kind have one proof; heads, feed-forward, optimiser and adapters make others', () => {
  const kinds = [
    { config: parseTiny() },
    { config: parseTiny({ d_kv: 64 }) },
    { config: parseTiny({ feed_forward_proj: 'relu' }) },
    { config: parseTiny({ tie_word_embeddings: true }) },
    { config: parseTiny(), optimizer: 'adafactor' as const },
    adapted(),
    adapted({ baseDtype: 'float16' }),
    adapted({ rank: 6 }),
    adapted({ dropout: 0 }),
    adapted({ targets: 'all-linear' }),
  ].map(kindOf);
  expect(new Set(kinds).size).toBe(10);
  expect(kindOf(adapted({ rank: 16, alpha: 1 }))).toBe(kindOf(adapted()));
  expect(kindOf({ config: parseTiny({ d_model: 512, num_layers: 8 }) })).toBe(kinds[0]);
});

test('of several proofs the last is shown, a wrong one before all', () => {
  const proof = (checkedAt: string, verdict: GpuProof['verdict'] = 'right'): GpuProof => ({
    checkedAt,
    worstDifference: 1e-6,
    verdict,
  });
  const record = { stamp: '', choices: {}, tried: {} };
  const [old, late, bad] = [proof('2026-01-01'), proof('2026-02-01'), proof('2025-01-01', 'wrong')];
  expect(lastProof({ ...record, proofs: { a: old, b: late } })).toEqual(late);
  expect(lastProof({ ...record, proofs: { a: old, b: late, c: bad } })).toEqual(bad);
  expect(lastProof({ ...record, proofs: {} })).toBeNull();
});

function scale(values: Float32Array, factor: number): void {
  values.forEach((value, index) => (values[index] = factor * value));
}
