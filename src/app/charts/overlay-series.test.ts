import { expect, it } from 'vitest';
import { alignedTo, sharedX } from './overlay-series.ts';

it('runs of unlike lengths share one x, each value at its own', () => {
  const a = { x: [1, 2, 3], values: [10, null, 30] };
  const b = { x: [2, 4], values: [0.2, 0.4] };
  const x = sharedX([a.x, b.x]);
  expect(x).toEqual([1, 2, 3, 4]);
  expect(alignedTo(x, a)).toEqual([10, null, 30, null]);
  expect(alignedTo(x, b)).toEqual([null, 0.2, null, 0.4]);
  expect(alignedTo(x, { x: [], values: [] })).toEqual([null, null, null, null]);
});
