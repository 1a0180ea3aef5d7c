import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HungStepError } from '../base/errors.ts';
import { Watchdog } from './watchdog.ts';

const settings = { firstMs: 10_000, factor: 5, leastMs: 2000, tickMs: 100 };
const lasting = (ms: number) => new Promise<string>((resolve) => setTimeout(() => resolve('done'), ms));
const never = new Promise<never>(() => undefined);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a step passes as it is, and its failure too', async () => {
  const watchdog = new Watchdog(settings);
  const step = watchdog.guard(1, lasting(9000));
  await vi.advanceTimersByTimeAsync(9000);
  await expect(step).resolves.toBe('done');
  await expect(watchdog.guard(2, Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  expect(vi.getTimerCount()).toBe(0);
});

test('after the first, a step may last so many times the longest before it, and no longer', async () => {
  const watchdog = new Watchdog(settings);
  const first = watchdog.guard(1, lasting(1000));
  await vi.advanceTimersByTimeAsync(1000);
  await first;
  const hung = watchdog.guard(2, never).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(4800);
  await expect(Promise.race([hung, Promise.resolve('waiting')])).resolves.toBe('waiting');
  await vi.advanceTimersByTimeAsync(400);
  const error = await hung;
  expect(error).toBeInstanceOf(HungStepError);
  expect(String(error)).toContain('Step 2 did not end within 5 seconds');
});

test('hours in which nothing ticked, as in a sleep, are not waited', async () => {
  const watchdog = new Watchdog(settings);
  const step = watchdog.guard(1, lasting(20_000));
  await vi.advanceTimersByTimeAsync(500);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 8 * 3_600_000);
  await vi.advanceTimersByTimeAsync(100);
  await expect(Promise.race([step, Promise.resolve('waiting')])).resolves.toBe('waiting');
  vi.restoreAllMocks();
  step.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(30_000);
});
