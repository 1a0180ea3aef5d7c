import { MessageCircleQuestion, Square } from 'lucide-react';
import { useId, useState } from 'react';
import { useStore } from 'zustand';
import { formatCount, formatDuration } from '../../base/units.ts';
import type { Asked, Spoken } from '../../distill/ask.ts';
import type { RunRecord } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import styles from './ask-it.module.css';
import { askObstacle } from './ask-obstacle.ts';
import { askedStore, keepAsked } from '../state/asked-store.ts';
import { clipped, shownText } from '../words.ts';

const none: readonly Asked[] = [];

/** A question of one's own, answered by base and distilled student side by side. */
export function AskIt({ run }: { run: RunRecord }) {
  const id = useId();
  const [question, setQuestion] = useState('');
  const request = useStudio((state) => state.requests.ask);
  const obstacle = useStudio((state) => askObstacle(state, run));
  const answers = useStore(askedStore, (state) => state[run.id] ?? none);
  const reason = obstacle ?? (question.trim() === '' ? 'Type or paste a question first.' : null);
  const send = async (): Promise<void> => {
    if (reason !== null || request.busy) return;
    const asked = await studio.request('ask', { type: 'ask', runId: run.id, question });
    if (asked) keepAsked(run.id, asked);
  };
  const [latest, ...earlier] = answers;
  return (
    <section className={styles['section']} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Ask it</h2>
      <label className={styles['label']} htmlFor={id}>
        A question, in the form of the training rows. Enter asks, Shift and Enter begin a new line.
      </label>
      <div className={styles['form']}>
        <textarea
          id={id}
          className={styles['question']}
          rows={2}
          value={question}
          onChange={(event) => setQuestion(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        {/* One button under two names, so that it keeps the focus. */}
        <Button
          icon={request.busy ? Square : MessageCircleQuestion}
          reason={request.busy ? null : reason}
          onClick={() => {
            if (request.busy) studio.cancel('ask');
            else void send();
          }}
        >
          {request.busy ? 'Stop asking' : 'Ask'}
        </Button>
      </div>
      {obstacle !== null && <p className={styles['hint']}>{obstacle}</p>}
      {request.busy && (
        <Progress
          label={request.progress?.what ?? 'asking'}
          done={request.progress?.done ?? 0}
          total={request.progress?.total ?? 0}
        />
      )}
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('ask')} />}
      <div role="status">{latest && <Answered asked={latest} run={run} />}</div>
      {earlier.length > 0 && (
        <details className={styles['earlier']}>
          <summary>Asked before ({formatCount(earlier.length)})</summary>
          {earlier.map((asked, index) => (
            <Answered key={earlier.length - index} asked={asked} run={run} />
          ))}
        </details>
      )}
    </section>
  );
}

function Answered({ asked, run }: { asked: Asked; run: RunRecord }) {
  return (
    <article className={styles['answered']} translate="no">
      <p className={styles['asked']}>{clipped(asked.question)}</p>
      <dl className={styles['both']}>
        {asked.base !== null && <Voice who="base" spoken={asked.base} className={styles['base']} />}
        <Voice
          who={`distilled, step ${formatCount(asked.step)}`}
          spoken={asked.distilled}
          className={styles['distilled']}
        />
      </dl>
      {asked.base === null && (
        <p className={styles['hint']}>
          The base student ({run.studentName}) is no longer here, so it was not asked. Drop its folder again
          on Student to ask both.
        </p>
      )}
      {asked.truncated && (
        <p className={styles['hint']}>
          The question is longer than the {formatCount(run.recipe.maxInputTokens)} tokens that the recipe lets
          a student read; the rest was not read.
        </p>
      )}
    </article>
  );
}

function Voice({ who, spoken, className }: { who: string; spoken: Spoken; className: string | undefined }) {
  const { answer, answerMs, rationale, rationaleMs } = spoken;
  return (
    <div>
      <dt className={className}>{who}</dt>
      <dd className={styles['answer']}>{shownText(answer)}</dd>
      {rationale !== null && (
        <dd className={styles['rationale']}>{rationale === '' ? '(empty rationale)' : clipped(rationale)}</dd>
      )}
      <dd className={styles['time']}>
        answer {formatDuration(answerMs)}
        {rationaleMs !== null && `, rationale ${formatDuration(rationaleMs)}`}
      </dd>
    </div>
  );
}
