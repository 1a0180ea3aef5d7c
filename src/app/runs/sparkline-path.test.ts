import { expect, it } from 'vitest';
import { bucketMeans, sparklinePath } from './sparkline-path.ts';

it('many values become the means of equal parts, every value in one of them', () => {
  expect(bucketMeans([1, 3, 5, 7], 2)).toEqual([2, 6]);
  expect(bucketMeans([1, 2], 10)).toEqual([1, 2]);
  expect(bucketMeans([null, NaN, 4, Infinity], 2)).toEqual([null, 4]);
  expect(bucketMeans([], 4)).toEqual([]);
  const values = Array.from({ length: 10_007 }, (_, index) => index);
  const means = bucketMeans(values, 60) as number[];
  expect(means).toHaveLength(60);
  expect(means.every((mean, index) => index === 0 || mean > means[index - 1]!)).toBe(true);
});

it('a path starts at the left, ends where the run is, and stays in its frame', () => {
  const frame = { width: 102, height: 22, share: 0.5, top: 4 };
  expect(sparklinePath([4, null, 0], frame)).toBe('M1.0 1.0L51.0 21.0');
  expect(sparklinePath([9], { ...frame, share: 1 })).toBe('M101.0 1.0');
  expect(sparklinePath([null], frame)).toBe('');
});
