/** What an experiment will take, before it begins: time by a step of each kind that was measured here, and storage. */
import { teachesRationales } from '../../distill/methods.ts';
import type { PlannedRun } from '../../experiment/spec.ts';
import type { StudentRecord } from '../../store/records.ts';
import { runSize } from '../../store/run-size.ts';
import type { NewRun } from '../../worker/protocol.ts';
import { rehearsalKey, timingKey } from '../state/forecast.ts';
import { workOf as workOfRun } from '../state/rehearsal-store.ts';
import {
  remember,
  roughStepMs,
  useRemembered,
  type RememberedTime,
  type RememberedTimes,
} from '../state/remembered-times.ts';
import { studio } from '../state/studio.ts';
import { studioStore } from '../state/studio-store.ts';

/** So many kinds of steps are timed; runs of other kinds count with the mean of these. */
const mostKinds = 6;

export type Around = Pick<NewRun, 'datasetId' | 'testRows' | 'engine' | 'backend'>;

/** One run of each kind: runs of a kind have steps that take the same. */
export function kindsOf(runs: readonly PlannedRun[], around: Around): Map<string, NewRun> {
  const kinds = new Map<string, NewRun>();
  for (const { student, recipe } of runs) {
    if (student === null) continue;
    // Answers are timed only where accuracy is measured.
    const run: NewRun = { ...around, studentId: student, recipe: { ...recipe, evalEvery: 1 } };
    const key = rehearsalKey(run);
    if (!kinds.has(key)) kinds.set(key, run);
  }
  return kinds;
}

/** Times a step of each kind that was not timed yet; that it is measured shows in the slot `rehearsal`. */
export async function measureKinds(runs: readonly PlannedRun[], around: Around): Promise<void> {
  for (const [key, run] of [...kindsOf(runs, around)].slice(0, mostKinds)) {
    if (timesOf(useRemembered.getState().times, key) !== undefined) continue;
    const found = await studio.request('rehearsal', { type: 'rehearse', run });
    if (found === null) return;
    const work = workOfRun(studioStore.getState(), run);
    if (work === null) return;
    const { stepMs, rowMs, engine } = found;
    const source = { kind: 'measured', engine: `${engine.engine}, ${engine.adapter}` } as const;
    remember(key, { stepMs, rowMs, source, work });
  }
}

/** A kind's time of a step and of an answer; Train may have timed steps alone. */
function timesOf(known: MeasuredTimes, key: string): MeasuredTime | undefined {
  const times = known.get(key);
  return times === undefined || times.rowMs === null ? undefined : times;
}

type MeasuredTime = Pick<RememberedTime, 'stepMs' | 'rowMs'>;
type MeasuredTimes = ReadonlyMap<string, MeasuredTime>;

/**
 * All of it, in milliseconds; null before every kind, or as many as are timed, was.
 * @param testRows Rows that each run is compared on.
 */
export function expectedMs(
  runs: readonly PlannedRun[],
  around: Around,
  testRows: number,
  measured: MeasuredTimes,
): number | null {
  const kinds = [...kindsOf(runs, around).keys()];
  const known = kinds.slice(0, mostKinds).map((key) => timesOf(measured, key));
  if (known.length === 0 || known.includes(undefined)) return null;
  const mean = (of: (times: MeasuredTime) => number): number =>
    known.reduce((sum, times) => sum + of(times!), 0) / known.length;
  const means = { stepMs: mean(({ stepMs }) => stepMs), rowMs: mean(({ rowMs }) => rowMs ?? 0) };
  return runs.reduce((sum, run) => {
    const [key] = kindsOf([run], around).keys();
    const { stepMs, rowMs } = (key === undefined ? undefined : timesOf(measured, key)) ?? means;
    return sum + run.recipe.steps * stepMs + asked(run, testRows) * (rowMs ?? 0);
  }, 0);
}

/**
 * The steps alone, in milliseconds, by runs that were trained here before or steps that were measured, roughly where none
 * was like these; null before the first.
 * @param workOf Of a step of a run; null where its student is no longer here.
 */
export function roughTrainingMs(
  runs: readonly PlannedRun[],
  around: Around,
  known: RememberedTimes,
  workOf: (run: NewRun) => number | null,
): number | null {
  let sum = 0;
  for (const { student, recipe } of runs) {
    if (student === null) return null;
    const run = { ...around, studentId: student, recipe };
    const work = workOf(run);
    const stepMs = known.get(timingKey(run))?.stepMs ?? (work === null ? null : roughStepMs(known, work));
    if (stepMs === null) return null;
    sum += recipe.steps * stepMs;
  }
  return sum;
}

/** Texts that are generated: accuracy on the way; then answers, rationales and those of the base student. */
function asked({ recipe }: PlannedRun, testRows: number): number {
  const { evalEvery, steps, method } = recipe;
  const onTheWay = evalEvery === 0 ? 0 : Math.floor(steps / evalEvery);
  return testRows * (onTheWay + (teachesRationales(method) ? 3 : 2));
}

/** At most, when all runs have ended. */
export function expectedBytes(
  runs: readonly PlannedRun[],
  students: readonly Pick<StudentRecord, 'id' | 'config'>[],
  testRows: number,
): number {
  return runs.reduce((sum, { student, recipe }) => {
    const config = students.find(({ id }) => id === student)?.config;
    return sum + (config === undefined ? 0 : runSize(config, recipe, testRows).totalBytes);
  }, 0);
}
