/** Which training rows a run of an experiment has. */
import { RandomSequence } from '../base/random.ts';

/** Separates the choice of rows from other uses of a seed. */
const rowStream = 11;

/** The rows that a run trains on: drawn by its seed alone, so that more rows are fewer ones and others. */
export function chooseRows<T>(
  rows: readonly T[],
  { rows: count, seed }: { rows: number; seed: number },
): T[] {
  const order = new RandomSequence(seed, rowStream).permutation(rows.length);
  return [...order.subarray(0, count)].map((index) => rows[index]!);
}

/** How many rows a fraction is: at least one. */
export function rowsOfFraction(fraction: number, total: number): number {
  return Math.max(1, Math.round(fraction * total));
}
