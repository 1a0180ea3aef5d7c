/** A dataset and the teacher's rationales as examples: joined by id, by input or by row. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { alarmNote, alignmentAlarm, type Alarm } from './alignment.ts';
import { readAnswer } from './completions.ts';
import type { Example, Refusal, Tally } from './example.ts';
import { applyFixes, type Fix } from './fixes.ts';
import { areEquations, tallyBy, type MetricId } from './metrics/metrics.ts';
import { note, type Note } from './notes.ts';
import type { DatasetFile, ExampleRow, RationaleRow, RationalesFile } from './read-file.ts';
import { listed, quoted } from './words.ts';

export type JoinKey = 'id' | 'input' | 'row';

export interface Joined {
  /** Rows that can be trained on: those with a true answer. */
  examples: Example[];
  /** Rows without a true answer, joined as well. */
  unlabelled: ExampleRow[];
  /** What rows are called, by position. */
  ids: ReadonlyMap<number, string>;
  /** Of both files, the dataset's first. */
  refused: (Refusal & { file: string })[];
  /** How often the teacher's label is the true one; null where no example has a teacher's label. */
  teacher: Tally | null;
  /** How the teacher's rows were found, and how many stood elsewhere in their file; null without a teacher's file. */
  join: { by: JoinKey; moved: number } | null;
  /** What was noticed while files were read and joined. */
  notes: Note[];
  /** Set where the rationales seem to belong to other rows. */
  alarm: Alarm | null;
}

export interface JoinOptions {
  /** Rows without a partner of the same id or input are left as they are, where it is an error otherwise. */
  onlyMatching?: boolean;
  /** What is mended in the joined rows. */
  fixes?: readonly Fix[];
  /** What the teacher is judged by; left out: as `tallyTeacher` has it. */
  metric?: MetricId;
}

/** Ids or inputs that a message names of each side. */
const named = 5;

/**
 * Gives each row the rationale and the teacher's label of its partner: by id where both files have ids, by input where
 * the teacher's repeats it, else by position, refused records counted on both sides. A rationale that was refused leaves
 * its row without. Without a rationales file, rows keep what they carry themselves; with one, the file alone counts.
 *
 * @throws InputError naming both files where counts, ids or inputs contradict each other.
 */
export function joinTeacher(
  dataset: DatasetFile,
  rationales: RationalesFile | null,
  options: JoinOptions = {},
): Joined {
  const pairs = rationales === null ? null : pairRows(dataset, rationales, options);
  const repaired: number[] = [];
  const rows = dataset.rows.map((row): ExampleRow => {
    if (pairs === null || rationales === null) return row;
    const taught = pairs.partners.get(row.row);
    if (taught === undefined) return { ...row, rationale: null, teacherLabel: null };
    if (taught.completion !== null && rationales.completions === 'repaired') {
      const bare = rationales.layout === 'batch-output';
      const { rationale, label, repairs } = readAnswer(taught.completion, row.choices, bare);
      if (repairs.length > 0) repaired.push(row.row);
      return { ...row, rationale, teacherLabel: label ?? '' };
    }
    return { ...row, rationale: taught.rationale, teacherLabel: taught.label };
  });
  const labelled = rows.flatMap(
    ({ row, input, label, rationale, teacherLabel, question, choices }): Example[] =>
      label === null ? [] : [{ row, input, label, rationale, teacherLabel, question, choices }],
  );
  const { examples, notes: fixed } = applyFixes(labelled, options.fixes ?? []);
  const unlabelled = rows.filter(({ label }) => label === null);
  const alarm = pairs?.by === 'row' ? alignmentAlarm(rows) : null;
  const notes: Note[] = [...dataset.notes, ...(rationales?.notes ?? []), ...(pairs?.notes ?? []), ...fixed];
  if (alarm !== null) notes.push(alarmNote(alarm));
  if (repaired.length > 0)
    notes.push(
      note(
        'completion-repaired',
        repaired,
        (one) => `${one ? 'completion was' : 'completions were'} repaired to be read`,
      ),
    );
  if (unlabelled.length > 0) {
    notes.push(
      note(
        'label-missing',
        unlabelled.map(({ row }) => row),
        (one) =>
          one
            ? 'row has no true answer and is not trained on'
            : 'rows have no true answer and are not trained on',
      ),
    );
  }
  const refused = [dataset, ...(rationales === null ? [] : [rationales])].flatMap((data) =>
    data.refused.map((refusal) => ({ ...refusal, file: refusal.file ?? data.file })),
  );
  const ids = new Map(rows.flatMap(({ row, id }) => (id === null ? [] : [[row, id] as const])));
  return {
    examples,
    unlabelled,
    ids,
    refused,
    teacher: tallyTeacher(examples, options.metric),
    join: pairs === null ? null : { by: pairs.by, moved: pairs.moved },
    notes,
    alarm,
  };
}

interface Pairs {
  by: JoinKey;
  /** The teacher's row for a dataset's row, by position. */
  partners: ReadonlyMap<number, RationaleRow>;
  moved: number;
  notes: Note[];
}

