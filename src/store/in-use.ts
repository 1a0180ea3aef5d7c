/** Which runs need a dataset or a student: those at work now keep both from being changed or removed. */
import { StorageError } from '../base/errors.ts';
import { isActive } from '../distill/run-state.ts';
import { heldRuns } from './locks.ts';
import type { RunRecord } from './records.ts';
import { listRuns } from './runs.ts';

/** What a run needs beside its own checkpoints. */
export type Needed = { datasetId: string } | { studentId: string };

/** A worker without Web Locks is taken for alive as long after its last heartbeat. */
const silentForMs = 6000;

/** Runs at work on it in any tab, paused ones included. */
export async function runsAtWorkOn(needed: Needed): Promise<RunRecord[]> {
  const held = await heldRuns();
  return (await listRuns()).filter(
    (run) =>
      needs(run, needed) &&
      (held === null ? isActive(run.state) && Date.now() - run.heartbeatAt < silentForMs : held.has(run.id)),
  );
}

/** Whether a run was begun with it. */
export function needs(run: Pick<RunRecord, 'datasetId' | 'studentId'>, needed: Needed): boolean {
  return 'datasetId' in needed ? run.datasetId === needed.datasetId : run.studentId === needed.studentId;
}

/**
 * @param cannot What cannot be done now: a sentence.
 * @throws StorageError where a run is at work on it.
 */
export async function refuseWhileAtWork(needed: Needed, cannot: string): Promise<void> {
  const [run] = await runsAtWorkOn(needed);
  if (run === undefined) return;
  throw new StorageError(
    `${run.name} is at work. ${cannot}`,
    'Stop that run or wait for its end, then try again.',
  );
}
