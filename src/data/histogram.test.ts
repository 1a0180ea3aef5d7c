import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countAbove, lengthHistogram } from './histogram.ts';

it('counts in whole, equal bins from 0', () => {
  expect(lengthHistogram(Int32Array.of(0, 1, 2, 3, 9), 5)).toEqual({
    bins: [
      { from: 0, to: 2, count: 2 },
      { from: 2, to: 4, count: 2 },
      { from: 4, to: 6, count: 0 },
      { from: 6, to: 8, count: 0 },
      { from: 8, to: 10, count: 1 },
    ],
    max: 9,
    mean: 3,
    p99: 9,
  });
});

it('takes the nearest rank as p99', () => {
  expect(
    lengthHistogram(
      Int32Array.from({ length: 200 }, (_, index) => index + 1),
      10,
    ).p99,
  ).toBe(198);
});

it('has no bins without lengths', () => {
  expect(lengthHistogram(new Int32Array(0), 10)).toEqual({ bins: [], max: 0, mean: 0, p99: 0 });
});

it('puts every length into one bin and leaves the order alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(5000), { minLength: 1 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(5000),
      (list, binCount, limit) => {
        const lengths = Int32Array.from(list);
        const { bins, max } = lengthHistogram(lengths, binCount);
        expect([...lengths]).toEqual(list);
        expect(bins.length).toBeLessThanOrEqual(binCount);
        expect(bins.at(-1)!.from).toBeLessThanOrEqual(max);
        expect(bins.at(-1)!.to).toBeGreaterThan(max);
        for (const { from, to, count } of bins) {
          expect(count).toBe(list.filter((length) => length >= from && length < to).length);
        }
        expect(countAbove(lengths, limit)).toBe(list.filter((length) => length > limit).length);
      },
    ),
  );
});
