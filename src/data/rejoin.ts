/** Ways out of rationales that seem to belong to other rows: another column that names the rows, or a shift. */
import { splitListUnder } from '../formats/json-records.ts';
import { alignmentAlarm, alignmentOf, type Alarm, type Alignment } from './alignment.ts';
import type { Container } from './containers.ts';
import { joinTeacher, type JoinOptions } from './join.ts';
import { isObject, plainText } from './layouts/cells.ts';
import type { DatasetFile, RationalesFile } from './read-file.ts';
import type { AlarmDecision } from './reading.ts';
import type { SplitFiles } from './split.ts';
import { unwrapRows } from './unwrap.ts';

/** The texts of each column by position; null where a row has none. */
export type ColumnValues = ReadonlyMap<string, readonly (string | null)[]>;

/** Something that can be done, with what both counts would be then. */
export interface WayOut {
  decision: AlarmDecision;
  alignment: Alignment;
}

/** An alarm with all that a person needs to decide. */
export interface AskedAlarm extends Alarm {
  dataset: string;
  rationales: string;
  /** What fixes it, the best first; empty where nothing does. */
  ways: WayOut[];
}

/** Shared at least by so many of the teacher's rows, so that a column names rows. */
const sharedShare = 0.95;

/** The columns of a file as it was opened. */
export function columnValues({ file, records, text }: Container): ColumnValues {
  const lines = text === null ? null : (key: string) => splitListUnder(text, key);
  const values = new Map<string, (string | null)[]>();
  let position = 0;
  for (const record of unwrapRows(file, records, lines, () => []).records) {
    if (record.kind === 'stray') continue;
    if (record.kind === 'value' && isObject(record.value)) {
      for (const [column, value] of Object.entries(record.value)) {
        let cells = values.get(column);
        if (cells === undefined) values.set(column, (cells = []));
        cells[position] = plainText(value)?.trim() ?? null;
      }
    }
    position += 1;
  }
  return values;
}

/** Pairs of columns that hold the same values, each once. */
export function sharedColumns(mine: ColumnValues, theirs: ColumnValues): { mine: string; theirs: string }[] {
  const naming = (columns: ColumnValues): [string, Set<string>][] =>
    [...columns].flatMap(([column, cells]): [string, Set<string>][] => {
      const texts = cells.filter((cell): cell is string => cell !== null && cell !== '');
      const once = new Set(texts);
      return once.size > 1 && once.size === texts.length ? [[column, once]] : [];
    });
  const those = naming(theirs);
  return naming(mine).flatMap(([column, values]) =>
    those.flatMap(([other, others]) => {
      const shared = [...others].filter((value) => values.has(value)).length;
      return shared >= others.size * sharedShare ? [{ mine: column, theirs: other }] : [];
    }),
  );
}

/** Both files with ids from these columns. */
function named(
  { dataset, rationales }: { dataset: DatasetFile; rationales: RationalesFile },
  mine: readonly (string | null)[],
  theirs: readonly (string | null)[],
): SplitFiles {
  return {
    dataset: { ...dataset, rows: dataset.rows.map((row) => ({ ...row, id: mine[row.row] ?? null })) },
    rationales: {
      ...rationales,
      rows: rationales.rows.map((row) => ({ ...row, id: theirs[row.row] ?? null })),
    },
  };
}

/** The rationales so many rows further; those that would stand outside are left over. */
function moved(rationales: RationalesFile, by: number): RationalesFile {
  return {
    ...rationales,
    rows: rationales.rows
      .map((row) => ({ ...row, row: row.row + by }))
      .filter(({ row }) => row >= 0 && row < rationales.positions),
  };
}

/** The files of a split as a decision has them; values are asked for where columns name the rows. */
export async function decided(
  { dataset, rationales }: SplitFiles,
  decision: AlarmDecision,
  valuesOf: (file: DatasetFile | RationalesFile) => Promise<ColumnValues>,
): Promise<SplitFiles> {
  if (rationales === null) return { dataset, rationales };
  switch (decision.kind) {
    case 'keep':
      return { dataset, rationales };
    case 'leave-out':
      return { dataset, rationales: null };
    case 'shift':
      return { dataset, rationales: moved(rationales, decision.by) };
    case 'columns': {
      const mine = (await valuesOf(dataset)).get(decision.mine) ?? [];
      const theirs = (await valuesOf(rationales)).get(decision.theirs) ?? [];
      return named({ dataset, rationales }, mine, theirs);
    }
    default:
      return decision satisfies never;
  }
}

/** Columns without those that hold answers or reasons: a join by them would make every answer right. */
function withoutAnswers(
  columns: ColumnValues,
  rows: readonly { row: number; label: string | null; rationale: string | null }[],
): ColumnValues {
  return new Map(
    [...columns].filter(([, cells]) => {
      const same = rows.filter(({ row, label, rationale }) => {
        const cell = cells[row] ?? null;
        return cell !== null && (cell === label?.trim() || cell === rationale?.trim());
      });
      return same.length * 2 < rows.length;
    }),
  );
}

/** What would fix an alarm: every column that both files share, then a shift. */
export async function waysOut(
  files: { dataset: DatasetFile; rationales: RationalesFile },
  alarm: Alarm,
  valuesOf: (file: DatasetFile | RationalesFile) => Promise<ColumnValues>,
): Promise<WayOut[]> {
  const { dataset: mine, rationales: theirs } = files;
  const pairs = sharedColumns(
    withoutAnswers(await valuesOf(mine), mine.rows),
    withoutAnswers(await valuesOf(theirs), theirs.rows),
  );
  const tried: AlarmDecision[] = pairs.map((pair) => ({ kind: 'columns', ...pair }));
  if (alarm.shift !== null) tried.push({ kind: 'shift', by: alarm.shift });
  const ways: WayOut[] = [];
  const options: JoinOptions = { onlyMatching: true };
  for (const decision of tried) {
    const { dataset, rationales } = await decided(files, decision, valuesOf);
    const rows = joinTeacher(dataset, rationales, options);
    const all = [...rows.examples, ...rows.unlabelled].sort((a, b) => a.row - b.row);
    if (alignmentAlarm(all) === null) ways.push({ decision, alignment: alignmentOf(all) });
  }
  return ways;
}
