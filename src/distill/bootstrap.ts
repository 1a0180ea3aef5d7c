/** How sure a figure is that is no share: by drawing the rows again (Efron's percentile bootstrap). */
import { RandomSequence } from '../base/random.ts';

/** Draws that an interval is of. */
const draws = 1000;

/**
 * The interval of 95 % of a statistic of rows, drawn again with replacement from a fixed seed; null of fewer than two rows.
 * @param statistic Of the rows at these positions.
 */
export function bootstrapInterval(
  rows: number,
  statistic: (positions: Uint32Array) => number,
): { low: number; high: number } | null {
  if (rows < 2) return null;
  const random = new RandomSequence(0);
  const positions = new Uint32Array(rows);
  const values = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw += 1) {
    for (let at = 0; at < rows; at += 1) positions[at] = random.nextInt(rows);
    values[draw] = statistic(positions);
  }
  values.sort();
  return { low: values[Math.floor(0.025 * (draws - 1))]!, high: values[Math.ceil(0.975 * (draws - 1))]! };
}

/** The same of a mean of values, one a row. */
export function bootstrapMean(values: readonly number[]): { low: number; high: number } | null {
  return bootstrapInterval(values.length, (positions) => {
    let sum = 0;
    for (const at of positions) sum += values[at]!;
    return sum / positions.length;
  });
}
