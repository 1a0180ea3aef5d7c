import { expect, it } from 'vitest';
import { numpyPermutation } from './numpy-random.ts';

/** What NumPy 2.2 prints for `default_rng(seed).permutation(n)`. */
it.each([
  [10, 0, [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]],
  [20, 42, [15, 9, 14, 7, 12, 10, 6, 19, 3, 0, 16, 5, 11, 18, 2, 4, 17, 1, 13, 8]],
  [7, 4294967295, [0, 6, 4, 5, 3, 2, 1]],
])('draws 0 to %i by seed %i as NumPy does', (length, seed, order) => {
  expect([...numpyPermutation(length, seed)]).toEqual(order);
});

it('draws many as NumPy does, by a checksum of them all', () => {
  let sum = 0;
  for (const drawn of numpyPermutation(100_000, 3)) sum = (sum * 31 + drawn) % 1_000_000_007;
  expect(sum).toBe(683_237_890);
  expect([...numpyPermutation(9741, 0).subarray(0, 5)]).toEqual([4032, 2432, 4722, 1506, 47]);
});
