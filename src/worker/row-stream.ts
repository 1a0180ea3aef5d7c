/** Rows of a split in their order, some at a time: in memory, stored, pieces of one, or a part of others. */
import type { Example } from '../data/example.ts';
import type { StoredRows } from '../store/records.ts';
import { storedSlices } from '../store/rows.ts';

export interface RowStream {
  readonly length: number;
  /** Whether they are stored apart already: they may be too many to hold. */
  readonly isStored: boolean;
  /** All, from the first on, each time that it is asked. */
  each(): AsyncIterable<readonly Example[]>;
}

/** Rows that are handed on at once. */
const atOnce = 1024;

export function rowsInMemory(examples: readonly Example[]): RowStream {
  return {
    length: examples.length,
    isStored: false,
    each: () => inSlices(examples),
  };
}

/** Rows in memory, as those that are read are handed on. */
// eslint-disable-next-line @typescript-eslint/require-await -- the rows are in memory, and the interface is asynchronous
export async function* inSlices<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[], void> {
  for (let at = 0; at < rows.length; at += atOnce) yield rows.slice(at, at + atOnce);
}

export function rowsInStore({ id, rows }: Pick<StoredRows, 'id' | 'rows'>): RowStream {
  return { length: rows, isStored: true, each: () => storedSlices(id).each() };
}

/** Pieces of one file after each other. @param offset What is added to the positions of its rows. */
export function rowsOfPieces(pieces: readonly { rows: RowStream; offset: number }[]): RowStream {
  return {
    length: pieces.reduce((sum, { rows }) => sum + rows.length, 0),
    isStored: pieces.some(({ rows }) => rows.isStored),
    async *each() {
      for (const { rows, offset } of pieces)
        for await (const some of rows.each())
          yield some.map((example) => ({ ...example, row: example.row + offset }));
    },
  };
}

/** The rows at these places, which rise. */
export function rowsAt(rows: RowStream, places: Int32Array): RowStream {
  if (places.length === rows.length) return rows;
  return {
    length: places.length,
    isStored: rows.isStored,
    async *each() {
      let start = 0;
      let next = 0;
      for await (const some of rows.each()) {
        const taken: Example[] = [];
        for (; next < places.length && places[next]! < start + some.length; next += 1)
          taken.push(some[places[next]! - start]!);
        start += some.length;
        if (taken.length > 0) yield taken;
        if (next === places.length) return;
      }
    },
  };
}
