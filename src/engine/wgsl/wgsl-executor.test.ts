/** What is submitted to a GPU, when, and in which pieces: on a device that computes nothing and forgets nothing. */
import { describe, expect, test, vi } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { floatsToHalves, halvesToFloats } from '../../student/lora/half-base.ts';
import { costOf } from '../plan/cost.ts';
import { planGeneration } from '../plan/generation.ts';
import type { Matmul, Operation } from '../plan/operations.ts';
import { noCounts, type Plan, type Run, type Tensor } from '../plan/plan.ts';
import { SlabLayout } from '../plan/slab-layout.ts';
import { operationCases } from '../plan/testing/operation-cases.ts';
import { labLayout, OperationLab } from '../plan/testing/operation-lab.ts';
import { parseTiny } from '../plan/testing/tiny-engine.ts';
import { planStep } from '../plan/training.ts';
import { dispatchesOf } from './dispatches.ts';
import { matmulVariants } from './matmul.ts';
import { runWords } from './run-block.ts';
import { assemble } from './shader.ts';
import { openFakeGpu, type FakeBuffer, type FakeDispatch } from './testing/fake-gpu.ts';
import { wgslModel } from './wgsl-bytes.ts';
import { WgslExecutor, type WgslExecutorOptions } from './wgsl-executor.ts';

const variant = matmulVariants[0]!;

async function open(options: WgslExecutorOptions = {}, layout = labLayout()) {
  const device = await openFakeGpu();
  return { ...device, executor: new WgslExecutor(layout, device.gpu, { variant, ...options }) };
}

/** A product of slots, of about `2 m³` floating-point operations. */
function productOf(lab: OperationLab, m: number): Matmul {
  const tensor = () => lab.tensor([m, m]);
  return {
    kind: 'matmul',
    form: 'nt',
    m,
    n: m,
    k: m,
    a: tensor(),
    b: tensor(),
    c: tensor(),
    scale: 1,
    accumulate: 'never',
    epilogue: { kind: 'none' },
  };
}

/** Where a word of the run's block is. */
const wordOf = ({ run }: FakeDispatch, word: number) => new DataView(run.buffer).getUint32(4 * word, true);
const positions = (dispatches: readonly FakeDispatch[]) =>
  dispatches.map((one) => wordOf(one, runWords.POSITION_WORD));

/** The sizes of the submissions that hold dispatches, in order. */
function pieces(dispatches: readonly FakeDispatch[]): number[] {
  const counts = new Map<number, number>();
  for (const { submission } of dispatches) counts.set(submission, (counts.get(submission) ?? 0) + 1);
  return [...counts.values()];
}

test('every dispatch has its own kernel, buffers, parameters and grid', async () => {
  const { executor, dispatches, gpu } = await open();
  const lab = new OperationLab(3);
  Object.assign(lab.counts, { encoderRows: 5, decoderRows: 4, generationRows: 3 });
  const ids = lab.table([1, 2, 3, 4, 5]);
  const [weight, output] = [lab.filled([7, 6]), lab.output('encoderRows', 6)];
  const operations: Operation[] = [
    { kind: 'embed', rows: 'encoderRows', ids, weight, output, dropout: null },
    productOf(lab, 8),
    { kind: 'crossEntropy', ...lossOf(lab) },
  ];
  const plan = lab.plan(operations);
  await executor.prepare(plan);
  executor.writeTable(ids, Int32Array.of(9, 8, 7));
  executor.run('pass', lab.run);
  await executor.readTable(ids, 1);
  const expected = operations
    .flatMap((one) => dispatchesOf(one, plan.capacities, { product: () => variant, sharing: 'workgroup' }))
    .map((dispatch) => {
      const { code, params, buffers, tables } = assemble(dispatch, slotOf);
      return { code, params, slots: buffers.map(({ key }) => key), tables, grid: dispatch.grid(lab.counts) };
    });
  expect(dispatches.map(({ code }) => code)).toEqual(expected.map(({ code }) => code));
  const seen = new Map<number, FakeBuffer>();
  dispatches.forEach((found, index) => {
    const { params, slots, tables, grid } = expected[index]!;
    expect([...found.params.subarray(0, params.length)]).toEqual([...params]);
    expect(found.grid).toEqual(grid);
    expect(found.buffers).toHaveLength(slots.length + (tables === null ? 0 : 1));
    slots.forEach((slot, at) => {
      const buffer = found.buffers[at]!;
      expect(seen.get(slot) ?? buffer).toBe(buffer);
      seen.set(slot, buffer);
      expect(buffer.bytes.length).toBeGreaterThanOrEqual(4 * plan.slots[slot]!.length);
    });
    if (tables !== null)
      expect([...new Int32Array(found.buffers.at(-1)!.bytes.buffer, 0, 3)]).toEqual([9, 8, 7]);
  });
  expect(new Set(seen.values()).size).toBe(plan.slots.length);
  expect(gpu.bytesHeld).toBe(executor.describe().bytesHeld);
});

