/**
 * Rows of large files with a teacher's, of which neither are held: known again by short keys and positions, read and
 * joined some at a time. What comes of it is what `joinTeacher` gives.
 */
import { InputError, reportError, type ErrorReport } from '../base/errors.ts';
import { alarmNote, alignmentAlarm, type Aligned } from '../data/alignment.ts';
import { ExampleReading } from '../data/example-count.ts';
import { answerOf } from '../data/join.ts';
import { note, RowList, type Note } from '../data/notes.ts';
import { pairRows, type KeyedRow, type Pairs } from '../data/pair-rows.ts';
import type { DatasetFile, ExampleRow, RationaleRow, RationalesFile } from '../data/read-file.ts';
import type { DatasetReading } from '../data/reading.ts';
import { waysOut, type AskedAlarm } from '../data/rejoin.ts';
import { ShortKeys } from '../data/short-keys.ts';
import type { Split, SplitFiles } from '../data/split.ts';
import { joinOffer, type JoinedSplit } from './join-rows.ts';
import { CountedWriter, type CountedRows, type Staging } from './large-files.ts';
import type { OpenFile } from './open-files.ts';
import { inSlices } from './row-stream.ts';

/** The files of a split whose rows are read some at a time. */
export interface LargePair {
  dataset: DatasetFile;
  rationales: RationalesFile;
  count: number;
  /** The dataset's rows, from the first on, each time that it is asked. */
  eachRows: () => AsyncIterable<readonly ExampleRow[]>;
  /** All rows of the teacher's file, in their order. */
  eachTaught: () => AsyncIterable<readonly RationaleRow[]>;
  /** Those at these places of that order. */
  taughtAt: (places: readonly number[]) => Promise<readonly RationaleRow[]>;
  /** Refused records of both files. */
  refusedCounts: { rows: number; taught: number };
}

/** A split whose rows were joined on their way into the store. */
export interface StoredJoin extends Pick<JoinedSplit, 'alarm' | 'offer'> {
  counted: CountedRows;
  notes: Note[];
}

/** Joined rows that show whether they belong together: `alignmentAlarm` looks at no more. */
const looked = 5000;

/** Both files of a split, where one is large and they can be joined without being held; else null. */
export function largePair(
  { dataset, rationales, others = [] }: SplitFiles,
  split: Split,
  { teachers, alarms = {} }: DatasetReading,
  files: readonly OpenFile[],
): LargePair | null {
  // Several answers to a row, and columns that name rows, are looked for among all rows.
  if (rationales === null || others.length > 0 || typeof teachers === 'string') return null;
  if (alarms[split]?.kind === 'columns') return null;
  const rows = files.find(({ parsed }) => parsed === dataset);
  const taught = files.find(({ parsed }) => parsed === rationales);
  // Pieces that were put together are of no one file.
  if (rows === undefined || taught === undefined) return null;
  // Those that are in memory are joined there.
  const large = dataset.rows.length === 0 ? rows.large : null;
  const slices = rationales.rows.length === 0 ? (taught.large?.taught ?? null) : null;
  if (large === null && slices === null) return null;
  return {
    dataset,
    rationales,
    count: large?.count ?? dataset.rows.length,
    eachRows: () => large?.eachRows() ?? inSlices(dataset.rows),
    eachTaught: () => slices?.each() ?? inSlices(rationales.rows),
    taughtAt: (places) =>
      slices?.at(places) ?? Promise.resolve(places.map((place) => rationales.rows[place]!)),
    refusedCounts: {
      rows: large?.refusedCount ?? dataset.refused.length,
      taught: taught.large?.refusedCount ?? rationales.refused.length,
    },
  };
}