function pairRows(dataset: DatasetFile, rationales: RationalesFile, options: JoinOptions): Pairs {
  const idsOf = (rows: readonly { id: string | null }[]): boolean =>
    rows.length > 0 && rows.every(({ id }) => id !== null);
  if (idsOf(dataset.rows) && idsOf(rationales.rows))
    return pairByKey('id', dataset, rationales, ({ id }) => id ?? '', options);
  if (rationales.rows.length > 0 && rationales.rows.every(({ input }) => input !== null)) {
    const keyOf = ({ input }: { input: string | null }): string => (input ?? '').replace(/\s+/g, ' ').trim();
    if (sharesInputs(dataset, rationales, keyOf))
      return pairByKey('input', dataset, rationales, keyOf, options);
  }
  if (rationales.positions !== dataset.positions) throw countMismatch(dataset, rationales);
  return { by: 'row', partners: new Map(rationales.rows.map((row) => [row.row, row])), moved: 0, notes: [] };
}

/** Whether inputs name rows: unique on both sides, and at least half of the teacher's are the dataset's. */
function sharesInputs(
  dataset: DatasetFile,
  rationales: RationalesFile,
  keyOf: (row: { input: string | null }) => string,
): boolean {
  const mine = new Set(dataset.rows.map(keyOf));
  const theirs = new Set(rationales.rows.map(keyOf));
  if (mine.size !== dataset.rows.length || theirs.size !== rationales.rows.length) return false;
  return [...theirs].filter((key) => mine.has(key)).length * 2 >= theirs.size;
}

function pairByKey(
  by: 'id' | 'input',
  dataset: DatasetFile,
  rationales: RationalesFile,
  keyOf: (row: ExampleRow | RationaleRow) => string,
  { onlyMatching = false }: JoinOptions,
): Pairs {
  const mine = byKey(dataset.rows, keyOf);
  const theirs = byKey(rationales.rows, keyOf);
  const lacking = [...mine.keys()].filter((key) => !theirs.has(key));
  const surplus = [...theirs.keys()].filter((key) => !mine.has(key));
  const twice = (rows: ReadonlyMap<string, readonly (ExampleRow | RationaleRow)[]>) =>
    [...rows].filter(([, same]) => same.length > 1);
  for (const [data, repeated] of [
    [rationales, twice(theirs)],
    [dataset, twice(mine)],
  ] as const) {
    const [first] = repeated;
    if (first === undefined) continue;
    const [key, same] = first;
    const missing =
      lacking.length === 0
        ? ''
        : ` and ${listed(lacking.slice(0, named).map((one) => quoted(one)))} not at all`;
    throw new InputError(
      `${quoted(key)} stands ${same.length === 2 ? 'twice' : `${same.length} times`} (lines ${listed(same.slice(0, named).map(({ line }) => String(line)))})${missing}${
        repeated.length > 1 ? `; ${formatCount(repeated.length - 1)} more ids are repeated` : ''
      }.`,
      'Rows are joined by their ids, so that each has to be there once: remove the rows that are too many.',
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
    throw new InputError(
      `The ${by}s of both files differ: ${parts.join('; ')}.`,
      'Choose the rationales of this dataset, or join only those that match (in a terminal: --only-matching).',
      { file: rationales.file },
    );
  }
  const partners = new Map<number, RationaleRow>();
  let moved = 0;
  for (const row of dataset.rows) {
    const partner = theirs.get(keyOf(row))?.[0];
    if (partner === undefined) continue;
    partners.set(row.row, partner);
    if (partner.row !== row.row) moved += 1;
  }
  const notes: Note[] = [
    {
      kind: 'joined',
      count: moved,
      rows: dataset.rows
        .filter(({ row }) => partners.has(row) && partners.get(row)!.row !== row)
        .map(({ row }) => row),
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

/**
 * How often the teacher's label is the true one: where no metric is asked for as the method's authors count it, exact,
 * case-sensitive equality, nothing trimmed or folded, and a blank answer is wrong; equations by their value. Null where no example has a teacher's label.
 */
export function tallyTeacher(examples: readonly Example[], metric?: MetricId): Tally | null {
  const taught = examples.filter(({ teacherLabel }) => teacherLabel !== null);
  if (taught.length === 0) return null;
  return tallyBy(
    metric ?? (areEquations(taught) ? 'equation' : 'exact'),
    taught,
    (at) => taught[at]!.teacherLabel,
  );
}

/** Why these two cannot be joined. */
export function countMismatch(dataset: DatasetFile, rationales: RationalesFile): InputError {
  return new InputError(
    `${countInWords(rationales)}, but ${dataset.file} has ${countInWords(dataset, false)}.`,
    'Rationales are joined to rows by position, so that both files need the same number of rows: ' +
      'choose the rationales that were made from this dataset, whole and in its order.',
    { file: rationales.file },
  );
}

function countInWords(
  { positions, refused }: { positions: number; refused: Refusal[] },
  sentence = true,
): string {
  const rows = `${formatCount(positions)} ${positions === 1 ? 'row' : 'rows'}`;
  const counted = refused.length === 0 ? rows : `${rows} (refused ones counted)`;
  return sentence ? `This file of rationales has ${counted}` : counted;
}
