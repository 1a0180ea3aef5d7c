import { useEffect } from 'react';
import { navigate, type Route } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { studioStore, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';

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
