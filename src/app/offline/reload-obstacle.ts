/** Why the page is not to be loaded again now. */
import type { StudioState } from '../state/studio-store.ts';
import { holdOf } from '../held-runs.ts';

/**
 * Null where nothing is at work. A lock alone does not say so: this tab's own worker holds a run for a moment longer than it
 * is at work on it, and while it compares or reads one.
 */
export function reloadObstacle(
  state: Pick<StudioState, 'runs' | 'liveRunId' | 'heldRuns' | 'openedAt'>,
  now: number,
): string | null {
  const { runs, liveRunId } = state;
  const live = runs.find(({ id }) => id === liveRunId);
  if (live !== undefined) return `${live.name} is under way; reload when it has ended.`;
  return runs.some((run) => holdOf(run, state, now) === 'elsewhere')
    ? 'A run is under way in another tab; reload when it has ended.'
    : null;
}
