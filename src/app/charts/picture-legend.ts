/** The names of a saved picture's lines, below its plot: each with a piece of its line, as many to a row as fit. Pure. */
import type { LineSeries } from './chart.ts';

export interface LegendEntry {
  line: LineSeries;
  /** Left edge of its piece of line, from the left edge of the rows. */
  x: number;
  row: number;
}

/** Length of a piece of line: the longest dash shows whole. */
export const pieceLength = 30;
export const rowHeight = 20;
const gapToName = 6;
const gapToNext = 18;

/**
 * @param width Of a row, in the units of `measure`.
 * @param measure The width of a name.
 */
export function legendOf(
  series: readonly LineSeries[],
  width: number,
  measure: (name: string) => number,
): { entries: LegendEntry[]; height: number } {
  let [x, row] = [0, 0];
  const entries = series
    .filter(({ label }) => label !== '')
    .map((line): LegendEntry => {
      const own = nameAt(0) + measure(line.label);
      if (x > 0 && x + own > width) [x, row] = [0, row + 1];
      const entry = { line, x, row };
      x += own + gapToNext;
      return entry;
    });
  return { entries, height: entries.length === 0 ? 0 : (row + 1) * rowHeight };
}

/** Where the name of a piece of line begins. */
export function nameAt(x: number): number {
  return x + pieceLength + gapToName;
}
