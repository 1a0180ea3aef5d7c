import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeviceLostError, RefusedCommandError } from '../../base/errors.ts';
import { DeviceWatch } from './device-watch.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A device that can be lost, and can refuse a command. */
function device() {
  let lose: (info: { message: string }) => void = () => undefined;
  let refuse: (event: { error: { message: string } }) => void = () => undefined;
  const lost = new Promise((resolve) => (lose = resolve));
  const addEventListener = (_: string, listener: typeof refuse) => (refuse = listener);
  const watch = new DeviceWatch({ lost, addEventListener } as unknown as GPUDevice);
  return {
    watch,
    lose: () => lose({ message: 'reset' }),
    refuse: () => refuse({ error: { message: 'size' } }),
  };
}

test('a loss ends the wait for work that will never be done', async () => {
  const { watch, lose } = device();
  const waiting = watch.settle(new Promise(() => undefined));
  lose();
  await expect(waiting).rejects.toThrow(DeviceLostError);
  await expect(watch.settle(Promise.resolve(1))).rejects.toThrow(DeviceLostError);
});

test('work that fails because of a loss is told as the loss, also where it is heard of later', async () => {
  const { watch, lose } = device();
  const waiting = watch.settle(Promise.reject(new DOMException('mapAsync was aborted', 'AbortError')));
  const told = expect(waiting).rejects.toThrow(DeviceLostError);
  await vi.advanceTimersByTimeAsync(300);
  lose();
  await told;
});

test('work that fails otherwise fails with its own words; a refused command is told after the work', async () => {
  const { watch, refuse } = device();
  const failing = expect(watch.settle(Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  await vi.runAllTimersAsync();
  await failing;
  await expect(watch.settle(Promise.resolve('done'))).resolves.toBe('done');
  refuse();
  await expect(watch.settle(Promise.resolve('done'))).rejects.toThrow(RefusedCommandError);
});
