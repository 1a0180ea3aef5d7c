import { Pin, PinOff } from 'lucide-react';
import { useStore } from 'zustand';
import { mostOwnQuestions } from '../../distill/watched.ts';
import type { RunRecord } from '../../store/records.ts';
import { pinnedStore, pinQuestion } from '../state/pinned-questions.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';

/** Has a question asked at each evaluation: of the run at work from its next one on, and of runs to come on its rows. */
export function PinButton({ run, question }: { run: RunRecord; question: string }) {
  const pinned = useStore(pinnedStore, (state) => state.pinned[run.datasetId]);
  const isPinned = pinned?.includes(question) === true;
  const isFull = !isPinned && (pinned?.length ?? 0) >= mostOwnQuestions;
  const press = (): void => {
    const questions = pinQuestion(run.datasetId, question, !isPinned);
    studio.send({ type: 'watch-questions', runId: run.id, questions }).catch((error: unknown) => {
      studio.fail('ask', error);
    });
  };
  return (
    <Button
      small
      kind="quiet"
      icon={isPinned ? PinOff : Pin}
      reason={isFull ? `${mostOwnQuestions} are pinned, the most there may be. Let one go first.` : null}
      onClick={press}
    >
      {isPinned ? 'Unpin from Watch it learn' : 'Pin to Watch it learn'}
    </Button>
  );
}
