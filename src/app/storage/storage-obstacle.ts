/** Why something stored is not to be removed now, in a sentence; null where it may be. */
import type { Holder } from '../../store/holders.ts';
import { runObstacle, type AtWork } from '../held-runs.ts';

/** For an experiment: a tab trains its runs. */
export function experimentObstacle(id: string, held: ReadonlyMap<string, Holder> | null): string | null {
  return held?.has(id) === true ? 'It is at work; pause it under Experiments first.' : null;
}

/** For a checkpoint: a run at work keeps its newest. */
export function checkpointObstacle(runId: string, newest: boolean, atWork: readonly AtWork[]): string | null {
  return newest ? runObstacle(runId, atWork) : null;
}
