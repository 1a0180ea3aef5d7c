import fc from 'fast-check';
import { expect, test } from 'vitest';
import { samplePoints } from './sample-points.ts';

test('few stay whole; many keep first and last, in order, without repeats', () => {
  fc.assert(
    fc.property(fc.nat(3000), fc.integer({ min: 2, max: 60 }), (length, count) => {
      const items = Array.from({ length }, (_, index) => index);
      const sample = samplePoints(items, count);
      expect(sample.length).toBeLessThanOrEqual(count);
      expect(sample.length).toBeGreaterThanOrEqual(Math.min(length, count / 2));
      expect(sample[0]).toBe(items[0]);
      expect(sample.at(-1)).toBe(items.at(-1));
      for (let index = 1; index < sample.length; index += 1)
        expect(sample[index]!).toBeGreaterThan(sample[index - 1]!);
    }),
  );
});

test('a sample of more keeps what it had, until every other one goes', () => {
  const sample = (length: number): number[] =>
    samplePoints(
      Array.from({ length }, (_, index) => index),
      5,
    );
  expect(sample(6)).toEqual([0, 2, 4, 5]);
  expect(sample(7)).toEqual([0, 2, 4, 6]);
  expect(sample(9)).toEqual([0, 2, 4, 6, 8]);
  expect(sample(10)).toEqual([0, 4, 8, 9]);
});
