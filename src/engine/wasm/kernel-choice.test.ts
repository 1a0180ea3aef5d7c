import { expect, test, vi } from 'vitest';
import type { AdapterMemory } from '../gpu/adapter-notes.ts';
import { chooseKernels, type KernelPorts } from './kernel-choice.ts';
import { adapterName, kernelVariants, variantOf, type KernelVariant } from './kernel-variant.ts';
import { loadKernels } from './kernels.ts';

/** A machine that has relaxed SIMD, so many times as fast. */
function machine(gain: number | null, changes: Partial<KernelPorts> = {}) {
  const measure = vi.fn(() => Promise.resolve(gain));
  const load = vi.fn(async () => ({ ...(await loadKernels()), variant: 'relaxed' as const }));
  return { has: () => true, load, measure, ...changes };
}

function memoryOf(browser: string, kept = new Map<string, unknown>()): AdapterMemory {
  return {
    browser,
    read: (name) => Promise.resolve(kept.get(name)),
    write: (name, record) => {
      kept.set(name, record);
      return Promise.resolve();
    },
  };
}

async function choice(
  ports: KernelPorts,
  {
    memory = memoryOf('a browser'),
    begunWith = null,
    processor = null,
  }: { memory?: AdapterMemory; begunWith?: KernelVariant | null; processor?: string | null } = {},
) {
  const { kernels, reason } = await chooseKernels({ memory, processor, begunWith }, ports);
  return { variant: kernels.variant, reason };
}

test('relaxed kernels are taken where they were measured as faster by 5 %, and the engine says so', async () => {
  expect(await choice(machine(1.3))).toEqual({
    variant: 'relaxed',
    reason: 'Its kernels use relaxed SIMD, which was measured as 1.30 times as fast as plain SIMD here.',
  });
  expect((await choice(machine(1.05))).variant).toBe('relaxed');
  expect(await choice(machine(1.049))).toEqual({
    variant: 'plain',
    reason: 'Relaxed SIMD is not used: it was measured as 1.05 times as fast as plain SIMD here.',
  });
});

test('where they give other numbers or do not fuse, they are never taken', async () => {
  const { variant, reason } = await choice(machine(0));
  expect(variant).toBe('plain');
  expect(reason).toMatch(/differs from plain SIMD/);
});

test('a runtime without them is asked nothing more', async () => {
  const ports = machine(2, { has: () => false });
  expect(await choice(ports)).toEqual({ variant: 'plain', reason: null });
  expect(ports.load).not.toHaveBeenCalled();
});

test('what was measured is remembered for a browser, a processor and these kernels', async () => {
  const kept = new Map<string, unknown>();
  for (const gain of [1.2, 0.99]) {
    kept.clear();
    const ports = machine(gain);
    const first = await choice(ports, { memory: memoryOf('one', kept), processor: 'A' });
    expect(await choice(ports, { memory: memoryOf('one', kept), processor: 'A' })).toEqual(first);
    expect(ports.measure).toHaveBeenCalledTimes(1);
    // Plain ones are taken without fetching the others.
    expect(ports.load).toHaveBeenCalledTimes(gain > 1 ? 2 : 1);
    await choice(ports, { memory: memoryOf('one', kept), processor: 'B' });
    await choice(ports, { memory: memoryOf('another', kept), processor: 'A' });
    expect(ports.measure).toHaveBeenCalledTimes(3);
  }
  const stale = kept.get('WebAssembly on A') as { stamp: string };
  kept.set('WebAssembly on A', { ...stale, stamp: stale.stamp.replace(/kernels .*/, 'kernels others') });
  const ports = machine(1.2);
  await choice(ports, { memory: memoryOf('another', kept), processor: 'A' });
  expect(ports.measure).toHaveBeenCalledTimes(1);
});

test('a machine that was too busy to tell takes plain ones, until the program is started again', async () => {
  const kept = new Map<string, unknown>();
  const memory = memoryOf('a browser', kept);
  const ports = machine(null);
  expect(await choice(ports, { memory })).toEqual({
    variant: 'plain',
    reason: expect.stringContaining('too busy') as string,
  });
  expect((await choice(machine(1.2), { memory })).variant).toBe('plain');
  const started = memoryOf('a browser', kept);
  expect((await choice(machine(1.2), { memory: started })).variant).toBe('relaxed');
});

test('kernels that cannot be fetched are not missed', async () => {
  const ports = machine(1.5, { load: () => Promise.reject(new TypeError('Failed to fetch')) });
  expect(await choice(ports)).toEqual({ variant: 'plain', reason: null });
});

test('a resumed run takes what it began with, faster or not', async () => {
  const fast = machine(1.5);
  expect(await choice(fast, { begunWith: 'plain' })).toEqual({ variant: 'plain', reason: null });
  expect(fast.measure).not.toHaveBeenCalled();
  for (const gain of [0.9, 1.5, null]) {
    const memory = memoryOf('a browser');
    const ports = machine(gain);
    for (let time = 0; time < 2; time += 1) {
      expect((await choice(ports, { memory, begunWith: 'relaxed' })).variant).toBe('relaxed');
    }
  }
});

test('a resumed run is told where its kernels cannot be had', async () => {
  const memory = memoryOf('a browser');
  const lacking = [
    machine(1.5, { has: () => false }),
    machine(1.5, { load: () => Promise.reject(new TypeError('Failed to fetch')) }),
    machine(0),
  ];
  for (const ports of lacking) {
    const { variant, reason } = await choice(ports, { memory, begunWith: 'relaxed' });
    expect(variant).toBe('plain');
    expect(reason).toMatch(/^The run began with relaxed SIMD, which .* with other last digits\.$/);
  }
  // Wrong ones were remembered as such.
  expect((await choice(machine(1.5), { memory, begunWith: 'relaxed' })).variant).toBe('plain');
});

test('the name of an adapter says which kernels it has', () => {
  for (const variant of kernelVariants) {
    for (const threads of [1, 4]) {
      expect(variantOf({ engine: 'wasm', adapter: adapterName(variant, threads) })).toBe(variant);
    }
  }
  expect(adapterName('plain', 1)).toBe('WebAssembly SIMD, one thread');
  expect(variantOf({ engine: 'tfjs', adapter: 'WebAssembly SIMD, 4 threads' })).toBeNull();
  expect(variantOf({ engine: 'wgsl', adapter: 'a GPU' })).toBeNull();
});
