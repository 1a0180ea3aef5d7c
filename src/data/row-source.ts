/** Rows that may be too many to hold: read by their places. */
import type { Example } from './example.ts';

export interface RowSource {
  readonly length: number;
  /** Rows with a rationale. */
  readonly rationales: number;
  /** Position in its file of the first row without a label of the teacher's; null where all have one. */
  readonly firstUntaught: number | null;
  /** The rows at these places, from 0, in this order. */
  read(places: readonly number[]): Promise<Example[]>;
}

/** Rows that are in memory already, or where they come from. */
export type Rows = readonly Example[] | RowSource;

export function sourceOf(rows: Rows): RowSource {
  // `Array.isArray` does not narrow readonly arrays.
  if ('read' in rows) return rows;
  return {
    length: rows.length,
    rationales: rows.filter(({ rationale }) => rationale !== null).length,
    firstUntaught: rows.find(({ teacherLabel }) => teacherLabel === null)?.row ?? null,
    read: (places) => Promise.resolve(places.map((place) => rows[place]!)),
  };
}
