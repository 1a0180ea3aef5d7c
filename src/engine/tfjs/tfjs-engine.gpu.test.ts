/** How the engine behaves, apart from its numbers. Most of it does not depend on the backend and runs on wasm. */
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../../tests/support/backends.ts';
import { expectClose, expectNear } from '../../../tests/support/closeness.ts';
import { engineFixtures, microBatches, readStudent, readTensors } from '../../../tests/support/goldens.ts';
import { describeStandIn } from '../../../tests/support/stand-in-suite.ts';
import { DeviceLostError, EngineError, NonFiniteError } from '../../base/errors.ts';
import type { EngineState, MicroBatch, Update } from '../engine.ts';
import { openNodeBackend, openNodeGpu } from './node-backend.ts';
import { createTfjsEngine, type InspectableEngine } from './tfjs-engine.ts';

const student = readStudent(engineFixtures, 'tiny-gated');
const batches = microBatches(readTensors(engineFixtures, 'training', 'batches.safetensors'));

const update: Update = {
  step: 1,
  alpha: 0.5,
  learningRate: 1e-3,
  weightDecay: 0.01,
  maxGradNorm: 1,
  dropout: 0,
  seed: 0,
};

async function train(
  engine: InspectableEngine,
  first: number,
  last: number,
  more: Partial<Update> = {},
): Promise<void> {
  for (let step = first; step <= last; step += 1)
    await engine.step([batches[step]!], { ...update, ...more, step });
}

function expectSameState(actual: EngineState, expected: EngineState): void {
  expect(actual.step).toBe(expected.step);
  for (const part of ['weights', 'expAvg', 'expAvgSq'] as const) {
    expect([...actual[part].keys()]).toEqual([...expected[part].keys()]);
    for (const [name, values] of expected[part])
      expect(actual[part].get(name), `${part} of ${name}`).toEqual(values);
  }
}

describe('TensorFlow.js lets another student answer', () => {
  describeStandIn(
    'on wasm',
    async (one) => {
      const backend = await openNodeBackend({ backend: 'wasm' });
      return createTfjsEngine(one, backend, { ownsBackend: true });
    },
    { which: ['whole', 'frozen'] },
  );
});

