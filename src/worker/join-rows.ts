/** The files of a split as rows: joined, mended, with what a person decided and what a teacher was asked for. */
import { InputError, reportError, type ErrorReport } from '../base/errors.ts';
import { openContainers } from '../data/containers.ts';
import { joinTeacher, tallyTeacher, type Joined } from '../data/join.ts';
import type { DataFile } from '../data/read-file.ts';
import type { DatasetReading } from '../data/reading.ts';
import { columnValues, decided, waysOut, type AskedAlarm, type ColumnValues } from '../data/rejoin.ts';
import type { Split, SplitFiles } from '../data/split.ts';
import { applyTaught } from '../data/taught.ts';
import type { OpenFile, TaughtFile } from './open-files.ts';

export interface JoinedSplit {
  joined: Joined;
  /** Null where there is none, or a person has decided. */
  alarm: AskedAlarm | null;
}

/** Rows with their teacher's; where the two contradict each other, the rows alone, and why in `problems`. */
export async function joinRows(
  pair: SplitFiles,
  split: Split,
  { fixes = [], alarms = {} }: DatasetReading,
  files: readonly OpenFile[],
  problems: ErrorReport[],
): Promise<JoinedSplit> {
  const decision = alarms[split];
  const known = new Map<DataFile, Promise<ColumnValues>>();
  const valuesOf = (data: DataFile): Promise<ColumnValues> => {
    const found = known.get(data) ?? readValues(data, files);
    known.set(data, found);
    return found;
  };
  try {
    const taken = decision === undefined ? pair : await decided(pair, decision, valuesOf);
    const joined = joinTeacher(taken.dataset, taken.rationales, {
      fixes,
      onlyMatching: decision?.kind === 'columns',
    });
    const { alarm } = joined;
    const { dataset, rationales } = pair;
    if (decision !== undefined || rationales === null || alarm?.asks !== true) return { joined, alarm: null };
    const ways = await waysOut({ dataset, rationales }, alarm, valuesOf);
    return { joined, alarm: { ...alarm, dataset: dataset.file, rationales: rationales.file, ways } };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(reportError(error));
    return { joined: joinTeacher(pair.dataset, null, { fixes }), alarm: null };
  }
}

/** The columns of a file, read once more: only an alarm needs them. */
async function readValues(data: DataFile, files: readonly OpenFile[]): Promise<ColumnValues> {
  const file = files.find(({ parsed }) => parsed === data);
  if (file === undefined) return new Map();
  const name = file.within === null ? file.name : file.name.slice(0, -file.within.length - 1);
  const container = (await openContainers(name, file.blob)).find((one) => one.file === file.name);
  return container === undefined ? new Map() : columnValues(container);
}

/** Rows with the reasons that were asked for them; of several teachers the last one that was taken counts. */
export function withReasons(joined: Joined, taught: readonly TaughtFile[]): Joined {
  let { examples } = joined;
  const notes = [...joined.notes];
  for (const { rows } of taught) {
    const applied = applyTaught(examples, rows);
    examples = applied.examples;
    notes.push(...applied.notes);
  }
  return taught.length === 0 ? joined : { ...joined, examples, notes, teacher: tallyTeacher(examples) };
}
