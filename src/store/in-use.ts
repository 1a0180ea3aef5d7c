/** Which runs need a dataset or a student: those at work now keep both from being changed or removed. */
import { StorageError } from '../base/errors.ts';
import { isActive } from '../distill/run-state.ts';
import { reading } from './database.ts';
import { heldExperiments, heldRuns, withRun } from './locks.ts';
import type { ExperimentRecord, RunRecord } from './records.ts';
import { listRuns } from './runs.ts';

/** What a run needs beside its own checkpoints. */
export type Needed = { datasetId: string } | { studentId: string };

/** A worker without Web Locks is taken for alive as long after its last heartbeat. */
const silentForMs = 6000;

/** Runs at work on it in any tab, paused ones included. */
export async function runsAtWorkOn(needed: Needed): Promise<RunRecord[]> {
  const held = await heldRuns();
  return (await listRuns()).filter(
    (run) => needs(run, needed) && (held === null ? isHeardOf(run) : held.has(run.id)),
  );
}

function isHeardOf({ state, heartbeatAt }: RunRecord): boolean {
  return Date.now() - heartbeatAt < silentForMs && isActive(state);
}

/**
 * @param cannot What cannot be done now: a sentence.
 * @throws StorageError where somebody trains this run, in any tab. One that has ended may still be held, by its worker or
 * while it is compared: then it may be done.
 */
export async function refuseOfRunAtWork(runId: string, cannot: string): Promise<void> {
  const held = await heldRuns();
  if (held?.has(runId) === false) return;
  const run = (await listRuns()).find(({ id }) => id === runId);
  if (run === undefined || !(held === null ? isHeardOf(run) : isActive(run.state))) return;
  throw atWorkError(run, cannot);
}

/**
 * Does `work` on a run, and holds the run so that no tab begins to train it meanwhile. A tab that compares it, or reads
 * its checkpoint to resume it, holds it too: that is waited for, as long as `holdRun` waits.
 * @param cannot As in `refuseOfRunAtWork`.
 * @throws StorageError as there; EngineError where it stays held.
 */
export async function whileAtRest<Result>(
  runId: string,
  cannot: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await refuseOfRunAtWork(runId, cannot);
  return withRun(runId, work);
}

/** Whether a run was begun with it. */
export function needs(run: Pick<RunRecord, 'datasetId' | 'studentId'>, needed: Needed): boolean {
  return 'datasetId' in needed ? run.datasetId === needed.datasetId : run.studentId === needed.studentId;
}

/**
 * @param cannot What cannot be done now: a sentence.
 * @throws StorageError where a run is at work on it, or an experiment, also between two of its runs.
 */
export async function refuseWhileAtWork(needed: Needed, cannot: string): Promise<void> {
  const [run = await experimentAtWorkOn(needed)] = await runsAtWorkOn(needed);
  if (run === null) return;
  throw atWorkError(run, cannot);
}

/** An experiment that some tab trains, and of which a run to come needs this; null where there is none. */
async function experimentAtWorkOn(needed: Needed): Promise<ExperimentRecord | null> {
  const held = await heldExperiments();
  if (held === null || held.size === 0) return null;
  const all = await reading((database) => database.getAll('experiments'));
  for (const one of all) if (held.has(one.id) && (await isNeededBy(one, needed))) return one;
  return null;
}

async function isNeededBy({ datasetId, spec, runs }: ExperimentRecord, needed: Needed): Promise<boolean> {
  const open = new Set(
    runs.flatMap(({ name, standing: { kind } }) => (kind === 'waiting' || kind === 'at work' ? [name] : [])),
  );
  if (open.size === 0) return false;
  if ('datasetId' in needed) return datasetId === needed.datasetId;
  // Loaded where it is needed: the page opens without it.
  const { parseSpec, plannedRuns } = await import('../experiment/spec.ts');
  const planned = plannedRuns(parseSpec(spec, 'the experiment'), 'the experiment');
  return planned.some(({ name, student }) => open.has(name) && student === needed.studentId);
}

function atWorkError({ name }: { name: string }, cannot: string): StorageError {
  return new StorageError(`${name} is at work. ${cannot}`, 'Stop it or wait for its end, then try again.');
}
