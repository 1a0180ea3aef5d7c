/** Whether two answerers of the same questions differ by more than chance: McNemar's test, in its exact form. */

export interface PairedTest {
  /** Questions that the first had right and the second wrong. */
  lost: number;
  /** The other way round. */
  won: number;
  /** Chance of a split at least as uneven, were the two equally good; two-sided. */
  p: number;
}

/** One question: whether each of the two was right; null where nobody asked. */
export type Pair = readonly [first: boolean | null, second: boolean | null];

/**
 * McNemar's test (Psychometrika 12, 1947) by the exact binomial distribution: of the questions on which the two
 * differ, each may have gone either way with probability 1/2. Exact for any number of them, so that no rule is needed
 * for when an approximation is good enough. Questions that one of them was not asked do not count.
 */
export function mcnemar(pairs: Iterable<Pair>): PairedTest {
  let lost = 0;
  let won = 0;
  for (const [first, second] of pairs) {
    if (first === true && second === false) lost += 1;
    if (first === false && second === true) won += 1;
  }
  return { lost, won, p: twoSidedSign(lost, won) };
}

/** Two-sided p of a split into `a` and `b` where both sides are equally likely: 1 where there is nothing to split. */
export function twoSidedSign(a: number, b: number): number {
  const n = a + b;
  const few = Math.min(a, b);
  // In logarithms: 2^-n is no float64 from n = 1075 on.
  let logTerm = -n * Math.LN2;
  for (let k = 1; k <= few; k += 1) logTerm += Math.log((n - k + 1) / k);
  // Terms fall from C(n, few) downwards, so that their sum is taken relative to the largest.
  let term = 1;
  let sum = 0;
  for (let k = few; k >= 0 && term > 1e-18; k -= 1) {
    sum += term;
    term *= k / (n - k + 1);
  }
  return Math.min(1, 2 * sum * Math.exp(logTerm));
}
