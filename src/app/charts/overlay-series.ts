/** Several runs in one chart: one x for all of them. */

export interface Column {
  x: readonly number[];
  values: readonly (number | null)[];
}

/** Every x of all columns, rising, each once. Each column is rising in itself. */
export function sharedX(columns: readonly (readonly number[])[]): number[] {
  return [...new Set(columns.flat())].sort((a, b) => a - b);
}

/** A column on the shared x: null where it has none itself. */
export function alignedTo(shared: readonly number[], { x, values }: Column): (number | null)[] {
  let own = 0;
  return shared.map((at) => {
    while (own < x.length && x[own]! < at) own += 1;
    return x[own] === at ? (values[own] ?? null) : null;
  });
}
