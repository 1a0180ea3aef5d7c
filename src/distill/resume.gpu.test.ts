import { beforeAll, describe, expect, it } from 'vitest';
import { openBundledStudent, sampleExamples } from '../../tests/support/sample.ts';
import type { Engine, EngineState } from '../engine/engine.ts';
import { readState, weightsAlone } from '../engine/state-source.ts';
import { openNodeBackend } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import type { Student } from '../student/folder.ts';
import { checkpointParts, writeSlices, type CheckpointFacts, type Resumption } from './checkpoint.ts';
import { openCheckpoint } from './checkpoint-source.ts';
import { engineStudent } from './engine-student.ts';
import { recipeSchema } from './recipe.ts';
import type { Evaluation, MetricsPoint } from './run-state.ts';
import { Session } from './session.ts';

// All that makes a step depend on its number: dropout, shuffled epochs with short ends, warm-up, a falling rate,
// several micro-batches. The undisturbed run crosses an epoch (20 rows, 8 a step) and evaluates on its way.
const recipe = recipeSchema.parse({
  steps: 6,
  batchSize: 4,
  accumulation: 2,
  learningRate: 2e-3,
  warmupSteps: 2,
  weightDecay: 0.01,
  dropout: 0.1,
  seed: 9,
  generationMaxTokens: 4,
  evalEvery: 2,
  saveEvery: 1,
});
const train = sampleExamples('train').slice(0, 20);
const test = sampleExamples('test').slice(0, 2);

const engines: [string, (student: Student) => Promise<Engine>][] = [
  [
    'the compiled engine',
    (student) => createWasmEngine(student, { threads: 2, startThread: startNodeThread, reason: 'a test' }),
  ],
  [
    'the compiled engine with adapters on a base in half precision',
    (student) => {
      const lora = { rank: 4, alpha: 8, dropout: 0.1, targets: 'all-linear', baseDtype: 'float16' } as const;
      const trained = engineStudent(student, { ...recipe, lora });
      return createWasmEngine(trained, { threads: 2, startThread: startNodeThread, reason: 'a test' });
    },
  ],
  [
    'the compiled engine with Adafactor',
    (student) => {
      const trained = engineStudent(student, { ...recipe, optimizer: 'adafactor-relative' });
      return createWasmEngine(trained, { threads: 2, startThread: startNodeThread, reason: 'a test' });
    },
  ],
  [
    'TensorFlow.js on WebAssembly',
    async (student) =>
      createTfjsEngine(student, await openNodeBackend({ backend: 'wasm' }), { ownsBackend: true }),
  ],
];

describe.each(engines)('a run on %s', (_name, create) => {
  let student: Student;
  beforeAll(async () => {
    student = await openBundledStudent();
  });

  interface Outcome {
    points: Omit<MetricsPoint, 'elapsedMs'>[];
    evaluations: Evaluation[];
    saves: Map<number, Resumption>;
    /** SHA-256 of weights and moments at the end. */
    sha256: string[];
  }

  /** A run from `from` to the end, on its own engine, as a page that was opened again has it. */
  async function outcome(from: Resumption | null): Promise<Outcome> {
    const engine = await create(student);
    try {
      const session = new Session({ engine, tokenizer: student.tokenizer, recipe, train, test, from });
      const result: Outcome = { points: [], evaluations: [], saves: new Map(), sha256: [] };
      for await (const event of session.run()) {
        if (event.type === 'metrics') {
          const { elapsedMs, ...numbers } = event.point;
          expect(elapsedMs).toBeGreaterThanOrEqual(Math.floor(from?.elapsedMs ?? 0));
          result.points.push(numbers);
        }
        if (event.type === 'evaluation') result.evaluations.push(event.evaluation);
        if (event.type === 'save') {
          result.saves.set(event.step, await throughFiles(await readState(event.state), event.elapsedMs));
          if (event.last) result.sha256 = await sha256Of(await readState(event.state));
        }
      }
      return result;
    } finally {
      engine.dispose();
    }
  }

  async function sha256Of(state: EngineState): Promise<string[]> {
    const files = checkpointParts(state, student.config).map(({ name, file }) =>
      writeSlices(name, file, () => undefined),
    );
    return (await Promise.all(files)).flatMap(({ sha256 }) => sha256);
  }

  async function throughFiles(state: EngineState, elapsedMs: number): Promise<Resumption> {
    const disk = new Map<string, Uint8Array<ArrayBuffer>>();
    const facts: CheckpointFacts = { step: state.step, elapsedMs, engine: stamp, files: [] };
    for (const { name, file } of checkpointParts(state, student.config)) {
      const bytes = new Uint8Array(file.sizeBytes);
      facts.files.push(await writeSlices(name, file, (slice, offset) => bytes.set(slice, offset)));
      disk.set(name, bytes);
    }
    return { state: await openCheckpoint(facts, ({ name }) => new Blob([disk.get(name)!])), elapsedMs };
  }

  const stamp = { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as const;
  let undisturbed: Outcome;
  beforeAll(async () => {
    undisturbed = await outcome(null);
  });

  it('saves at every step, and gives the same bytes when run again', async () => {
    expect([...undisturbed.saves.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(undisturbed.sha256).toHaveLength(2);
    expect((await outcome(null)).sha256).toEqual(undisturbed.sha256);
  });

  it.each([1, 2, 3, 4, 5, 6])('resumes from step %i with the same bytes and numbers', async (step) => {
    const resumed = await outcome(undisturbed.saves.get(step)!);
    expect(resumed.points).toEqual(undisturbed.points.slice(step));
    expect(resumed.evaluations).toEqual(undisturbed.evaluations.filter((one) => one.step > step));
    expect(resumed.sha256).toEqual(undisturbed.sha256);
  });

  it('differs without the moments, so that these comparisons could fail', async () => {
    const { state, elapsedMs } = undisturbed.saves.get(3)!;
    const resumed = await outcome({ state: weightsAlone(state), elapsedMs });
    expect(resumed.sha256).not.toEqual(undisturbed.sha256);
  });
});
