/** What the engine promises beyond numbers: the same bytes whoever computes them, and memory that does not grow. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeResume } from '../../../tests/support/resume-suite.ts';
import { expectSameState } from '../../../tests/support/same-state.ts';
import { describeStandIn } from '../../../tests/support/stand-in-suite.ts';
import { RandomSequence } from '../../base/random.ts';
import { parseT5Config } from '../../student/config.ts';
import { initialiseAdapters, type Lora } from '../../student/lora/lora.ts';
import { initialiseWeights } from '../../student/initialise.ts';
import type { EngineStudent, MicroBatch, TaskBatch, Update } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { createTwinEngine } from '../plan/twin/twin-engine.ts';
import { instantiate } from './instantiate.ts';
import { loadKernels, type Kernels } from './kernels.ts';
import { startNodeThread } from './node-thread.ts';

import { WasmExecutor, type WasmExecutorOptions } from './wasm-executor.ts';

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});

const config = parseT5Config(
  JSON.stringify({
    model_type: 't5',
    vocab_size: 97,
    d_model: 28,
    d_kv: 9,
    num_heads: 3,
    d_ff: 44,
    num_layers: 2,
    num_decoder_layers: 2,
    feed_forward_proj: 'gated-gelu',
    tie_word_embeddings: false,
  }),
  'config.json',
);
const student = (): EngineStudent => ({ config, weights: initialiseWeights(config, 4) });

/** With adapters on all layers, and dropout of their own. */
function adapted(): EngineStudent {
  const lora: Lora = { rank: 3, alpha: 6, dropout: 0.3, targets: 'all-linear' };
  return { ...student(), adapters: { lora, weights: initialiseAdapters(config, lora, 5) } };
}

function openFor(one: EngineStudent, options: Omit<WasmExecutorOptions, 'kernels'> = {}): PlanEngine {
  return new PlanEngine(one, {
    createExecutor: (layout) =>
      new WasmExecutor(layout, { kernels, startThread: startNodeThread, ...options }),
    reason: 'A test.',
  });
}

const open = (options: Omit<WasmExecutorOptions, 'kernels'> = {}) => openFor(student(), options);

function makeTask(random: RandomSequence, rows: number): TaskBatch {
  const row = (most: number) =>
    Int32Array.from({ length: 1 + random.nextInt(most) }, () => 2 + random.nextInt(config.vocab_size - 2));
  return {
    inputs: Array.from({ length: rows }, () => row(30)),
    targets: Array.from({ length: rows }, () => row(20)),
  };
}

/** Micro-batches of a step; sizes differ from step to step. */
function batchesOf(step: number): MicroBatch[] {
  const random = new RandomSequence(9, step);
  const one = (): MicroBatch => ({
    answer: makeTask(random, 1 + random.nextInt(4)),
    rationale: makeTask(random, 3),
  });
  return step % 3 === 0 ? [one(), one()] : [one()];
}

const update = (step: number): Update => ({
  step,
  alpha: 0.4,
  learningRate: 2e-3,
  weightDecay: 0.01,
  maxGradNorm: 1,
  dropout: 0.2,
  seed: 6,
});

async function train(engine: PlanEngine, from: number, to: number): Promise<string> {
  const log: unknown[] = [];
  for (let step = from; step <= to; step += 1) log.push(await engine.step(batchesOf(step), update(step)));
  return JSON.stringify(log);
}

describe.each([
  ['of whole weights', student],
  ['of adapters', adapted],
])('the same bytes %s', (_name, make) => {
  test('in two runs, on two threads, with poisoned slots, and after stopping and going on', async () => {
    const open = (options: Omit<WasmExecutorOptions, 'kernels'> = {}) => openFor(make(), options);
    const first = open();
    const log = await train(first, 1, 9);
    const state = await first.read();
    for (const options of [
      {},
      { threads: 2 },
      { turns: 7 },
      { poison: true },
      { threads: 2, poison: true },
    ]) {
      const again = open(options);
      expect(await train(again, 1, 9), JSON.stringify(options)).toBe(log);
      expectSameState(await again.read(), state);
      again.dispose();
    }
    const before = open();
    await train(before, 1, 4);
    const after = open();
    after.restore(await before.read());
    await train(after, 5, 9);
    expectSameState(await after.read(), state);
    for (const engine of [first, before, after]) engine.dispose();
  });
});

