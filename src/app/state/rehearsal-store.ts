/** Measuring a run to come, and watching what runs take: both are remembered for the next one. */
import type { Recipe } from '../../distill/recipe.ts';
import type { RunRecord } from '../../store/records.ts';
import { studio } from './studio.ts';
import { liveRun, studioStore, type StudioState } from './studio-store.ts';
import { rehearsalKey, timingKey } from './forecast.ts';
import { longestRow } from './longest-row.ts';
import { newRun } from './new-run.ts';
import { paceOf } from './pace.ts';
import { remember, roughStepMs, stepWork, type RememberedTimes } from './remembered-times.ts';

/** Times the first steps of the run that the form describes; that they are measured shows in the slot `rehearsal`. */
export async function rehearseNext(): Promise<void> {
  const state = studioStore.getState();
  const run = newRun(state);
  if (run === null) return;
  const found = await studio.request('rehearsal', { type: 'rehearse', run });
  if (!found) return;
  const work = workOf(state, run);
  const { stepMs, rowMs, engine } = found;
  const source = { kind: 'measured', engine: `${engine.engine}, ${engine.adapter}` } as const;
  if (work !== null) remember(rehearsalKey(run), { stepMs, rowMs, source, work });
}

/** Work of a step of a run; null where its student is no longer here. */
export function workOf(
  { students, datasets }: StudioState,
  run: { studentId: string; datasetId: string; recipe: Recipe },
): number | null {
  const student = students.find(({ id }) => id === run.studentId);
  if (student === undefined) return null;
  const dataset = datasets.find(({ id }) => id === run.datasetId) ?? null;
  return stepWork(student.parameters, run.recipe, longestRow(dataset, student, run.recipe));
}

/** What a step of a run is expected to take before it has shown it: as one like it did, else roughly; null if unknown. */
export function expectedStepMs(state: StudioState, run: RunRecord, known: RememberedTimes): number | null {
  const time = known.get(timingKey({ ...run, engine: run.engineChoice }));
  if (time !== undefined) return time.stepMs;
  const work = workOf(state, run);
  return work === null ? null : roughStepMs(known, work);
}

/** At which steps of a run its pace is kept: soon, and then as it settles. */
const keptAt = [2, 5, 10, 30, 100];
/** How many steps of the live run were seen: points come some at a time, in an array that grows in place. */
let seen = { runId: '', steps: 0 };

studioStore.subscribe((state, { metrics: before }) => {
  const { metrics } = state;
  if (metrics === before) return;
  const run = liveRun(state);
  if (run === null || run.id !== metrics.runId) return;
  const [last, steps] = [seen.runId === run.id ? seen.steps : 0, metrics.points.length];
  seen = { runId: run.id, steps };
  if (!keptAt.some((step) => last < step && step <= steps)) return;
  const pace = paceOf(metrics.points, run.recipe.steps);
  const work = workOf(state, run);
  if (pace === null || work === null) return;
  const source = { kind: 'run', name: run.name } as const;
  const stepMs = 1000 / pace.stepsPerSecond;
  remember(timingKey({ ...run, engine: run.engineChoice }), { stepMs, rowMs: null, source, work });
});
