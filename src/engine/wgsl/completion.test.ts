import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gpu } from './gpu.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Traits {
  /** How often the browser looks for finished work by itself; 0 where it is told. */
  looksEveryMs: number;
  /** A submission makes it look. */
  looksWhenSubmitted: boolean;
  /** The device gives its default limits only. */
  givesLess?: boolean;
}

/** A browser's GPU that has nothing to do. */
function adapterOf({ looksEveryMs, looksWhenSubmitted, givesLess = false }: Traits): GPUAdapter {
  let waiting: (() => void)[] = [];
  const look = () => {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell();
  };
  if (looksEveryMs > 0) setInterval(look, looksEveryMs);
  const queue = {
    // What is submitted before a wait is done at the next look; a later submission makes one.
    submit: () => {
      if (looksWhenSubmitted) look();
    },
    onSubmittedWorkDone: () =>
      looksEveryMs === 0 ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve)),
  };
  const device = { queue, lost: new Promise(() => undefined), addEventListener: () => undefined, limits: {} };
  const requestDevice = ({ requiredLimits }: GPUDeviceDescriptor) =>
    givesLess && Object.keys(requiredLimits ?? {}).length > 0
      ? Promise.reject(new Error('Invalid limit.'))
      : Promise.resolve(device);
  const limits = { maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 31 };
  return { features: new Set(), info: {}, limits, requestDevice } as unknown as GPUAdapter;
}

async function open(traits: Traits): Promise<Gpu> {
  const opening = Gpu.open(adapterOf(traits), { name: 'a GPU' });
  await vi.advanceTimersByTimeAsync(2000);
  return opening;
}

/** Milliseconds until the end of work is told. */
async function waitOn(gpu: Gpu): Promise<number> {
  const startedAt = performance.now();
  const done = gpu.settle(gpu.device.queue.onSubmittedWorkDone()).then(() => performance.now() - startedAt);
  await vi.advanceTimersByTimeAsync(300);
  return done;
}

test('where the end of work is told at once, nothing is late', async () => {
  const gpu = await open({ looksEveryMs: 0, looksWhenSubmitted: false });
  expect(gpu.lateMs).toBeLessThan(1);
  expect(gpu.caveat).toBeNull();
});

test('where it is looked for from time to time, an empty submission brings word', async () => {
  const gpu = await open({ looksEveryMs: 100, looksWhenSubmitted: true });
  expect(gpu.lateMs).toBeLessThan(5);
  expect(await waitOn(gpu)).toBeLessThan(5);
});

test('where nothing helps, it is known how late word comes', async () => {
  const gpu = await open({ looksEveryMs: 100, looksWhenSubmitted: false });
  expect(gpu.lateMs).toBeGreaterThan(90);
  expect(gpu.lateMs).toBeLessThanOrEqual(100);
});

test('a device that gives less than it offers is used within the default limits, and says so', async () => {
  const gpu = await open({ looksEveryMs: 0, looksWhenSubmitted: false, givesLess: true });
  expect(gpu.caveat).toBe(
    'It did not give what it offers (Invalid limit), so it is used within WebGPU’s default limits.',
  );
});
