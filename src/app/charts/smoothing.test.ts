import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SmoothedValues } from './smoothing.ts';

function smoothed(values: (number | null)[], factor: number): (number | null)[] {
  const mean = new SmoothedValues(factor);
  mean.extend(values);
  return mean.values;
}

test('the mean weighs each value by its distance, and its weights add up to 1 from the first value on', () => {
  const [first, second, third] = smoothed([8, 4, 2], 0.5);
  expect(first).toBeCloseTo(8, 12);
  expect(second).toBeCloseTo((8 * 0.25 + 4 * 0.5) / 0.75, 12);
  expect(third).toBeCloseTo((8 * 0.125 + 4 * 0.25 + 2 * 0.5) / 0.875, 12);
  for (const value of smoothed(Array<number>(500).fill(3), 0.99)) expect(value).toBeCloseTo(3, 10);
});

test('factor 0 gives the values themselves; what is no number is skipped', () => {
  expect(smoothed([3, 1, 2], 0)).toEqual([3, 1, 2]);
  expect(smoothed([null, 4, Number.NaN, Infinity, 4], 0.9).map((value) => value === null)).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
  expect(smoothed([4, Number.NaN, 4], 0.9)[2]).toBeCloseTo(4, 12);
});

test('values that arrive in parts give the same mean as all at once', () => {
  const value = fc.option(fc.double({ min: -10, max: 10, noNaN: true }));
  fc.assert(
    fc.property(
      fc.array(value),
      fc.nat(20),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (values, cut, factor) => {
        const mean = new SmoothedValues(factor);
        mean.extend(values.slice(0, cut));
        mean.extend(values);
        expect(mean.values).toEqual(smoothed(values, factor));
      },
    ),
  );
});
