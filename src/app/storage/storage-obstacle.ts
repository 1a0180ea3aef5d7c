/** Why something stored is not to be removed now, in a sentence; null where it may be. */
import type { Holder } from '../../store/holders.ts';
import type { RunRecord } from '../../store/records.ts';
import { holdObstacle, holdOf, isHeld, type Hold, type Holders } from '../held-runs.ts';

/** A run that somebody is at work on, or may be. */
export interface AtWork {
  run: RunRecord;
  hold: Hold;
}

export function runsAtWork(
  { runs, ...holders }: Holders & { runs: readonly RunRecord[] },
  now: number,
): AtWork[] {
  return runs.map((run) => ({ run, hold: holdOf(run, holders, now) })).filter(({ hold }) => isHeld(hold));
}

/** For a dataset or a student: a run that is at work reads it. */
export function ownerObstacle(
  key: 'datasetId' | 'studentId',
  id: string,
  atWork: readonly AtWork[],
): string | null {
  const user = atWork.find(({ run }) => run[key] === id);
  return user === undefined ? null : holdObstacle(user.run, user.hold);
}

/** For an experiment: a tab trains its runs. */
export function experimentObstacle(id: string, held: ReadonlyMap<string, Holder> | null): string | null {
  return held?.has(id) === true ? 'It is at work; pause it under Experiments first.' : null;
}

/** For a run: somebody is at work on it. */
export function runObstacle(runId: string, atWork: readonly AtWork[]): string | null {
  const found = atWork.find(({ run }) => run.id === runId);
  return found === undefined ? null : holdObstacle(found.run, found.hold);
}

/** For a checkpoint: a run at work keeps its newest. */
export function checkpointObstacle(runId: string, newest: boolean, atWork: readonly AtWork[]): string | null {
  return newest ? runObstacle(runId, atWork) : null;
}
