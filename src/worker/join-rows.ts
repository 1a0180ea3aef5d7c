/** The files of a split as rows: joined, corrected, with what a person decided and what a teacher was asked for. */
import { InputError, reportError, type ErrorReport } from '../base/errors.ts';
import { openContainers } from '../data/containers.ts';
import { joinTeacher, tallyTeacher, type Joined, type JoinOptions, type TeacherFile } from '../data/join.ts';
import { SeveralAnswersError, UnmatchedError } from '../data/pair-rows.ts';
import type { DataFile } from '../data/read-file.ts';
import type { AlarmDecision, DatasetReading } from '../data/reading.ts';
import { columnValues, decided, waysOut, type AskedAlarm, type ColumnValues } from '../data/rejoin.ts';
import type { Split, SplitFiles } from '../data/split.ts';
import { applyTaught } from '../data/taught.ts';
import type { JoinOffer } from '../store/records.ts';
import type { OpenFile, TaughtFile } from './open-files.ts';

export interface JoinedSplit {
  joined: Joined;
  /** Null where there is none, or a person has decided. */
  alarm: AskedAlarm | null;
  offer: JoinOffer | null;
}

/** Rows with their teachers'; where these contradict each other, the rows alone, and why in `problems`. */
export async function joinRows(
  pair: SplitFiles,
  split: Split,
  { fixes = [], alarms = {}, teachers: choice, onlyMatching = false }: DatasetReading,
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
  const options: JoinOptions = {
    fixes,
    onlyMatching: onlyMatching || decision?.kind === 'columns',
    ...(choice === undefined ? {} : { teachers: choice }),
  };
  const { dataset } = pair;
  try {
    const teachers = await taught(pair, decision, valuesOf);
    const joined = joinTeacher(dataset, teachers.length === 0 ? null : teachers, options);
    const { alarm } = joined;
    if (decision !== undefined || alarm?.asks !== true) return { joined, alarm: null, offer: null };
    const { of: rationales, ...told } = alarm;
    const ways = await waysOut({ dataset, rationales }, alarm, valuesOf);
    const asked = { ...told, dataset: dataset.file, rationales: rationales.file, ways };
    return { joined, alarm: asked, offer: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(reportError(error));
    return { joined: joinTeacher(dataset, null, { fixes }), alarm: null, offer: joinOffer(error) };
  }
}

/** What a person can say where files contradict each other; null where there is nothing. */
export function joinOffer(error: InputError): JoinOffer | null {
  if (error instanceof UnmatchedError) return 'only-matching';
  return error instanceof SeveralAnswersError ? 'several-answers' : null;
}

/** The teachers' files as a decision has them: of several it is of those that seem to belong to other rows. */
async function taught(
  { dataset, rationales: first, others = [] }: SplitFiles,
  decision: AlarmDecision | undefined,
  valuesOf: (data: DataFile) => Promise<ColumnValues>,
): Promise<TeacherFile[]> {
  const files = first === null ? [] : [first, ...others];
  const found: TeacherFile[] = [];
  for (const rationales of files) {
    const isMeant =
      decision !== undefined &&
      (files.length === 1 || joinTeacher(dataset, rationales, { onlyMatching: true }).alarm?.asks === true);
    const pair: SplitFiles = isMeant
      ? await decided({ dataset, rationales }, decision, valuesOf)
      : { dataset, rationales };
    if (pair.rationales !== null) found.push({ dataset: pair.dataset, rationales: pair.rationales });
  }
  return found;
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
