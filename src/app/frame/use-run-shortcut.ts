import { useKeys } from '../keys/use-keys.ts';
import { liveRun, studioStore } from '../state/studio-store.ts';
import { studio } from '../state/studio.ts';
import { pauseObstacle } from '../state/obstacles.ts';

/** Pauses and resumes the run under way by key. */
export function useRunShortcut(): void {
  useKeys({
    pause: (event) => {
      const run = liveRun(studioStore.getState());
      if (run === null || event.repeat) return false;
      if (run.state.phase === 'paused') studio.resume();
      else if (pauseObstacle(run.state) === null) studio.pause();
      return true;
    },
  });
}
