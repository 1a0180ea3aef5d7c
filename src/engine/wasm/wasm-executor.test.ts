/** Every operation in WebAssembly against the f64 twin, once with odd sizes; `operations.gpu.test.ts` has many more. */
import { beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { floatsToHalves, halvesToFloats } from '../../student/lora/half-base.ts';
import type { EngineStudent } from '../engine.ts';
import type { Operation } from '../plan/operations.ts';
import type { Plan, Run } from '../plan/plan.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { SlabLayout } from '../plan/slab-layout.ts';
import { operationCases, type CaseSizes } from '../plan/testing/operation-cases.ts';
import { labLayout, OperationLab, whereResultsDiffer } from '../plan/testing/operation-lab.ts';
import { parseTiny, tinyEngineStudent, tinyMicroBatch, tinyUpdate } from '../plan/testing/tiny-engine.ts';
import { createTwinEngine } from '../plan/twin/twin-engine.ts';
import { TwinExecutor } from '../plan/twin/twin-executor.ts';
import { loadKernels, type Kernels } from './kernels.ts';
import { pageBytes, wasmModel } from './memory-layout.ts';
import { createWasmEngine } from './wasm-engine.ts';
import { WasmExecutor, type WasmExecutorOptions } from './wasm-executor.ts';

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});

const sizes: CaseSizes[] = [
  {
    seed: 1,
    rows: 5,
    columns: 7,
    inner: 6,
    heads: 2,
    headSize: 3,
    lengths: [3, 18],
    keyLengths: [5, 2],
    dropout: true,
    accumulate: true,
  },
  {
    seed: 2,
    rows: 17,
    columns: 33,
    inner: 9,
    heads: 1,
    headSize: 8,
    lengths: [1, 2, 16],
    keyLengths: [4, 1, 17],
    dropout: false,
    accumulate: false,
  },
];

describe('operations', () => {
  const twin = new TwinExecutor(labLayout());

  async function isAsTheTwinSays(name: string, one: CaseSizes): Promise<void> {
    const { lab, operations } = operationCases[name]!(one);
    const expected = await lab.results(twin, operations);
    // On one thread, and as three would share the work.
    for (const turns of [undefined, 3]) {
      const executor = new WasmExecutor(labLayout(), { kernels, ...(turns !== undefined && { turns }) });
      expect(whereResultsDiffer(await lab.results(executor, operations), expected)).toBeNull();
      executor.dispose();
    }
  }

  test('of logits that are no numbers the first id is chosen', async () => {
    const lab = new OperationLab(1);
    lab.counts.generationRows = 1;
    const operation: Operation = {
      kind: 'argMax',
      rows: 'generationRows',
      logits: lab.tensor([3, 5]),
      endId: 8,
      padId: 9,
      ids: lab.table([7, 7, 7]),
      finished: lab.table([0, 0, 0]),
      generated: lab.table([7, 7, 7]),
    };
    const executor = new WasmExecutor(labLayout(), { kernels });
    const found = await lab.results(executor, [operation]);
    expect(found.tables.map((table) => [...table])).toEqual([
      [0, 7, 7],
      [0, 0, 0],
      [0, 7, 7],
    ]);
    expect(whereResultsDiffer(found, await lab.results(twin, [operation]))).toBeNull();
  });

  test.each(Object.keys(operationCases))('%s', async (name) => {
    for (const one of sizes) await isAsTheTwinSays(name, one);
  });

  // Blocks of a product have 64 rows, 256 columns and 256 of the inner dimension; attention takes 64 queries at a time.
  const large = { ...sizes[0]!, headSize: 20, lengths: [3, 70], keyLengths: [67, 5] };
  test.each(
    Object.keys(operationCases).filter(
      (name) => /^(matmul|attention)/.test(name) && !/silu|added/.test(name),
    ),
  )('%s, of more than one block', async (name) => {
    const [rows, inner] = name.startsWith('matmul tn') ? [258, 66] : [66, 258];
    await isAsTheTwinSays(name, { ...large, rows, columns: 259, inner });
  });
});

function open(student: EngineStudent, options: Partial<WasmExecutorOptions> = {}): PlanEngine {
  return new PlanEngine(student, {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels, ...options }),
    reason: 'A test.',
  });
}

test('two steps, an evaluation and greedy answers are what the twin says, with every free slot poisoned', async () => {
  const student = tinyEngineStudent();
  const { answer } = tinyMicroBatch(student.config);
  const [twin, engine] = [createTwinEngine(student), open(student, { poison: true })];
  for (const step of [1, 2]) {
    const batches = [tinyMicroBatch(student.config, step), tinyMicroBatch(student.config, step + 5)];
    const [expected, found] = [
      await twin.step(batches, { ...tinyUpdate, step }),
      await engine.step(batches, { ...tinyUpdate, step }),
    ];
    expect(found.tokens).toBe(expected.tokens);
    expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(found.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-5);
  }
  expect((await engine.evaluate(answer)).loss).toBeCloseTo((await twin.evaluate(answer)).loss, 4);
  const options = { maxNewTokens: 5, numBeams: 1 };
  expect((await engine.generate(answer.inputs, options)).map(({ ids }) => [...ids])).toEqual(
    (await twin.generate(answer.inputs, options)).map(({ ids }) => [...ids]),
  );
  engine.dispose();
  await expect(engine.evaluate(answer)).rejects.toThrow('disposed');
});

