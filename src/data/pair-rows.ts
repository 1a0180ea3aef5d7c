/** The teacher's rows of a dataset's rows: by id, by input, by position. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import type { Note } from './notes.ts';
import { listed, quoted } from './words.ts';

export type JoinKey = 'id' | 'input' | 'row';

export interface PairOptions {
  /** Rows without a partner of the same id or input are left as they are, where it is an error otherwise. */
  onlyMatching?: boolean;
  /** A row may have several answers in a file. */
  several?: boolean;
}

/** Ids or inputs of both files differ: only those that match can be joined. */
export class UnmatchedError extends InputError {}

/** A row has several answers in one file: a rule has to say which of them counts. */
export class SeveralAnswersError extends InputError {}

/** What a row is found by. */
export interface KeyedRow {
  row: number;
  line: number;
  id: string | null;
  input: string | null;
}

/** What pairing needs of a file. */
export interface KeyedFile<Row extends KeyedRow = KeyedRow> {
  file: string;
  positions: number;
  refused: { readonly length: number };
  rows: readonly Row[];
}

/** Ids or inputs that a message names of each side. */
const named = 5;

export interface Pairs<Row extends KeyedRow = KeyedRow> {
  by: JoinKey;
  /** The teacher's rows for a dataset's row, by position: one, or several where these are allowed. */
  partners: ReadonlyMap<number, readonly Row[]>;
  moved: number;
  notes: Note[];
}

/** @throws InputError naming both files where counts, ids or inputs contradict each other. */
export function pairRows<Row extends KeyedRow>(
  dataset: KeyedFile,
  rationales: KeyedFile<Row>,
  options: PairOptions,
): Pairs<Row> {
  const idsOf = (rows: readonly { id: string | null }[]): boolean =>
    rows.length > 0 && rows.every(({ id }) => id !== null);
  if (idsOf(dataset.rows) && idsOf(rationales.rows))
    return pairByKey('id', dataset, rationales, ({ id }) => id ?? '', options);
  if (rationales.rows.length > 0 && rationales.rows.every(({ input }) => input !== null)) {
    const keyOf = ({ input }: { input: string | null }): string => (input ?? '').replace(/\s+/g, ' ').trim();
    if (sharesInputs(dataset, rationales, keyOf, options.several ?? false))
      return pairByKey('input', dataset, rationales, keyOf, options);
  }
  if (rationales.positions !== dataset.positions) throw countMismatch(dataset, rationales);
  return {
    by: 'row',
    partners: new Map(rationales.rows.map((row) => [row.row, [row]])),
    moved: 0,
    notes: [],
  };
}

/** Whether inputs name rows: unique on both sides, and at least half of the teacher's are the dataset's. */
function sharesInputs(
  dataset: KeyedFile,
  rationales: KeyedFile,
  keyOf: (row: { input: string | null }) => string,
  several: boolean,
): boolean {
  const mine = new Set(dataset.rows.map(keyOf));
  const theirs = new Set(rationales.rows.map(keyOf));
  if (mine.size !== dataset.rows.length) return false;
  if (theirs.size !== rationales.rows.length && !several) return false;
  return [...theirs].filter((key) => mine.has(key)).length * 2 >= theirs.size;
}

