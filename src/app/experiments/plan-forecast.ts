/** What an experiment will take, before it begins: time by a step of each kind that was measured here, and storage. */
import { create } from 'zustand';
import { teachesRationales } from '../../distill/methods.ts';
import type { PlannedRun } from '../../experiment/spec.ts';
import type { StudentRecord } from '../../store/records.ts';
import { runSize } from '../../store/run-size.ts';
import type { NewRun, Rehearsal } from '../../worker/protocol.ts';
import { rehearsalKey } from '../state/forecast.ts';
import { studio } from '../state/studio.ts';

/** Kinds of steps that are timed; runs of others are taken for the mean of these. */
const mostKinds = 6;

/** What was measured until the page is closed, by `rehearsalKey`. */
export const useMeasured = create<{ found: ReadonlyMap<string, Rehearsal> }>(() => ({ found: new Map() }));

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
    if (useMeasured.getState().found.has(key)) continue;
    const found = await studio.request('rehearsal', { type: 'rehearse', run });
    if (found === null) return;
    useMeasured.setState(({ found: known }) => ({ found: new Map(known).set(key, found) }));
  }
}

/**
 * All of it, in milliseconds; null before every kind, or as many as are timed, was.
 * @param testRows Rows that each run is compared on.
 */
export function expectedMs(
  runs: readonly PlannedRun[],
  around: Around,
  testRows: number,
  measured: ReadonlyMap<string, Pick<Rehearsal, 'stepMs' | 'rowMs'>>,
): number | null {
  const kinds = [...kindsOf(runs, around).keys()];
  const known = kinds.slice(0, mostKinds).map((key) => measured.get(key));
  if (known.length === 0 || known.includes(undefined)) return null;
  const mean = (of: (times: Pick<Rehearsal, 'stepMs' | 'rowMs'>) => number): number =>
    known.reduce((sum, times) => sum + of(times!), 0) / known.length;
  const means = { stepMs: mean(({ stepMs }) => stepMs), rowMs: mean(({ rowMs }) => rowMs ?? 0) };
  return runs.reduce((sum, run) => {
    const [key] = kindsOf([run], around).keys();
    const { stepMs, rowMs } = (key === undefined ? undefined : measured.get(key)) ?? means;
    return sum + run.recipe.steps * stepMs + asked(run, testRows) * (rowMs ?? 0);
  }, 0);
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