describe('the TensorFlow.js engine', () => {
  describeBackends((open, backend) => {
    it('leaves no tensors behind, step by step, in evaluation and generation, and when it is disposed of', async () => {
      open().activate();
      const before = tf.memory().numTensors;
      const engine = createTfjsEngine(student, open());
      await train(engine, 1, backend === 'wasm' ? 3 : 1);
      const early = tf.memory().numTensors;
      await train(engine, 4, backend === 'wasm' ? 10 : 4, { dropout: 0.1 });
      const { inputs } = batches[0]!.answer;
      await engine.generate(inputs, { maxNewTokens: 3, numBeams: 1 });
      await engine.generate(inputs, { maxNewTokens: 2, numBeams: 2 });
      await engine.evaluate(batches[0]!.answer);
      expect(tf.memory().numTensors).toBe(early);
      engine.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    it('says what it is', () => {
      const engine = createTfjsEngine(student, open());
      const parameters = [...student.weights.values()].reduce((sum, { length }) => sum + length, 0);
      expect(engine.describe()).toMatchObject({ engine: 'tfjs', backend, parameters });
      expect(engine.describe().reason).toMatch(/\.$/);
      expect(engine.describe().bytesHeld).toBeGreaterThan(backend === 'wasm' ? parameters * 4 - 1 : -1);
      engine.dispose();
    });

    if (backend === 'webgpu') return;

    it('goes on bit for bit from a state that was read, with dropout', async () => {
      const whole = createTfjsEngine(student, open());
      await train(whole, 1, 3, { dropout: 0.2, seed: 5 });
      const halfway = await whole.read();
      await train(whole, 4, 6, { dropout: 0.2, seed: 5 });
      const expected = await whole.read();
      whole.dispose();

      const second = createTfjsEngine({ config: student.config, weights: halfway.weights }, open());
      second.restore(halfway);
      expectSameState(await second.read(), halfway);
      await train(second, 4, 6, { dropout: 0.2, seed: 5 });
      expectSameState(await second.read(), expected);
      second.dispose();
    });

    it('copies what it is given and what it gives', async () => {
      const weights = new Map([...student.weights].map(([name, values]) => [name, values.slice()]));
      const engine = createTfjsEngine({ config: student.config, weights }, open());
      for (const values of weights.values()) values.fill(9);
      const state = await engine.read();
      expect(state.weights.get('shared.weight')).toEqual(student.weights.get('shared.weight'));
      state.weights.get('shared.weight')!.fill(9);
      expect((await engine.read()).weights.get('shared.weight')).toEqual(
        student.weights.get('shared.weight'),
      );
      engine.dispose();
    });

    it('starts with no moments and no steps', async () => {
      const engine = createTfjsEngine(student, open());
      const state = await engine.read();
      expect([state.step, state.expAvg.size, state.expAvgSq.size]).toEqual([0, 0, 0]);
      await train(engine, 1, 1);
      engine.restore(state);
      expectSameState(await engine.read(), state);
      engine.dispose();
    });

    it('refuses a step that is not finite and keeps its state', async () => {
      const engine = createTfjsEngine(student, open());
      await train(engine, 1, 1);
      const healthy = await engine.read();
      const broken = { ...healthy, weights: new Map(healthy.weights) };
      broken.weights.set(
        'lm_head.weight',
        healthy.weights.get('lm_head.weight')!.map((value, index) => (index === 3 ? NaN : value)),
      );
      engine.restore(broken);
      const tensors = tf.memory().numTensors;
      const failure: unknown = await engine
        .step([batches[0]!], { ...update, step: 2 })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(NonFiniteError);
      expect(String(failure)).toContain('At step 2 the answer loss');
      expectSameState(await engine.read(), broken);
      expect(tf.memory().numTensors).toBe(tensors);
      engine.dispose();
    });

    it('weighs the tasks by alpha, and measures both even where one has no weight', async () => {
      const measured = new Map<
        number,
        { answerLoss: number; rationaleLoss: number | null; loss: number; gradNorm: number }
      >();
      for (const alpha of [0, 0.25, 1]) {
        const engine = createTfjsEngine(student, open());
        measured.set(alpha, await engine.step([batches[0]!], { ...update, alpha }));
        engine.dispose();
      }
      for (const [alpha, { answerLoss, rationaleLoss, loss }] of measured) {
        expect(answerLoss).toBeCloseTo(measured.get(0.25)!.answerLoss, 6);
        expect(rationaleLoss).toBeCloseTo(measured.get(0.25)!.rationaleLoss!, 6);
        expect(loss).toBeCloseTo(alpha * answerLoss + (1 - alpha) * rationaleLoss!, 6);
      }
      // Alpha 1 is standard fine-tuning, but for the rationale's loss being told.
      const engine = createTfjsEngine(student, open());
      const standard = await engine.step([{ answer: batches[0]!.answer, rationale: null }], {
        ...update,
        alpha: 0.3,
      });
      expect(standard.rationaleLoss).toBeNull();
      expect(standard.loss).toBe(standard.answerLoss);
      expectNear(standard.gradNorm, measured.get(1)!.gradNorm, 1e-6, 'gradient norm');
      engine.dispose();
    });

    it('takes rows in micro-batches as it takes them at once, with dropout too', async () => {
      const [one, two] = [batches[0]!, batches[1]!];
      const join = (task: 'answer' | 'rationale'): MicroBatch['answer'] => ({
        inputs: [...one[task]!.inputs, ...two[task]!.inputs],
        targets: [...one[task]!.targets, ...two[task]!.targets],
      });
      // One task only: with two, the packed rows of the joined batch come in another order and drop other values.
      const apart: MicroBatch[] = [one, two].map(({ answer }) => ({ answer, rationale: null }));
      for (const dropout of [0, 0.3]) {
        const results = [];
        for (const rows of [apart, [{ answer: join('answer'), rationale: null }]]) {
          const engine = createTfjsEngine(student, open());
          results.push({
            ...(await engine.step(rows, { ...update, dropout })),
            weights: (await engine.read()).expAvg,
          });
          engine.dispose();
        }
        expectNear(results[0]!.loss, results[1]!.loss, 1e-6, 'loss');
        expectNear(results[0]!.gradNorm, results[1]!.gradNorm, 1e-5, 'gradient norm');
        for (const [name, values] of results[1]!.weights)
          expectClose(results[0]!.weights.get(name)!, values, 1e-6, name);
        expect(results[0]!.tokens).toBe(results[1]!.tokens);
      }
    });

    it('drops by seed and step', async () => {
      const losses = [];
      for (const [seed, step] of [
        [1, 1],
        [1, 1],
        [2, 1],
        [1, 2],
      ] as const) {
        const engine = createTfjsEngine(student, open());
        losses.push((await engine.step([batches[0]!], { ...update, seed, step, dropout: 0.2 })).loss);
        engine.dispose();
      }
      expect(losses[1]).toBe(losses[0]);
      expect(new Set(losses).size).toBe(3);
    });

    it('evaluates many rows as the mean over all their tokens', async () => {
      const engine = createTfjsEngine(student, open());
      const all = batches.map(({ answer }) => answer);
      const joined = {
        inputs: all.flatMap(({ inputs }) => inputs),
        targets: all.flatMap(({ targets }) => targets),
      };
      expect(joined.inputs.length).toBeGreaterThan(32);
      let sum = 0;
      for (const batch of all) {
        const { loss, tokens } = await engine.evaluate(batch);
        sum += loss * tokens;
      }
      const { loss, tokens } = await engine.evaluate(joined);
      expectNear(loss, sum / tokens, 1e-6, 'loss');
      engine.dispose();
    });

    it('generates nothing of nothing, and each row as if it were alone', async () => {
      const engine = createTfjsEngine(readStudent(engineFixtures, 'generation'), open());
      expect(await engine.generate([], { maxNewTokens: 4, numBeams: 1 })).toEqual([]);
      const inputs = [[2, 5, 1], [2, 9, 4, 12, 1], [2, 3, 1], [2, 7, 7, 3, 11, 8, 1], [1]].map((ids) =>
        Int32Array.from(ids),
      );
      for (const numBeams of [1, 3]) {
        const together = await engine.generate(inputs, { maxNewTokens: 9, numBeams });
        for (const [row, input] of inputs.entries()) {
          const [alone] = await engine.generate([input], { maxNewTokens: 9, numBeams });
          expect([...together[row]!.ids]).toEqual([...alone!.ids]);
        }
      }
      engine.dispose();
    });

    it('refuses weights that are not the student’s', () => {
      const weights = new Map(student.weights);
      weights.delete('lm_head.weight');
      expect(() => createTfjsEngine({ config: student.config, weights }, open())).toThrow(EngineError);
      expect(() => createTfjsEngine({ config: student.config, weights }, open())).toThrow(
        'lm_head.weight is missing',
      );
      weights.set('lm_head.weight', new Float32Array(5));
      expect(() => createTfjsEngine({ config: student.config, weights }, open())).toThrow(
        'has 5 values instead of',
      );
    });
  });

  it('computes the same in plain JavaScript, beside an engine on WebAssembly', async () => {
    const wasm = createTfjsEngine(student, await openNodeBackend({ backend: 'wasm' }));
    const cpu = createTfjsEngine(student, await openNodeBackend({ backend: 'cpu' }));
    // Steps by turns: each makes its own backend the current one.
    for (const step of [1, 2]) {
      const [a, b] = await Promise.all([
        wasm.step([batches[step]!], { ...update, step }),
        cpu.step([batches[step]!], { ...update, step }),
      ]);
      expectNear(a.loss, b.loss, 1e-5, 'loss');
      expectNear(a.gradNorm, b.gradNorm, 1e-4, 'gradient norm');
    }
    const answers = await Promise.all(
      [wasm, cpu].map((engine) =>
        engine.generate(batches[0]!.answer.inputs, { maxNewTokens: 4, numBeams: 1 }),
      ),
    );
    expect(answers[0]!.map(({ ids }) => [...ids])).toEqual(answers[1]!.map(({ ids }) => [...ids]));
    wasm.dispose();
    cpu.dispose();
  });

  it('says that the GPU is gone', async (context) => {
    const gpu = await openNodeGpu();
    const adapter = await gpu?.requestAdapter();
    if (gpu === undefined || adapter === null || adapter === undefined) return context.skip();
    // The device is kept by a look over the adapter's shoulder, to be destroyed as a driver would.
    let device: GPUDevice | undefined;
    const request = adapter.requestDevice.bind(adapter);
    Object.defineProperty(adapter, 'requestDevice', {
      value: async (asked: GPUDeviceDescriptor) => (device = await request(asked)),
    });
    const { openGpu } = await import('./backend-gpu.ts');
    const backend = await openGpu(adapter, 'test adapter', 'For a test.');
    const engine = createTfjsEngine(student, backend);
    const stepping = engine.step([batches[0]!], update);
    device!.destroy();
    await expect(stepping).rejects.toThrow(DeviceLostError);
    await expect(engine.evaluate(batches[0]!.answer)).rejects.toThrow(DeviceLostError);
    backend.close();
    // A new one in its place works.
    const next = await openNodeBackend({ backend: 'webgpu' });
    const second = createTfjsEngine(student, next);
    expect((await second.evaluate(batches[0]!.answer)).loss).toBeGreaterThan(0);
    second.dispose();
    next.close();
  });
});
