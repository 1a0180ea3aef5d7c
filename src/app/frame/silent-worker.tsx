import { RotateCw } from 'lucide-react';
import { formatDuration } from '../../base/units.ts';
import { studio } from '../state/studio.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';

/** Says that the worker of the run at work gives no sign, and offers to end it. */
export function SilentWorker() {
  const silentMs = useStudio((state) => state.silentMs);
  const live = useStudio(liveRun);
  if (silentMs === null || live === null) return null;
  const from =
    live.savedStep === null
      ? 'begins again with step 1: nothing was saved yet'
      : `resumes at step ${live.savedStep}`;
  return (
    <Notice kind="warning" title="The run gives no sign">
      <p>
        Nothing was heard of {live.name} for {formatDuration(silentMs)}. A long step, or a machine that is
        busy with something else, may be the reason; then it will be heard again. If it is ended, another
        worker {from}.
      </p>
      <Button icon={RotateCw} onClick={() => studio.endWorker()}>
        End it and resume
      </Button>
    </Notice>
  );
}
