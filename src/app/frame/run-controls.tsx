import { Pause, Play, SkipForward, Square } from 'lucide-react';
import { isComparing } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { pauseObstacle, stopObstacle } from '../state/obstacles.ts';
import { Button } from '../ui/button.tsx';

/** What can be asked of the run under way. */
export function RunControls({ run }: { run: RunRecord }) {
  const { state } = run;
  const paused = state.phase === 'paused';
  const comparing = state.phase === 'evaluating' && isComparing(state.purpose);
  return (
    <>
      {state.phase === 'evaluating' && (
        <Button icon={SkipForward} onClick={() => studio.skipEvaluation()}>
          {comparing ? 'Skip the comparison' : 'Skip this measurement'}
        </Button>
      )}
      {!comparing && (
        // One button under two names, so that it keeps the focus.
        <Button
          kind={paused ? 'primary' : 'plain'}
          icon={paused ? Play : Pause}
          shortcut="pause"
          reason={paused ? null : pauseObstacle(state)}
          onClick={() => {
            if (paused) studio.resume();
            else studio.pause();
          }}
        >
          {paused ? 'Resume' : 'Pause'}
        </Button>
      )}
      {!comparing && (
        <Button icon={Square} reason={stopObstacle(state)} onClick={() => studio.stop()}>
          Stop and keep
        </Button>
      )}
    </>
  );
}
