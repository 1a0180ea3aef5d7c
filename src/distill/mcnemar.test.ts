import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mcnemar, twoSidedSign, type Pair } from './mcnemar.ts';

describe('twoSidedSign', () => {
  // Twice the lower tail in exact fractions (Python: sum of math.comb(n, i) for i up to the smaller, by 2 ** n).
  // 86 and 150 are Agresti's ratings of a prime minister, asked twice (Categorical Data Analysis, table 10.1).
  it.each([
    [86, 150, 0.0000371593613957144],
    [5, 0, 0.0625],
    [6, 0, 0.03125],
    [1, 9, 0.021484375],
    [10, 10, 1],
    [121, 59, 0.00000443444926375518],
    [60, 15, 1.58779907453795e-7],
    [485, 0, 2.0020830951831e-146],
  ])('of %i and %i is %f', (a, b, p) => {
    expect(twoSidedSign(a, b) / p).toBeCloseTo(1, 11);
  });

  it('is 1 without any difference, and does not overflow or vanish with very many', () => {
    expect(twoSidedSign(0, 0)).toBe(1);
    // By the normal distribution with the correction for continuity, z = 499 / sqrt(50500): 0.02638.
    expect(twoSidedSign(25_000, 25_500)).toBeCloseTo(0.02638, 4);
    expect(twoSidedSign(0, 100_000)).toBe(0);
  });

  it('does not depend on who is named first, and stays within 0 and 1', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), (a, b) => {
        const p = twoSidedSign(a, b);
        expect(p).toBe(twoSidedSign(b, a));
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('mcnemar', () => {
  it('counts only the questions on which both were asked and differ', () => {
    const pairs: Pair[] = [
      [true, true],
      [false, false],
      [true, false],
      [false, true],
      [false, true],
      [null, true],
      [true, null],
    ];
    expect(mcnemar(pairs)).toEqual({ lost: 1, won: 2, p: 1 });
  });
});

it('counts questions on which the two differ, and none that one of them was not asked', () => {
  const all = [true, false, null] as const;
  const pairs = all.flatMap((first) => all.map((second) => [first, second] as const));
  expect(mcnemar(pairs)).toEqual({ lost: 1, won: 1, p: 1 });
  expect(mcnemar([...pairs, [true, false]])).toMatchObject({ lost: 2, won: 1 });
  expect(mcnemar([...pairs, [false, true]])).toMatchObject({ lost: 1, won: 2 });
});
