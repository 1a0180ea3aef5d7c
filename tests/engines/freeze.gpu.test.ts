/** Frozen weights on every engine that Node has: the same losses and norms, and not a bit of difference in what is frozen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasGpu } from '../support/gpu.ts';
import type { Engine, EngineState, EngineStudent } from '../../src/engine/engine.ts';
import { createTwinEngine } from '../../src/engine/plan/twin/twin-engine.ts';
import { tinyEngineStudent, tinyMicroBatch, tinyUpdate } from '../../src/engine/plan/testing/tiny-engine.ts';
import { createTfjsEngine } from '../../src/engine/tfjs/tfjs-engine.ts';
import { startNodeThread } from '../../src/engine/wasm/node-thread.ts';
import type { Gpu } from '../../src/engine/wgsl/gpu.ts';
import { openTestEngine } from '../../src/engine/wgsl/testing/open-engine.ts';
import { openTestGpu } from '../../src/engine/wgsl/testing/open-gpu.ts';
import { createWasmEngine } from '../../src/engine/wasm/wasm-engine.ts';
import { frozenParameters, type StudentPart } from '../../src/student/reduce/freeze.ts';
import { describeBackends } from '../support/backends.ts';

type Open = (student: EngineStudent) => Promise<Engine>;

const cases: { parts: StudentPart[]; tied: boolean }[] = [
  { parts: ['embeddings'], tied: false },
  { parts: ['encoder'], tied: true },
  { parts: ['embeddings', 'encoder'], tied: true },
  { parts: ['embeddings', 'encoder'], tied: false },
  { parts: ['decoder'], tied: false },
];

async function train(engine: Engine, student: EngineStudent, steps: readonly number[]) {
  const measured = [];
  for (const step of steps) {
    measured.push(
      await engine.step([tinyMicroBatch(student.config, step)], { ...tinyUpdate, step, learningRate: 1e-3 }),
    );
  }
  return measured;
}

/** @param some Where each step takes seconds. */
function leaveFrozenAlone(open: Open, some = cases): void {
  it.each(some)('leaves $parts alone (tied: $tied), as the exact twin does', async ({ parts, tied }) => {
    const whole = tinyEngineStudent({
      tie_word_embeddings: tied,
      feed_forward_proj: tied ? 'relu' : 'gated-gelu',
    });
    const student = { ...whole, frozen: frozenParameters(whole.config, parts) };
    const expected = await train(createTwinEngine(student), student, [1, 2, 3]);
    const engine = await open(student);
    const measured = await train(engine, student, [1, 2]);
    const middle: EngineState = await engine.read();
    measured.push(...(await train(engine, student, [3])));
    measured.forEach((point, index) => {
      // As the goldens' runs (tests/support/engine-checks.ts).
      expect(Math.abs(point.loss - expected[index]!.loss)).toBeLessThan(5e-5);
      expect(Math.abs(point.gradNorm / expected[index]!.gradNorm - 1)).toBeLessThan(5e-5);
    });
    const state = await engine.read();
    for (const [name, values] of state.weights) {
      if (student.frozen.has(name)) expect(values, name).toEqual(whole.weights.get(name));
      else expect(values, name).not.toEqual(whole.weights.get(name));
    }
    const trained = [...whole.weights.keys()].filter((name) => !student.frozen.has(name));
    expect([...state.expAvg.keys()].sort()).toEqual(trained.sort());
    expect([...state.expAvgSq.keys()].sort()).toEqual(trained);
    // To start from a state is to continue.
    engine.restore(middle);
    await train(engine, student, [3]);
    expect(await engine.read()).toEqual(state);
    engine.dispose();
  });
}

describeBackends((openBackend, name) => {
  describe(`TensorFlow.js on ${name}`, () => {
    leaveFrozenAlone(
      (student) => Promise.resolve(createTfjsEngine(student, openBackend())),
      name === 'webgpu' ? cases.slice(2, 3) : cases,
    );
  });
});

describe('the compiled plan', () => {
  leaveFrozenAlone((student) =>
    createWasmEngine(student, { threads: 2, startThread: startNodeThread, reason: 'A test.' }),
  );
});

describe.skipIf(!hasGpu)('the compiled plan on WebGPU', () => {
  // One GPU for all, so that kernels are compiled once.
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openTestGpu();
  });
  afterAll(() => gpu.close());
  leaveFrozenAlone((student) => openTestEngine(student, { gpu }), cases.slice(2, 4));

  it('holds no gradients and moments of what is frozen', async () => {
    const student = tinyEngineStudent();
    const frozen = frozenParameters(student.config, ['embeddings', 'encoder']);
    const held = async (one: EngineStudent) => {
      const engine = await openTestEngine(one, { gpu });
      const { bytesHeld } = engine.describe();
      engine.dispose();
      return bytesHeld;
    };
    let floats = 0;
    for (const name of frozen) floats += student.weights.get(name)!.length;
    expect((await held(student)) - (await held({ ...student, frozen }))).toBeGreaterThanOrEqual(
      3 * 4 * floats,
    );
  });
});
