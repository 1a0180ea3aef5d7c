/** What was noticed of a file's rows, each with its count and the rows. */
import { formatCount } from '../base/units.ts';
import type { Change } from './layouts/layout.ts';

export interface Note<Kind extends string = string> {
  kind: Kind;
  count: number;
  /** Positions of the rows, from 0: the first `rowsNamed` of them. Empty where the note is of the file. */
  rows: number[];
  /** The whole note, for people. */
  text: string;
}

/** Rows that a note leads to: a note that a million rows have leads to its first ones. */
export const rowsNamed = 10_000;

/** Positions of rows in their order: all are counted, the first `rowsNamed` are kept. */
export class RowList {
  readonly rows: number[] = [];
  #count = 0;
  #last = -1;

  get length(): number {
    return this.#count;
  }

  /** A row that was added just before counts once. */
  add(row: number): void {
    if (this.#count > 0 && this.#last === row) return;
    this.#last = row;
    this.#count += 1;
    if (this.rows.length < rowsNamed) this.rows.push(row);
  }

  /** The rows of two lists, of which none is in both. */
  static of(one: RowList, other: RowList): RowList {
    const both = new RowList();
    both.rows.push(...[...one.rows, ...other.rows].sort((a, b) => a - b).slice(0, rowsNamed));
    both.#count = one.#count + other.#count;
    return both;
  }
}

export const changeWords: Record<Change, (one: boolean) => string> = {
  'label-trimmed': (one) =>
    one
      ? 'label had white space around it, which was taken off'
      : 'labels had white space around them, which was taken off',
  'label-number': (one) =>
    one ? 'label was a number and is text now' : 'labels were numbers and are text now',
  'label-boolean': (one) =>
    one ? 'label was true or false and is yes or no now' : 'labels were true or false and are yes or no now',
  'label-letter': (one) =>
    one
      ? 'label was a letter and is the text of its choice now'
      : 'labels were letters and are the texts of their choices now',
  'list-as-text': (one) =>
    one ? 'list was written as text and read as a list' : 'lists were written as text and read as lists',
  'answer-cut-off': (one) =>
    one
      ? 'answer was cut off inside its thought and has no label'
      : 'answers were cut off inside their thought and have no label',
  rationalised: (one) =>
    one
      ? 'reason was asked for with the label given'
      : 'reasons were asked for with the label given: the teacher was not right by itself there',
};

/** What was changed to read the rows, a note for each kind of change. */
export function changeNotes(changes: ReadonlyMap<Change, RowList>): Note[] {
  return [...changes].map(([kind, rows]) => note(kind, rows, changeWords[kind]));
}

/** A note whose text begins with its count. */
export function note<Kind extends string>(
  kind: Kind,
  found: readonly number[] | RowList,
  words: (one: boolean) => string,
): Note<Kind> {
  const count = found.length;
  const rows = found instanceof RowList ? found.rows : found;
  return { kind, count, rows: rows.slice(0, rowsNamed), text: `${formatCount(count)} ${words(count === 1)}` };
}