function slotOf({ place }: Tensor): number {
  return place.kind === 'slot' ? place.slot : NaN;
}

function lossOf(lab: OperationLab) {
  return {
    rows: 'decoderRows',
    logits: lab.rows('decoderRows', 6),
    labels: lab.table([0, 1, 2, 3]),
    rowWeights: null,
    losses: lab.tensor([6]),
    results: lab.tensor([8]),
    accumulate: 'never',
    gradient: false,
  } as const;
}

describe('runs', () => {
  async function prepared(options: WgslExecutorOptions = {}, sizes: readonly number[] = [4], times = 1) {
    const opened = await open(options);
    const lab = new OperationLab(1);
    const operations = sizes.map((m) => productOf(lab, m));
    const plan = lab.plan(Array.from({ length: times }, () => operations).flat());
    await opened.executor.prepare(plan);
    const run = (position: number): Run => ({ ...lab.run, position });
    return { ...opened, lab, plan, operations, run };
  }

  test('are gathered, each with its own numbers, and submitted before anything is read', async () => {
    const { executor, dispatches, run, operations } = await prepared();
    for (const position of [7, 8, 9]) executor.run('pass', run(position));
    expect(dispatches).toHaveLength(0);
    await executor.readTensor(operations[0]!.c, 1);
    expect(positions(dispatches)).toEqual([7, 8, 9]);
    expect(pieces(dispatches)).toEqual([3]);
  });

  test('come before what is written or cleared after them', async () => {
    const { executor, dispatches, run, operations } = await prepared();
    executor.run('pass', run(1));
    executor.writeTensor(operations[0]!.a, Float64Array.of(2));
    expect(dispatches).toHaveLength(1);
    executor.run('pass', run(2));
    executor.clearSlab('gradients');
    expect(dispatches).toHaveLength(2);
  });

  test('are submitted once there are 64 of them', async () => {
    const { executor, dispatches, run } = await prepared();
    for (let position = 0; position < 64; position += 1) executor.run('pass', run(position));
    expect(dispatches).toHaveLength(0);
    executor.run('pass', run(64));
    expect(positions(dispatches)).toEqual(Array.from({ length: 64 }, (_, at) => at));
  });

  test('are cut into pieces of 200 million floating-point operations at first', async () => {
    // 8.2e7 each: two to a piece.
    const { executor, dispatches, run, operations } = await prepared({}, [345], 5);
    expect(costOf(operations[0]!, noCounts).flops).toBeCloseTo(8.2e7, -6);
    executor.run('pass', run(1));
    executor.run('pass', run(2));
    await executor.readTensor(operations[0]!.c, 1);
    expect(positions(dispatches)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    expect(pieces(dispatches)).toEqual([2, 2, 2, 2, 2]);
  });

  test('of one dispatch that is more than a piece have it alone, and nothing empty', async () => {
    const { executor, dispatches, run, operations, submissions } = await prepared({}, [600, 4]);
    const before = submissions();
    executor.run('pass', run(1));
    await executor.readTensor(operations[0]!.c, 1);
    expect(pieces(dispatches)).toEqual([1, 1]);
    // Two pieces, and the copy of what was read.
    expect(submissions() - before).toBe(3);
  });

  test('leave out what has no workgroup', async () => {
    const { executor, dispatches, lab } = await prepared();
    const one = { ...productOf(lab, 4), m: 'decoderRows' as const };
    const plan = lab.plan([one, productOf(lab, 4)]);
    await executor.prepare(plan);
    executor.run('pass', lab.run);
    await executor.readTensor(one.c, 1);
    expect(dispatches).toHaveLength(1);
    executor.run('pass', { ...lab.run, counts: { ...noCounts, decoderRows: 1 } });
    await executor.readTensor(one.c, 1);
    expect(dispatches).toHaveLength(3);
  });

  test('find NaN in every slot that should not matter, where that is asked for', async () => {
    const { executor, operations, lab } = await prepared({ poison: true });
    const { slots, ...rest } = lab.plan(operations);
    const plan = { ...rest, slots: slots.map((slot, at) => ({ ...slot, persistent: at === 1 })) };
    await executor.prepare(plan);
    for (const { a, b } of operations)
      for (const tensor of [a, b]) executor.writeTensor(tensor, Float64Array.of(1, 2));
    executor.run('pass', lab.run);
    const [{ a, b }] = operations as [Matmul];
    expect([...(await executor.readTensor(a, 2))]).toEqual([NaN, NaN]);
    expect([...(await executor.readTensor(b, 2))]).toEqual([1, 2]);
  });

  test('are encoded once more to be timed, and never submitted for it', async () => {
    const { executor, dispatches, run, operations, submissions } = await prepared({ timesEncoding: true });
    executor.run('pass', run(1));
    await executor.readTensor(operations[0]!.c, 1);
    const before = submissions();
    const elapsedMs = executor.timeEncoding();
    expect(elapsedMs).toBeGreaterThan(0);
    expect(elapsedMs).toBeLessThan(1000);
    expect(submissions()).toBe(before);
    expect(dispatches).toHaveLength(1);
  });
});

describe('what is held', () => {
  test('tensors and tables are written and read at their places, 16-bit floats too', async () => {
    const { executor } = await open();
    const lab = new OperationLab(1);
    const whole = lab.tensor([8]);
    const half = lab.halve(lab.tensor([9]));
    await executor.prepare({ ...lab.plan([]), tablesLength: 6 });
    executor.writeTensor({ ...whole, offset: 3 }, Float64Array.of(1.5, -2));
    expect([...(await executor.readTensor(whole, 6))]).toEqual([0, 0, 0, 1.5, -2, 0]);
    expect([...(await executor.readTensor({ ...whole, offset: 4 }, 1))]).toEqual([-2]);
    executor.writeTensor({ ...half, offset: 2 }, Float64Array.of(1, 0.1, 3));
    const tenth = halvesToFloats(floatsToHalves(Float32Array.of(0.1)))[0];
    expect([...(await executor.readTensor(half, 5))]).toEqual([0, 0, 1, tenth, 3]);
    expect([...(await executor.readTensor({ ...half, offset: 3 }, 2))]).toEqual([tenth, 3]);
    executor.writeTable({ offset: 2, length: 3 }, Int32Array.of(4, 5));
    expect([...(await executor.readTable({ offset: 1, length: 4 }, 4))]).toEqual([0, 4, 5, 0]);
    executor.writeTable({ offset: 2, length: 0 }, new Int32Array());
    expect(() => executor.writeTable({ offset: 2, length: 1 }, Int32Array.of(1, 2))).toThrow(RangeError);
    expect(await executor.readTable({ offset: 1, length: 4 }, 0)).toHaveLength(0);
  });

  test('reads of up to 4 KiB share a buffer, longer ones leave none', async () => {
    const { executor, gpu } = await open();
    const lab = new OperationLab(1);
    const tensor = lab.tensor([2000]);
    await executor.prepare(lab.plan([]));
    const held = gpu.bytesHeld;
    await executor.readTensor(tensor, 1024);
    expect(gpu.bytesHeld).toBe(held + 4096);
    await executor.readTensor(tensor, 3);
    expect(gpu.bytesHeld).toBe(held + 4096);
    await executor.readTensor(tensor, 1025);
    expect(gpu.bytesHeld).toBe(held + 4096);
    await Promise.all([executor.readTensor(tensor, 3), executor.readTensor(tensor, 4)]);
    expect(gpu.bytesHeld).toBe(held + 2 * 4096);
  });

  test.each(['float32', 'float16'] as const)('slabs of %s pass in slices of 16 MiB', async (baseDtype) => {
    const lora = { rank: 2, alpha: 4, dropout: 0, targets: ['q'], baseDtype };
    const layout = new SlabLayout(parseTiny({ vocab_size: 140_001, d_model: 32 }), new Set(), lora);
    const { executor } = await open({}, layout);
    const lengths = layout.partLengthsOf('parameters');
    const part = lengths.findIndex((length) => length > 2 ** 22 + 12);
    expect(layout.isHalf('parameters', part)).toBe(baseDtype === 'float16');
    const values = new Float32Array(2 ** 22 + 6);
    for (let at = 0; at < values.length; at += 1) values[at] = at % 1024;
    executor.writeSlab('parameters', part, 2, values);
    const found = await executor.readSlab('parameters', part, 0, values.length + 4);
    expect(found).toHaveLength(values.length + 4);
    expect([...found.subarray(0, 5)]).toEqual([0, 0, 0, 1, 2]);
    expect([...found.subarray(-5)]).toEqual([3, 4, 5, 0, 0]);
    expect(found.every((value, at) => at < 2 || value === (values[at - 2] ?? 0))).toBe(true);
    expect([...(await executor.readSlab('parameters', part, 2 ** 22 + 1, 3))]).toEqual([1023, 0, 1]);
    executor.clearSlab('parameters');
    expect([...(await executor.readSlab('parameters', part, 5, 2))]).toEqual([0, 0]);
  });

  test('of what is trained is set aside, put back, and freed; where there is no room nothing is held', async () => {
    const layout = new SlabLayout(parseTiny(), new Set(['shared.weight']));
    const { executor, gpu } = await open({}, layout);
    const held = gpu.bytesHeld;
    const lengths = layout.partLengthsOf('parameters');
    expect(layout.trainedParts).toBeLessThan(lengths.length);
    const read = () => Promise.all(lengths.map((_, part) => executor.readSlab('parameters', part, 4, 2)));
    const write = (value: number) =>
      lengths.forEach((_, part) => executor.writeSlab('parameters', part, 4, Float32Array.of(value, value)));
    write(3);
    const putBack = await executor.setAside();
    const trainedBytes = layout.partBytesOf('gradients').reduce((sum, bytes) => sum + bytes, 0);
    expect(gpu.bytesHeld - held).toBe(trainedBytes);
    write(5);
    await putBack!();
    expect(gpu.bytesHeld).toBe(held);
    const found = await read();
    expect(found.map(([value]) => value)).toEqual(
      lengths.map((_, part) => (part < layout.trainedParts ? 3 : 5)),
    );

    await executor.setAside();
    executor.dispose();
    expect(gpu.bytesHeld).toBe(0);

    const full = await openFakeGpu({ memoryBytes: held + trainedBytes - 4 });
    const other = new WgslExecutor(layout, full.gpu, { variant });
    expect(await other.setAside()).toBeNull();
    expect(full.gpu.bytesHeld).toBe(held);
  });

  test('is what was counted before', async () => {
    const layout = labLayout();
    const { executor, gpu } = await open({}, layout);
    const bucket = {
      encoderRows: 64,
      decoderRows: 32,
      sequences: 4,
      maxEncoderLength: 32,
      maxDecoderLength: 16,
      generationRows: 0,
    };
    const plans = [
      planStep(layout, bucket, true),
      planGeneration(layout, { ...bucket, generationRows: 4 }, true),
      planStep(layout, { ...bucket, encoderRows: 128 }, true),
    ];
    for (const plan of plans) {
      await executor.prepare(plan);
      const { results, logits } = plan.host;
      if (results !== null) await executor.readTensor(results, 8);
      if (logits !== null) await executor.readTensor(logits, 8);
    }
    const counted = wgslModel().bytesOf(layout, plans);
    // Each buffer is made a little longer, to whole 16 bytes.
    expect(gpu.bytesHeld).toBeGreaterThanOrEqual(counted);
    expect(gpu.bytesHeld).toBeLessThan(counted + 16 * 200);
    // Plans take turns in the same slots: the second and third need little more.
    const alone = plans.reduce((sum, plan) => sum + wgslModel().bytesOf(layout, [plan]), 0);
    expect(counted).toBeLessThan(alone - 2 * layout.bytesOfAll);
  });
});

test('what a plan took is given back with it, and all with the executor', async () => {
  const { executor, gpu, buffers, isDestroyed } = await open();
  const held = gpu.bytesHeld;
  const [lab, other] = [new OperationLab(1), new OperationLab(2)];
  const plan = lab.plan([productOf(lab, 8)]);
  const large = other.plan([productOf(other, 16)]);
  await executor.prepare(plan);
  const withOne = gpu.bytesHeld;
  await executor.prepare(large);
  executor.release(large);
  expect(gpu.bytesHeld).toBe(withOne);
  expect(() => executor.run('pass', lab.run)).toThrow('prepared');
  await executor.prepare(plan);
  executor.run('pass', lab.run);
  executor.release(plan);
  expect(gpu.bytesHeld).toBe(held);
  executor.release(plan);
  executor.dispose();
  executor.dispose();
  expect(gpu.bytesHeld).toBe(0);
  expect(buffers.every((buffer) => buffer.isDestroyed)).toBe(true);
  expect(isDestroyed()).toBe(true);
  await expect(executor.prepare(plan)).rejects.toThrow('disposed');
});

test('a GPU that is kept for the next executor stays open, with its pipelines', async () => {
  const { executor, gpu, isDestroyed } = await open({ keepsGpu: true });
  const told: [number, number][] = [];
  const lab = new OperationLab(1);
  const plan = lab.plan([productOf(lab, 4), { ...productOf(lab, 4), form: 'nn' }, productOf(lab, 4)]);
  await executor.prepare(plan);
  expect(executor.pipelineCount).toBe(2);
  executor.dispose();
  expect([gpu.bytesHeld, isDestroyed()]).toEqual([0, false]);
  const next = new WgslExecutor(labLayout(), gpu, { variant, onCompile: (...done) => told.push(done) });
  await next.prepare(plan);
  expect(told).toEqual([]);
  await next.prepare(
    lab.plan([
      { ...productOf(lab, 4), form: 'tn' },
      { ...productOf(lab, 4), form: 'tn' },
    ]),
  );
  expect(told).toEqual([[1, 1]]);
  expect(next.pipelineCount).toBe(3);
  expect(next.describe()).toMatchObject({ engine: 'wgsl', backend: 'webgpu', adapter: 'a GPU' });
});

test('a kernel that the driver refuses is named, with what it says', async () => {
  const { gpu } = await openFakeGpu({
    refuses: (code) => (code.includes('fn main') ? 'no such type.' : null),
  });
  const executor = new WgslExecutor(labLayout(), gpu, { variant });
  const { lab, operations } = operationCases['zero']!({
    seed: 1,
    rows: 2,
    columns: 2,
    inner: 2,
    heads: 1,
    headSize: 2,
    lengths: [2],
    keyLengths: [2],
    dropout: false,
    accumulate: false,
  });
  // Word of a loss is waited for before a refusal is believed.
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    const refused = expect(executor.prepare(lab.plan(operations))).rejects.toThrow(
      /refused the kernel zero \(no such type\)\./,
    );
    await vi.advanceTimersByTimeAsync(1000);
    await refused;
  } finally {
    vi.useRealTimers();
  }
});

test('a buffer that is too large is refused in words, and a plan that needs one is known before', async () => {
  const { gpu } = await openFakeGpu({ maxBufferSize: 2 ** 20 });
  const executor = new WgslExecutor(labLayout(), gpu, { variant });
  const holds = (plan: Partial<Plan>) => executor.canHold({ ...new OperationLab(1).plan([]), ...plan });
  const slots = (...lengths: number[]) => lengths.map((length) => ({ length, persistent: false }));
  expect(holds({ slots: slots(2 ** 18) })).toBe(true);
  expect(holds({ slots: slots(2 ** 18 + 1) })).toBe(false);
  expect(holds({ tablesLength: 2 ** 18 })).toBe(true);
  expect(holds({ tablesLength: 2 ** 18 + 1 })).toBe(false);
  expect(() => gpu.createBuffer('one', 2 ** 20 + 1, 0x80)).toThrow(EngineError);
  expect(() => gpu.createBuffer('one', 2 ** 20 + 1, 0x08)).toThrow(EngineError);
  const many = { slots: slots(...new Array<number>(512).fill(2 ** 18)) };
  expect(holds(many)).toBe(true);
  expect(holds({ slots: [...many.slots, ...slots(1)] })).toBe(false);
});