function pairByKey<Row extends KeyedRow>(
  by: 'id' | 'input',
  dataset: KeyedFile,
  rationales: KeyedFile<Row>,
  keyOf: (row: KeyedRow) => string,
  { onlyMatching = false, several = false }: PairOptions,
): Pairs<Row> {
  const mine = byKey(dataset.rows, keyOf);
  const theirs = byKey(rationales.rows, keyOf);
  const lacking = [...mine.keys()].filter((key) => !theirs.has(key));
  const surplus = [...theirs.keys()].filter((key) => !mine.has(key));
  const twice = (rows: ReadonlyMap<string, readonly KeyedRow[]>) =>
    [...rows].filter(([, same]) => same.length > 1);
  for (const [data, repeated] of [
    [rationales, twice(theirs)],
    [dataset, twice(mine)],
  ] as const) {
    const [first] = repeated;
    if (first === undefined || (several && data === rationales)) continue;
    const [key, same] = first;
    const missing =
      lacking.length === 0
        ? ''
        : ` and ${listed(lacking.slice(0, named).map((one) => quoted(one)))} not at all`;
    const ofTeacher = data === rationales;
    const Problem = ofTeacher && lacking.length === 0 ? SeveralAnswersError : InputError;
    throw new Problem(
      `${quoted(key)} stands ${same.length === 2 ? 'twice' : `${same.length} times`} (lines ${listed(same.slice(0, named).map(({ line }) => String(line)))})${missing}${
        repeated.length > 1 ? `; ${formatCount(repeated.length - 1)} more ids are repeated` : ''
      }.`,
      `Rows are joined by their ${by}s, so that each has to be there once: remove the rows that are too many${ofTeacher ? ', or say which of several answers counts (in a terminal: --teachers cycle, vote or right)' : ''}.`,
      { file: data.file, line: same[1]!.line },
    );
  }
  // A row that was refused on one side leaves its partner alone on the other; that is no contradiction.
  const excused = lacking.length <= rationales.refused.length && surplus.length <= dataset.refused.length;
  if (!excused && !onlyMatching && (lacking.length > 0 || surplus.length > 0)) {
    const some = (keys: readonly string[]): string =>
      `${formatCount(keys.length)} (${keys
        .slice(0, named)
        .map((key) => quoted(key))
        .join(', ')}${keys.length > named ? ', …' : ''})`;
    const parts = [
      ...(lacking.length === 0 ? [] : [`${some(lacking)} of ${dataset.file} have no rationale`]),
      ...(surplus.length === 0 ? [] : [`${some(surplus)} of the rationales have no row`]),
    ];
    throw new UnmatchedError(
      `The ${by}s of both files differ: ${parts.join('; ')}.`,
      'Choose the rationales of this dataset, or join only those that match (in a terminal: --only-matching).',
      { file: rationales.file },
    );
  }
  const partners = new Map<number, readonly Row[]>();
  const elsewhere: number[] = [];
  for (const row of dataset.rows) {
    const found = theirs.get(keyOf(row));
    if (found === undefined) continue;
    partners.set(row.row, found);
    if (found[0]!.row !== row.row) elsewhere.push(row.row);
  }
  const moved = elsewhere.length;
  const notes: Note[] = [
    {
      kind: 'joined',
      count: moved,
      rows: elsewhere,
      text: `Joined by ${by}; order differs at ${formatCount(moved)} of ${formatCount(partners.size)} rows`,
    },
  ];
  if (surplus.length > 0)
    notes.push({
      kind: 'rationales-left-over',
      count: surplus.length,
      rows: [],
      text: `${formatCount(surplus.length)} rationales have no row`,
    });
  return { by, partners, moved, notes };
}

function byKey<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const same = found.get(keyOf(row));
    if (same === undefined) found.set(keyOf(row), [row]);
    else same.push(row);
  }
  return found;
}

/** Why these two cannot be joined. */
export function countMismatch(
  dataset: Omit<KeyedFile, 'rows'>,
  rationales: Omit<KeyedFile, 'rows'>,
): InputError {
  return new InputError(
    `${countInWords(rationales)}, but ${dataset.file} has ${countInWords(dataset, false)}.`,
    'Rationales are joined to rows by position, so that both files need the same number of rows: ' +
      'choose the rationales that were made from this dataset, whole and in its order.',
    { file: rationales.file },
  );
}

function countInWords(
  { positions, refused }: Pick<KeyedFile, 'positions' | 'refused'>,
  sentence = true,
): string {
  const rows = `${formatCount(positions)} ${positions === 1 ? 'row' : 'rows'}`;
  const counted = refused.length === 0 ? rows : `${rows} (refused ones counted)`;
  return sentence ? `This file of rationales has ${counted}` : counted;
}