test('a part of 16-bit floats is written in slices, read from any place, and cleared', async () => {
  const lora = { rank: 2, alpha: 4, dropout: 0, targets: ['q'], baseDtype: 'float16' as const };
  const layout = new SlabLayout(parseTiny({ vocab_size: 70_001, d_model: 16 }), new Set(), lora);
  const lengths = layout.partLengthsOf('parameters');
  const part = lengths.findIndex((length, at) => layout.isHalf('parameters', at) && length > 2 ** 20 + 10);
  expect(part).toBeGreaterThanOrEqual(0);
  const executor = new WasmExecutor(layout, { kernels });
  const values = Float32Array.from({ length: 2 ** 20 + 9 }, (_, at) => (at % 1000) / 8);
  executor.writeSlab('parameters', part, 1, values);
  const read = await executor.readSlab('parameters', part, 0, 3);
  expect([...read]).toEqual([0, 0, 0.125]);
  const end = await executor.readSlab('parameters', part, 2 ** 20 - 1, 12);
  const rounded = halvesToFloats(floatsToHalves(values));
  expect([...end]).toEqual([...rounded.subarray(2 ** 20 - 2), 0]);
});

test('a part of floats is written and read at any place, apart from its neighbours, and cleared', async () => {
  const executor = new WasmExecutor(labLayout(), { kernels });
  const [length] = labLayout().partLengthsOf('gradients') as [number];
  executor.writeSlab('gradients', 0, 2, Float32Array.of(1, 2, 3));
  executor.writeSlab('gradients', 0, length - 1, Float32Array.of(4));
  executor.writeSlab('expAvg', 0, 0, Float32Array.of(5));
  expect([...(await executor.readSlab('gradients', 0, 1, 5))]).toEqual([0, 1, 2, 3, 0]);
  executor.clearSlab('gradients');
  const cleared = await executor.readSlab('gradients', 0, 0, length);
  expect(cleared.every((value) => value === 0)).toBe(true);
  expect([...(await executor.readSlab('expAvg', 0, 0, 2))]).toEqual([5, 0]);
});

describe('memory', () => {
  function planOf(slots: readonly number[]): { plan: Plan; run: Run } {
    const lab = new OperationLab(1);
    const plan = { ...lab.plan([]), slots: slots.map((length) => ({ length, persistent: true })) };
    return { plan, run: lab.run };
  }

  test('grows to the largest plan and no further, as it was counted before', async () => {
    const executor = new WasmExecutor(labLayout(), { kernels });
    const plans = [[1], [3 * 65_536, 5], [10]].map((slots) => planOf(slots).plan);
    for (const plan of plans) await executor.prepare(plan);
    const { bytesHeld } = executor.describe();
    expect(bytesHeld).toBe(wasmModel(kernels, 1).bytesOf(labLayout(), plans));
    expect(bytesHeld).toBeGreaterThan(4 * 3 * 65_536);
    expect(bytesHeld).toBeLessThan(4 * 3 * 65_536 + 12 * pageBytes);
  });

  test('a plan that does not fit is known before, and refused in words', async () => {
    const executor = new WasmExecutor(labLayout(), { kernels, maximumBytes: 20 * pageBytes });
    const [small, large] = [planOf([1000]).plan, planOf([20 * 16_384]).plan];
    expect([executor.canHold(small), executor.canHold(large)]).toEqual([true, false]);
    await expect(executor.prepare(large)).rejects.toThrow(EngineError);
    await expect(executor.prepare(large)).rejects.toThrow('LoRA');
  });

  test('activations of more than 512 MiB are not held together', () => {
    const executor = new WasmExecutor(labLayout(), { kernels });
    const most = (512 * 2 ** 20) / 4;
    expect(executor.canHold(planOf([most]).plan)).toBe(true);
    expect(executor.canHold(planOf([most, 1]).plan)).toBe(false);
    const model = wasmModel(kernels, 2);
    expect(model.canHold(labLayout(), planOf([most]).plan)).toBe(true);
    expect(model.canHold(labLayout(), planOf([most, 1]).plan)).toBe(false);
  });

  test('more values than a table holds, and a plan that was not prepared, are mistakes', async () => {
    const executor = new WasmExecutor(labLayout(), { kernels });
    const { plan, run } = planOf([4]);
    expect(() => executor.run('pass', run)).toThrow('prepared');
    await executor.prepare({ ...plan, tablesLength: 2 });
    expect(() => executor.writeTable({ offset: 0, length: 2 }, Int32Array.of(1, 2, 3))).toThrow(RangeError);
    executor.writeTable({ offset: 1, length: 1 }, Int32Array.of(7));
    expect([...(await executor.readTable({ offset: 0, length: 2 }, 2))]).toEqual([0, 7]);
  });
});

test('what it is, and how many threads: one where none can be started', async () => {
  const student = tinyEngineStudent();
  const engine = await createWasmEngine(student, {
    threads: 1,
    startThread: () => Promise.reject(new Error('No thread is needed.')),
    reason: 'A test.',
  });
  expect(engine.describe()).toMatchObject({ engine: 'wasm', adapter: 'WebAssembly SIMD, one thread' });
  engine.dispose();
  await expect(
    createWasmEngine(student, {
      threads: 3,
      startThread: () => Promise.reject(new EngineError('A thread did not start.', 'Reload the page.')),
      reason: 'A test.',
    }),
  ).rejects.toThrow('A thread did not start.');
});
