import { expect, test } from 'vitest';
import { labLayout, OperationLab } from '../plan/testing/operation-lab.ts';
import { bufferUsage, Gpu } from './gpu.ts';
import { openFakeGpu } from './testing/fake-gpu.ts';
import { wgslModel } from './wgsl-bytes.ts';

/** An adapter that says so of itself, and what was asked of it. */
function adapterOf(
  info: Partial<{ subgroupMinSize: number; isFallbackAdapter: boolean }>,
  features: readonly string[] = ['subgroups'],
) {
  const asked: GPUDeviceDescriptor[] = [];
  const queue = { submit: () => undefined, onSubmittedWorkDone: () => Promise.resolve() };
  const device = { queue, lost: new Promise(() => undefined), addEventListener: () => undefined };
  const adapter = {
    features: new Set(features),
    info,
    limits: { maxStorageBufferBindingSize: 7, maxBufferSize: 9, maxBindGroups: 4 },
    requestDevice: (descriptor: GPUDeviceDescriptor) => {
      asked.push(descriptor);
      return Promise.resolve(device);
    },
  } as unknown as GPUAdapter;
  return { adapter, asked };
}

test('quads are used where subgroups have four lanes at least', async () => {
  for (const [subgroupMinSize, features, has] of [
    [4, ['subgroups'], true],
    [3, ['subgroups'], false],
    [32, [], false],
  ] as const) {
    const { adapter, asked } = adapterOf({ subgroupMinSize }, features);
    const gpu = await Gpu.open(adapter, { name: 'a GPU' });
    expect(gpu.hasSubgroups).toBe(has);
    expect(asked).toEqual([
      {
        requiredFeatures: has ? ['subgroups'] : [],
        requiredLimits: { maxStorageBufferBindingSize: 7, maxBufferSize: 9 },
      },
    ]);
  }
});

test('at the default limits nothing more is asked for', async () => {
  const { adapter, asked } = adapterOf({ subgroupMinSize: 32 });
  const gpu = await Gpu.open(adapter, { name: 'a GPU', defaultsOnly: true });
  expect([gpu.hasSubgroups, gpu.caveat]).toEqual([false, null]);
  expect(asked).toEqual([{ requiredFeatures: [], requiredLimits: {} }]);
});

test('a GPU in software is known by its adapter or by its name', async () => {
  const isSoftware = async (isFallbackAdapter: boolean, name: string): Promise<boolean> =>
    (await Gpu.open(adapterOf({ isFallbackAdapter }).adapter, { name })).isSoftware;
  expect(await isSoftware(true, 'a GPU')).toBe(true);
  expect(await isSoftware(false, 'SwiftShader Device')).toBe(true);
  expect(await isSoftware(false, 'a GPU')).toBe(false);
});

test('buffers are whole sixteens of bytes, and are counted until they are destroyed', async () => {
  const { gpu, isDestroyed } = await openFakeGpu();
  for (const bytes of [1, 16, 17]) gpu.createBuffer('one', bytes, bufferUsage.storage);
  expect(gpu.bytesHeld).toBe(16 + 16 + 32);
  const last = gpu.createBuffer('two', 100, bufferUsage.uniform);
  expect(gpu.bytesHeld).toBe(64 + 112);
  gpu.destroyBuffer(last);
  gpu.destroyBuffer(last);
  expect(gpu.bytesHeld).toBe(64);
  gpu.check();
  gpu.close();
  expect([gpu.bytesHeld, isDestroyed()]).toEqual([0, true]);
  expect(() => gpu.check()).toThrow('disposed');
});

test('what is counted of plans is shared slots, tables, words of dispatches and what any executor has', () => {
  const layout = labLayout();
  const plan = (lengths: readonly number[], tablesLength = 0) => ({
    ...new OperationLab(1).plan([]),
    slots: lengths.map((length) => ({ length, persistent: false })),
    tablesLength,
  });
  const empty = layout.bytesOfAll + 64 * 256 + 4096;
  const bytesOf = (...plans: ReturnType<typeof plan>[]) => wgslModel().bytesOf(layout, plans) - empty;
  expect(bytesOf()).toBe(0);
  expect(bytesOf(plan([10, 30], 7))).toBe(4 * 47);
  // The second takes both buffers, and needs a third.
  expect(bytesOf(plan([10, 30]), plan([8, 20, 3]))).toBe(4 * 43);
  // A buffer that is a little too small is none.
  expect(bytesOf(plan([10]), plan([11]))).toBe(4 * 21);
  expect(bytesOf(plan([10, 10]), plan([10]))).toBe(4 * 20);
});

test('what buffers are for has WebGPU’s own numbers', () => {
  const [MAP_READ, COPY_SRC, COPY_DST, UNIFORM, STORAGE] = [1, 4, 8, 64, 128] as const;
  expect(bufferUsage).toEqual({
    storage: STORAGE + COPY_SRC + COPY_DST,
    copy: COPY_SRC + COPY_DST,
    uniform: UNIFORM + COPY_DST,
    read: MAP_READ + COPY_DST,
  });
});
