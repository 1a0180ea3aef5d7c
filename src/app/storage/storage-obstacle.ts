/** Why something stored is not to be removed now, in a sentence; null where it may be. */
import type { RunRecord } from '../../store/records.ts';
import { holdOf } from '../words.ts';

export interface Holds {
  runs: readonly RunRecord[];
  liveRunId: string | null;
  heldRunIds: ReadonlySet<string> | null;
}

export function runsAtWork({ runs, liveRunId, heldRunIds }: Holds, now: number): RunRecord[] {
  return runs.filter((run) => {
    const hold = holdOf(run, liveRunId, now, heldRunIds);
    return hold === 'here' || hold === 'elsewhere';
  });
}

/** For a dataset or a student: a run that is at work reads it. */
export function ownerObstacle(
  key: 'datasetId' | 'studentId',
  id: string,
  atWork: readonly RunRecord[],
): string | null {
  const user = atWork.find((run) => run[key] === id);
  return user === undefined ? null : `${user.name} is at work on it; stop it first.`;
}

/** For an experiment: a tab trains its runs. */
export function experimentObstacle(id: string, held: ReadonlySet<string> | null): string | null {
  return held?.has(id) === true ? 'It is at work; pause it under Experiments first.' : null;
}

/** For a run: somebody is at work on it. */
export function runObstacle(runId: string, atWork: readonly RunRecord[]): string | null {
  const run = atWork.find(({ id }) => id === runId);
  return run === undefined ? null : `${run.name} is under way; stop it first.`;
}

/** For a checkpoint: a run at work keeps its newest. */
export function checkpointObstacle(
  runId: string,
  newest: boolean,
  atWork: readonly RunRecord[],
): string | null {
  const run = atWork.find(({ id }) => id === runId);
  return run === undefined || !newest
    ? null
    : `${run.name} is under way and would resume from it; stop it first.`;
}
