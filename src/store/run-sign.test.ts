import { expect, test } from 'vitest';
import { freeSign, signCount, signOf } from './run-sign.ts';

test('each new run has a sign that no other has, as long as there are any', () => {
  const runs: { id: string; sign: number }[] = [];
  for (let index = 0; index < signCount; index += 1) runs.push({ id: String(index), sign: freeSign(runs) });
  expect(new Set(runs.map(signOf)).size).toBe(signCount);
  // A sign that became free is given again; after that, the least used.
  expect(freeSign(runs.filter(({ sign }) => sign !== 17))).toBe(17);
  expect(freeSign([...runs, { id: 'more', sign: 0 }])).toBe(1);
});

test('a run without its own sign, or with a wrong one, has always the same one', () => {
  expect(signOf({ id: 'a1b2' })).toBe(signOf({ id: 'a1b2' }));
  for (const sign of [-1, 0.5, NaN]) expect(signOf({ id: 'x', sign })).toBe(signOf({ id: 'x' }));
  expect(signOf({ id: 'x', sign: 50 })).toBe(2);
  expect(signOf({ id: 'x', sign: 0 })).toBe(0);
  // Colours of stored runs must not change: 'x' is 120, 'ab' is 97 * 31 + 98, and sums stay below 65,521.
  expect(signOf({ id: 'x' })).toBe(120 % 48);
  expect(signOf({ id: 'ab' })).toBe(3105 % 48);
  expect(signOf({ id: 'zzzz' })).toBe(((((122 * 31 + 122) * 31 + 122) * 31 + 122) % 65_521) % 48);
});
