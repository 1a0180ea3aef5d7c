/** Several runs in one chart: one x for all of them, and the looks by which their lines are told apart. */
import type { LineSeries } from './chart.ts';

/** Dash and lightness of the first, the second … run; the colour says what is drawn, not whose it is. */
export const runLooks: readonly Required<Pick<LineSeries, 'dash' | 'alpha'>>[] = [
  { dash: [], alpha: 1 },
  { dash: [8, 4], alpha: 0.75 },
  { dash: [2, 3], alpha: 1 },
  { dash: [10, 3, 2, 3], alpha: 0.75 },
  { dash: [], alpha: 0.5 },
  { dash: [4, 2], alpha: 0.5 },
];

export interface Column {
  x: readonly number[];
  values: readonly (number | null)[];
}

/** Every x of all columns, rising, each once. Each column is rising in itself. */
export function sharedX(columns: readonly (readonly number[])[]): number[] {
  return [...new Set(columns.flat())].sort((a, b) => a - b);
}

/** A column on the shared x: null where it has no value of its own. */
export function alignedTo(shared: readonly number[], { x, values }: Column): (number | null)[] {
  let own = 0;
  return shared.map((at) => {
    while (own < x.length && x[own]! < at) own += 1;
    return x[own] === at ? (values[own] ?? null) : null;
  });
}
