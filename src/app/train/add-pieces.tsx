import { Plus } from 'lucide-react';
import { studio } from '../state/studio.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';

/** The remedy beside the note on labels that are lost: a copy of the student that can write them. */
export function AddPieces() {
  const live = useStudio(liveRun);
  const request = useStudio((state) => state.requests.reduce);
  return (
    <>
      <div>
        <Button
          small
          icon={Plus}
          reason={
            request.busy
              ? 'A student is being made.'
              : live === null
                ? null
                : 'A run is at work: stop it, or wait for its end.'
          }
          onClick={() => void studio.addPieces()}
        >
          Add them to the student as pieces
        </Button>
      </div>
      {request.busy && (
        <Progress
          label={request.progress?.what ?? 'opening the student'}
          done={request.progress?.done ?? 0}
          total={request.progress?.total ?? 0}
        />
      )}
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('reduce')} />}
    </>
  );
}
