/** Which training rows a run of an experiment has. */
import { RandomSequence } from '../base/random.ts';
import type { Example } from '../data/example.ts';
import type { RowSource } from '../data/row-source.ts';

/** Separates the choice of rows from other uses of a seed. */
const rowStream = 11;
/** Rows that are read at once to be counted. */
const countedAtOnce = 500;

export interface ChosenRows {
  /** How many there are to be. */
  rows: number;
  seed: number;
}

/** The places of the rows that a run trains on: drawn by its seed alone, so that more rows are fewer ones and others. */
function chosenPlaces(total: number, { rows, seed }: ChosenRows): number[] {
  return [...new RandomSequence(seed, rowStream).permutation(total).subarray(0, rows)];
}

/** The rows themselves, in the order in which they were drawn. */
export function chooseRows<T>(rows: readonly T[], chosen: ChosenRows): T[] {
  return chosenPlaces(rows.length, chosen).map((place) => rows[place]!);
}

/** The same of rows that are read by their places. */
export async function chooseFrom(source: RowSource, chosen: ChosenRows): Promise<RowSource> {
  const places = chosenPlaces(source.length, chosen);
  const read = (wanted: readonly number[]): Promise<Example[]> =>
    source.read(wanted.map((place) => places[place]!));
  let rationales = 0;
  let firstUntaught: number | null = null;
  for (let start = 0; start < places.length; start += countedAtOnce) {
    for (const { row, rationale, teacherLabel } of await source.read(
      places.slice(start, start + countedAtOnce),
    )) {
      if (rationale !== null) rationales += 1;
      if (teacherLabel === null) firstUntaught ??= row;
    }
  }
  return { length: places.length, rationales, firstUntaught, read };
}

/** How many rows a fraction is: at least one. */
export function rowsOfFraction(fraction: number, total: number): number {
  return Math.max(1, Math.round(fraction * total));
}
