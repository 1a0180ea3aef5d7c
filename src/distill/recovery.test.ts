import { describe, expect, test } from 'vitest';
import {
  DeviceLostError,
  EngineError,
  HungStepError,
  InputError,
  NoGpuError,
  NonFiniteError,
} from '../base/errors.ts';
import { gpuIsBackWithinMs, mostFailures, Recovery } from './recovery.ts';

const lost = new DeviceLostError('The GPU is gone.', 'Start again.');

describe('after a lost GPU', () => {
  test('at once, then later and with halves, then a person is asked with what is kept', () => {
    const recovery = new Recovery(8);
    const first = recovery.after(lost, 40);
    expect(first).toMatchObject({ kind: 'again', parts: 1, reason: 'The GPU is gone' });
    const second = recovery.after(new HungStepError(43, 120_000), 40);
    expect(second).toMatchObject({ kind: 'again', parts: 2 });
    expect(second.kind === 'again' && first.kind === 'again' && second.waitMs > first.waitMs).toBe(true);
    const third = recovery.after(lost, 40);
    expect(third).toMatchObject({ kind: 'fail' });
    expect(third.kind === 'fail' && String(third.error)).toContain('All up to step 40 is kept');
  });

  test('a checkpoint in between is progress: losses are counted from none again, and parts stay small', () => {
    const recovery = new Recovery(8);
    recovery.after(lost, null);
    recovery.after(lost, null);
    for (let step = 1; step <= 3 * mostFailures; step += 1) {
      expect(recovery.after(lost, step)).toMatchObject({ kind: 'again', parts: 2 });
    }
  });

  test('a micro-batch of one row is not cut', () => {
    const recovery = new Recovery(1);
    recovery.after(lost, 5);
    expect(recovery.after(lost, 5)).toMatchObject({ kind: 'again', parts: 1 });
  });
});

describe('a GPU that the browser starts again', () => {
  const away = new NoGpuError('WebGPU was asked for, but WebGPU found no GPU.', 'Choose wasm.');
  /** Looks for it until that is given up. @returns The waits, and the verdict that ends them. */
  const look = (recovery: Recovery) => {
    const waits: number[] = [];
    for (;;) {
      const verdict = recovery.after(away, 10, true);
      if (verdict.kind === 'fail') return { waits, verdict };
      expect(verdict).toMatchObject({ parts: recovery.parts });
      expect(verdict.reason).toContain('start the GPU again');
      waits.push(verdict.waitMs);
    }
  };
  const sum = (waits: readonly number[]) => waits.reduce((all, one) => all + one, 0);

  test('is waited for, two and a half minutes and no longer, before a person is asked', () => {
    const recovery = new Recovery(8);
    recovery.after(lost, 10);
    const { waits, verdict } = look(recovery);
    expect(waits.slice(0, 5)).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect(sum(waits)).toBeLessThanOrEqual(gpuIsBackWithinMs);
    expect(sum(waits)).toBeGreaterThan(gpuIsBackWithinMs - 5000);
    expect(String(verdict.error)).toMatch(
      /waited for two and a half minutes. All up to step 10 is kept. .* WebAssembly/,
    );
    expect((verdict.error as Error).name).toBe('EngineError');
  });

  test('is waited for as long when it is lost once more, and is no failure in between', () => {
    const recovery = new Recovery(8);
    recovery.after(lost, 10);
    const first = look(recovery).waits;
    expect(recovery.after(lost, 10)).toMatchObject({ kind: 'again', parts: 2 });
    expect(look(recovery).waits).toEqual(first);
    expect(recovery.after(lost, 10)).toMatchObject({ kind: 'fail' });
  });

  test('is not waited for where a run never had it', () => {
    expect(new Recovery(8).after(away, null, true)).toEqual({ kind: 'fail', error: away });
  });
});

test('a number that is not finite is tried once on a fresh device: the same step again is the recipe’s fault', () => {
  const recovery = new Recovery(8);
  const error = new NonFiniteError(12, 'answer loss');
  expect(recovery.after(error, 10)).toMatchObject({ kind: 'again' });
  expect(recovery.after(error, 11)).toEqual({ kind: 'fail', error });
});

test('what is no matter of the GPU fails as it is; an engine that does not open counts only while recovering', () => {
  const recovery = new Recovery(8);
  const other = new InputError('The rows are gone.', 'Add them.');
  expect(recovery.after(other, 10)).toEqual({ kind: 'fail', error: other });
  const closed = new EngineError('WebGPU was asked for, but WebGPU found no GPU.', 'Choose wasm.');
  expect(recovery.after(closed, 10, true)).toEqual({ kind: 'fail', error: closed });
  recovery.after(lost, 10);
  expect(recovery.after(closed, 10, true)).toMatchObject({ kind: 'again' });
});