/** Where the files contradict each other, the rows alone, and why in `problems`. */
export async function joinLarge(
  pair: LargePair,
  split: Split,
  { fixes = [], alarms = {}, onlyMatching = false }: DatasetReading,
  problems: ErrorReport[],
  staging: Staging,
): Promise<StoredJoin> {
  const { dataset, rationales } = pair;
  const decision = alarms[split];
  let pairs: Pairs<KeyedRow & { place: number }> | null = null;
  let offer: JoinedSplit['offer'] = null;
  if (decision?.kind !== 'leave-out') {
    try {
      const keyed = await keyedFiles(pair, decision?.kind === 'shift' ? decision.by : 0, staging);
      pairs = pairRows(keyed.dataset, keyed.rationales, { onlyMatching });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(reportError(error));
      offer = joinOffer(error);
    }
  }
  const examples = new ExampleReading(fixes);
  const writer = new CountedWriter(await staging.open());
  const repaired = new RowList();
  const first: { rows: ExampleRow[]; taught: RationaleRow[]; aligned: Aligned[] } = {
    rows: [],
    taught: [],
    aligned: [],
  };
  let done = 0;
  for await (const rows of pair.eachRows()) {
    const places = rows.map(({ row }) => pairs?.partners.get(row)?.[0]?.place ?? null);
    const found = await pair.taughtAt(places.filter((place) => place !== null));
    let next = 0;
    for (const [at, row] of rows.entries()) {
      const taught = places[at] === null ? null : found[next]!;
      if (taught !== null) next += 1;
      const answer = taught === null ? null : answerOf(row, taught, rationales);
      if (answer?.repaired === true) repaired.add(row.row);
      const joined: ExampleRow =
        pairs === null
          ? row
          : { ...row, rationale: answer?.rationale ?? null, teacherLabel: answer?.label ?? null };
      if (taught !== null && first.aligned.length < looked) {
        first.rows.push(row);
        first.taught.push(taught);
        first.aligned.push(joined);
      }
      const example = examples.next(joined);
      if (example !== null) await writer.add(example);
    }
    done += rows.length;
    staging.report('joining rows', done, pair.count);
    staging.signal.throwIfAborted();
  }
  const alarm = pairs?.by === 'row' ? alignmentAlarm(first.aligned) : null;
  let asked: AskedAlarm | null = null;
  if (alarm?.asks === true && decision === undefined) {
    const ways = await waysOut(
      { dataset: { ...dataset, rows: first.rows }, rationales: { ...rationales, rows: first.taught } },
      alarm,
      // Columns that name rows would have to be held.
      () => Promise.resolve(new Map()),
    );
    asked = { ...alarm, dataset: dataset.file, rationales: rationales.file, ways };
  }
  const notes = [
    ...dataset.notes,
    ...(pairs === null ? [] : [...rationales.notes, ...pairs.notes]),
    ...examples.fixed(),
    ...(alarm === null ? [] : [alarmNote(alarm)]),
    ...(repaired.length === 0 ? [] : [note('completion-repaired', repaired, repairedWords)]),
    ...examples.unlabelled(),
  ];
  return { counted: await writer.end(), notes, alarm: asked, offer };
}

/** Both files by short keys, the teacher's rows moved so many positions further. */
async function keyedFiles(
  { dataset, rationales, eachRows, eachTaught, refusedCounts }: LargePair,
  by: number,
  { signal }: Staging,
) {
  const keys = new ShortKeys();
  const keyed = (
    { row, line, id, input }: { row: number; line: number; id: string | null; input: string | null },
    hasInput: boolean,
  ): KeyedRow => ({
    row,
    line,
    id: keys.of(id),
    input: hasInput && input !== null ? keys.of(input.replace(/\s+/g, ' ').trim()) : null,
  });
  const theirs: (KeyedRow & { place: number })[] = [];
  let place = 0;
  for await (const rows of eachTaught()) {
    for (const row of rows) {
      const moved = row.row + by;
      if (by === 0 || (moved >= 0 && moved < rationales.positions))
        theirs.push({ ...keyed(row, true), row: moved, place });
      place += 1;
    }
    signal.throwIfAborted();
  }
  const hasInput = theirs.length > 0 && theirs.every(({ input }) => input !== null);
  const mine: KeyedRow[] = [];
  for await (const rows of eachRows()) {
    for (const row of rows) mine.push(keyed(row, hasInput));
    signal.throwIfAborted();
  }
  return {
    dataset: {
      file: dataset.file,
      positions: dataset.positions,
      refused: { length: refusedCounts.rows },
      rows: mine,
    },
    rationales: {
      file: rationales.file,
      positions: rationales.positions,
      refused: { length: refusedCounts.taught },
      rows: theirs,
    },
  };
}

function repairedWords(one: boolean): string {
  return `${one ? 'completion was' : 'completions were'} repaired to be read`;
}