test.each([
  ['', student],
  [', of adapters', adapted],
])('a step%s agrees with double precision, dropout and all', async (_name, make) => {
  const twin = createTwinEngine(make());
  const engine = openFor(make());
  for (let step = 1; step <= 3; step += 1) {
    const expected = await twin.step(batchesOf(step), update(step));
    const found = await engine.step(batchesOf(step), update(step));
    expect(found.tokens).toBe(expected.tokens);
    expect(Math.abs(found.loss - expected.loss)).toBeLessThan(1e-5);
    expect(Math.abs(found.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-5);
  }
  const [expected, found] = [await twin.read(), await engine.read()];
  for (const part of ['expAvg', 'expAvgSq'] as const) {
    for (const [name, values] of expected[part]) {
      const norm = Math.hypot(...values);
      const distance = Math.hypot(...values.map((value, index) => value - found[part].get(name)![index]!));
      expect(distance, `${part} of ${name}`).toBeLessThan(1e-4 * norm);
    }
  }
  engine.dispose();
});

describeResume('WebAssembly resumes from a checkpoint to the byte', (one) => openFor(one, { threads: 2 }));

describeStandIn('WebAssembly lets another student answer', (one) =>
  openFor(one, { threads: 2, poison: true }),
);

test.each([
  ['of whole weights', student],
  ['of adapters', adapted],
  ['with Adafactor', (): EngineStudent => ({ ...student(), optimizer: 'adafactor' })],
])('memory after step 50 is that after step 2, %s', async (_name, make) => {
  const engine = openFor(make());
  const batch = batchesOf(1);
  for (let step = 1; step <= 2; step += 1) await engine.step(batch, update(step));
  const held = engine.describe().bytesHeld;
  for (let step = 3; step <= 50; step += 1) await engine.step(batch, update(step));
  expect(engine.describe().bytesHeld).toBe(held);
  engine.dispose();
});

test('an engine that was disposed of says so', async () => {
  const engine = open({ threads: 2 });
  await train(engine, 1, 1);
  engine.dispose();
  await expect(train(engine, 2, 2)).rejects.toThrow('disposed');
});

describe('functions of the kernels', () => {
  /** @param gate 0 for GELU, 1 for SiLU. */
  function apply(name: 'testExp' | 'testGate', values: readonly number[], gate = 0): Float32Array {
    const memory = new WebAssembly.Memory({ initial: 3 });
    const program = instantiate(kernels.own, memory, 65_536);
    const floats = new Float32Array(memory.buffer, 131_072, 4 * Math.ceil(values.length / 4));
    floats.set(values);
    program[name](131_072, floats.length, gate);
    return floats.slice(0, values.length);
  }
  const numbers = (most: number) =>
    fc.array(fc.float({ min: -most, max: most, noNaN: true }), { minLength: 1, maxLength: 400 });

  test('exp is within 1.5e-7 of its value', () => {
    fc.assert(
      fc.property(numbers(87), (values) => {
        apply('testExp', values).forEach((found, index) => {
          expect(Math.abs(found / Math.exp(values[index]!) - 1)).toBeLessThan(1.5e-7);
        });
      }),
      { numRuns: 50 },
    );
    expect([...apply('testExp', [0, -88, -Infinity, NaN, 200])]).toEqual([
      1,
      0,
      0,
      NaN,
      expect.closeTo(Math.fround(Math.exp(88.3)), -36),
    ]);
  });

  test('the gate of the GELU, (1 + tanh) / 2, is within 1e-6 of its value', () => {
    fc.assert(
      fc.property(numbers(6), (values) => {
        apply('testGate', values).forEach((found, index) => {
          const x = values[index]!;
          // The exponent's own rounding grows with it.
          const u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
          const value = 1 / (1 + Math.exp(-2 * u));
          expect(Math.abs(found / value - 1)).toBeLessThan(1e-6 + 2e-7 * Math.abs(u));
        });
      }),
      { numRuns: 50 },
    );
    checkEnds(0);
  });

  test('the gate of SiLU, 1 / (1 + exp(-x)), is within 1e-6 of its value', () => {
    fc.assert(
      fc.property(numbers(80), (values) => {
        apply('testGate', values, 1).forEach((found, index) => {
          expect(Math.abs(found * (1 + Math.exp(-values[index]!)) - 1)).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 50 },
    );
    checkEnds(1);
  });

  function checkEnds(gate: number): void {
    const [zero, low, high, nan] = apply('testGate', [0, -Infinity, Infinity, NaN], gate);
    expect([zero, high, nan]).toEqual([0.5, 1, NaN]);
    expect(low).toBeLessThan(1e-37);
  }
});
