import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Gpu } from './gpu.ts';
import { Pacer } from './pacer.ts';

/** What a desktop bears before it stutters. */
const mostMs = 150;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A GPU that computes so many operations in a millisecond, one submission after the other. */
class SlowGpu {
  flopsPerMs: number;
  /** The end of work is told at whole multiples of this. */
  readonly lateMs: number;
  readonly lasted: number[] = [];
  #freeAt = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(flopsPerMs: number, lateMs = 0) {
    this.flopsPerMs = flopsPerMs;
    this.lateMs = lateMs;
  }

  submit(flops: number): void {
    const elapsedMs = flops / this.flopsPerMs;
    this.lasted.push(elapsedMs);
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + elapsedMs;
    const toldAt = this.lateMs > 0 ? Math.ceil(this.#freeAt / this.lateMs) * this.lateMs : this.#freeAt;
    const waitMs = toldAt - performance.now();
    this.#last = new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  asGpu(): Gpu {
    const { lateMs } = this;
    return { lateMs, device: { queue: { onSubmittedWorkDone: () => this.#last } } } as unknown as Gpu;
  }
}

/** Steps (of 20 GFLOP) in dispatches of 50 MFLOP, cut as the pacer says, each waited for. */
async function train(gpu: SlowGpu, pacer: Pacer, steps: number, stepFlops = 2e10): Promise<void> {
  const dispatchFlops = 5e7;
  for (let step = 0; step < steps; step += 1) {
    let flops = 0;
    const submit = () => {
      gpu.submit(flops);
      pacer.submitted(flops);
      flops = 0;
    };
    for (let left = stepFlops; left > 0; left -= dispatchFlops) {
      if (flops > 0 && flops + dispatchFlops > pacer.flopsPerSubmit) {
        submit();
        // Encoding takes a little; results arrive meanwhile.
        await vi.advanceTimersByTimeAsync(1);
      }
      flops += dispatchFlops;
    }
    submit();
    await vi.runAllTimersAsync();
  }
}

test.each([
  ['a software adapter', 2.5e6],
  ['an integrated GPU', 3e8],
  ['a card', 1e10],
])('no submission lasts longer than a desktop bears, on %s', async (_, flopsPerMs) => {
  const gpu = new SlowGpu(flopsPerMs);
  const pacer = new Pacer(gpu.asGpu());
  await train(gpu, pacer, 4);
  expect(Math.max(...gpu.lasted)).toBeLessThanOrEqual(mostMs);
});

test('a GPU that becomes half as fast is given half as much before anything lasts too long', async () => {
  const gpu = new SlowGpu(3e8);
  const pacer = new Pacer(gpu.asGpu());
  await train(gpu, pacer, 4);
  const before = pacer.flopsPerSubmit;
  gpu.flopsPerMs /= 2;
  await train(gpu, pacer, 6);
  expect(Math.max(...gpu.lasted)).toBeLessThanOrEqual(mostMs);
  expect(pacer.flopsPerSubmit).toBeLessThan(0.7 * before);
});

describe('where the end of work is looked for every 100 ms only', () => {
  /** What the page promises there. */
  const mostMsThere = 200;

  test.each([
    ['a software adapter', 2.5e6, 2e10],
    ['an integrated GPU', 3e8, 2e10],
    ['a card', 1e10, 2e10],
    ['a card and a small student', 1e10, 1e9],
  ])('no submission lasts long, and none is tiny, on %s', async (_, flopsPerMs, stepFlops) => {
    const gpu = new SlowGpu(flopsPerMs, 100);
    const pacer = new Pacer(gpu.asGpu());
    await train(gpu, pacer, 12, stepFlops);
    expect(Math.max(...gpu.lasted)).toBeLessThanOrEqual(mostMsThere);
    // Nor does the estimate shrink from one late word to the next.
    expect(pacer.flopsPerSubmit).toBeGreaterThanOrEqual(Math.min(1e8, 40 * flopsPerMs));
  });

  test('a GPU that becomes half as fast is noticed', async () => {
    const gpu = new SlowGpu(3e7, 100);
    const pacer = new Pacer(gpu.asGpu());
    await train(gpu, pacer, 6);
    const before = pacer.flopsPerSubmit;
    gpu.flopsPerMs /= 2;
    await train(gpu, pacer, 6);
    expect(Math.max(...gpu.lasted)).toBeLessThanOrEqual(mostMsThere);
    expect(pacer.flopsPerSubmit).toBeLessThan(0.8 * before);
  });
});

describe('the estimate', () => {
  /** Submits so much, which lasts so long, and waits for it. */
  async function lasts(pacer: Pacer, gpu: SlowGpu, flops: number, elapsedMs: number): Promise<number> {
    gpu.flopsPerMs = flops / elapsedMs;
    gpu.submit(flops);
    pacer.submitted(flops);
    await vi.runAllTimersAsync();
    return pacer.flopsPerSubmit;
  }

  test('is what the first time says, and follows later ones sooner down than up', async () => {
    const gpu = new SlowGpu(1);
    const pacer = new Pacer(gpu.asGpu());
    expect(pacer.flopsPerSubmit).toBeCloseTo(2e8);
    expect(await lasts(pacer, gpu, 2e8, 100)).toBeCloseTo(70 * 2e6);
    // A fifth of the way from 2e6 to 7e6 in a millisecond, then half of the way from 3e6 to 1e6.
    expect(await lasts(pacer, gpu, 1.4e8, 20)).toBeCloseTo(70 * 3e6);
    expect(await lasts(pacer, gpu, 1e8, 100)).toBeCloseTo(70 * 2e6);
  });

  test('is not moved by what is too small to tell', async () => {
    const gpu = new SlowGpu(1);
    const pacer = new Pacer(gpu.asGpu());
    expect(await lasts(pacer, gpu, 1e7 - 1, 100)).toBeCloseTo(2e8);
    expect(await lasts(pacer, gpu, 1e7, 100)).toBeCloseTo(70 * 1e5);
  });

  test('is only bounded by a time that may be late', async () => {
    const gpu = new SlowGpu(1, 100);
    const pacer = new Pacer(gpu.asGpu());
    // Told at 200 ms: it took between 100 and 200, so that the GPU does 2e6 to 4e6 in one, as was guessed.
    await vi.advanceTimersByTimeAsync(100 - (performance.now() % 100));
    gpu.flopsPerMs = 4e8 / 150;
    gpu.submit(4e8);
    pacer.submitted(4e8);
    await vi.runAllTimersAsync();
    expect(pacer.flopsPerSubmit).toBeCloseTo(2e8);
  });
});
