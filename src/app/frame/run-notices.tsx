/** What happens to runs while a person is at something else, said above every screen. */
import { RotateCw } from 'lucide-react';
import { useEffect } from 'react';
import { formatDuration } from '../../base/units.ts';
import { navigate, type Route } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { liveRun, studioStore, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Notice } from '../ui/notice.tsx';

/** Asks before a run whose checkpoints are all damaged begins again with step 1: its curve goes then. */
export function NothingWhole() {
  const asked = useStudio((state) => state.nothingWhole);
  if (asked === null) return null;
  return (
    <Dialog
      title="Start again from step 1?"
      onClose={() => studio.forgetNothingWhole()}
      confirm={{
        label: 'Start again',
        act: () => void studio.resumeRun(asked.runId, asked.engine, true),
      }}
    >
      <p>{asked.words}</p>
    </Dialog>
  );
}

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

function forget(): void {
  studioStore.setState({ ended: null });
}

/** Says on every other screen that a run has ended, or waits for the person. */
export function RunEnded({ route }: { route: Route }) {
  const ended = useStudio((state) => state.ended);
  useEffect(() => {
    if (route === 'train') forget();
  }, [route]);
  if (ended === null || route === 'train') return null;
  return (
    <div role="status" data-testid="run-ended">
      <Notice kind="info" title={ended.title} onDismiss={forget}>
        <p>{ended.body}</p>
        <Button
          small
          onClick={() => {
            void studio.selectRun(ended.runId);
            navigate('train');
          }}
        >
          Show it
        </Button>
      </Notice>
    </div>
  );
}
