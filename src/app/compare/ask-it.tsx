import { MessageCircleQuestion, Shuffle, Square } from 'lucide-react';
import { useId, useState } from 'react';
import { useStore } from 'zustand';
import { formatCount } from '../../base/units.ts';
import { answerTokens } from '../../distill/answer.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { answerPrompt } from '../../distill/tasks.ts';
import type { RunRecord } from '../../store/records.ts';
import {
  askedStore,
  forgetAsked,
  keepAsked,
  keepOther,
  type AskedOnce,
  type KnownRow,
} from '../state/asked-store.ts';
import { PinButton } from '../parts/pin-button.tsx';
import { studio } from '../state/studio.ts';
import { studioStore, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { AskingForm, readAsking, usualAsking } from './asking-form.tsx';
import styles from './ask-it.module.css';
import { askObstacle } from './ask-obstacle.ts';
import { QuestionFile } from './question-file.tsx';
import type { TestRows } from './use-test-rows.ts';
import { useTestRows } from './use-test-rows.ts';
import { Voices } from './voices.tsx';

const none: readonly AskedOnce[] = [];

/** A question answered by base, distilled, another run and, when it is asked, the teacher, side by side. */
export function AskIt({ run, predictions }: { run: RunRecord; predictions: readonly Prediction[] | null }) {
  const id = useId();
  const [question, setQuestion] = useState('');
  const [draft, setDraft] = useState(usualAsking);
  const request = useStudio((state) => state.requests.ask);
  const obstacle = useStudio((state) => askObstacle(state, run));
  const answers = useStore(askedStore, (state) => state[run.id] ?? none);
  const rows = useTestRows(run, predictions);
  const reason = obstacle ?? (question.trim() === '' ? 'Type or paste a question first.' : null);
  const send = async (text: string, row: KnownRow | null): Promise<void> => {
    if (obstacle !== null || text.trim() === '' || studioStore.getState().requests.ask.busy) return;
    const asking = readAsking(draft);
    const asked = await studio.request('ask', { type: 'ask', runId: run.id, question: text, asking });
    if (asked === null) return;
    const { otherId } = draft;
    const known = row ?? rows.find(text);
    const name = studioStore.getState().runs.find((one) => one.id === otherId)?.name;
    const other = name === undefined ? null : ({ runId: otherId, name, kind: 'waiting' } as const);
    const kept = keepAsked(run.id, { ...asked, asking, known, other, teacher: null });
    if (other !== null) await askOther(run.id, kept, other);
  };
  const [latest, ...earlier] = answers;
  return (
    <section className={styles['section']} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Ask it</h2>
      <div className={styles['desk']}>
        <div className={styles['section']}>
          <label className={styles['label']} htmlFor={id}>
            A question, in the form of the training rows. Enter asks, Shift and Enter begin a new line.
          </label>
          <textarea
            id={id}
            className={styles['question']}
            rows={4}
            value={question}
            onChange={(event) => setQuestion(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'ArrowUp' && question === '' && latest) {
                event.preventDefault();
                setQuestion(latest.question);
              }
              if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              if (reason === null) void send(question, null);
            }}
          />
          {question.trim() !== '' && (
            <p className={styles['fed']} translate="no">
              fed as <code>{answerPrompt(run.recipe, question.trim()).slice(0, 80)}</code>
            </p>
          )}
          <div className={styles['form']}>
            <AskingForm run={run} draft={draft} onChange={setDraft} usualTokens={answerTokens(run.recipe)} />
            {/* One button under two names, so that it keeps the focus. */}
            <Button
              icon={request.busy ? Square : MessageCircleQuestion}
              reason={request.busy ? null : reason}
              onClick={() => {
                if (request.busy) studio.cancel('ask');
                else void send(question, null);
              }}
            >
              {request.busy ? 'Stop asking' : 'Ask'}
            </Button>
          </div>
          {obstacle !== null && <p className={styles['hint']}>{obstacle}</p>}
        </div>
        <TryRows
          rows={rows}
          reason={obstacle ?? (request.busy ? 'A question is being answered.' : null)}
          chosen={question}
          onTry={(row) => {
            setQuestion(row.input);
            void send(row.input, row);
          }}
        />
      </div>
      {request.busy && (
        <Progress
          label={request.progress?.what ?? 'asking'}
          done={request.progress?.done ?? 0}
          total={request.progress?.total ?? 0}
        />
      )}
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('ask')} />}
      <div role="status">
        {latest && (
          <Voices mayAsk asked={latest} run={run} pin={<PinButton run={run} question={latest.question} />} />
        )}
      </div>
      <div className={styles['desk']}>
        {earlier.length > 0 ? (
          <details className={styles['earlier']}>
            <summary>Asked before ({formatCount(earlier.length)})</summary>
            {earlier.map((asked) => (
              <Voices key={asked.id} asked={asked} run={run} />
            ))}
            <Button small kind="quiet" onClick={() => forgetAsked(run.id)}>
              Clear what was asked before
            </Button>
          </details>
        ) : (
          <span />
        )}
        <QuestionFile run={run} asking={readAsking(draft)} obstacle={obstacle} />
      </div>
    </section>
  );
}

/** The other run is loaded after the first one's engine is closed: two never are in memory beside each other. */
async function askOther(
  runId: string,
  { id, question, asking }: AskedOnce,
  other: { runId: string; name: string },
): Promise<void> {
  const state = studioStore.getState();
  const record = state.runs.find((one) => one.id === other.runId);
  const why = record === undefined ? 'It is no longer stored.' : askObstacle(state, record);
  if (why !== null) {
    keepOther(runId, id, { ...other, kind: 'silent', why });
    return;
  }
  const command = { type: 'ask', runId: other.runId, question, asking: { ...asking, base: false } } as const;
  const asked = await studio.request('ask', command);
  keepOther(
    runId,
    id,
    asked === null
      ? { ...other, kind: 'silent', why: 'It was not asked to the end.' }
      : { ...other, kind: 'spoken', spoken: asked.distilled, step: asked.step },
  );
}

/** Rows of the test file, named by why they are worth a look; a press asks at once. */
function TryRows({
  rows,
  reason,
  chosen,
  onTry,
}: {
  rows: TestRows;
  reason: string | null;
  chosen: string;
  onTry: (row: KnownRow) => void;
}) {
  const id = useId();
  if (rows.toTry.length === 0) return null;
  return (
    <div className={styles['try']} role="group" aria-labelledby={id}>
      <h3 id={id}>Try a test row</h3>
      <ul translate="no">
        {rows.toTry.map(({ why, row }) => (
          <li key={row.row}>
            <button
              type="button"
              className={styles['row']}
              aria-disabled={reason !== null || undefined}
              aria-current={chosen === row.input || undefined}
              title={reason ?? row.input}
              onClick={() => {
                if (reason === null) onTry(row);
              }}
            >
              <span className={styles['why']}>{why}</span>
              <span className={styles['short']}>{row.input}</span>
            </button>
          </li>
        ))}
      </ul>
      <Button
        small
        kind="quiet"
        icon={Shuffle}
        reason={reason}
        onClick={() =>
          void rows
            .any()
            .then((row) => {
              if (row !== null) onTry(row);
            })
            .catch((error: unknown) => studio.fail('ask', error))
        }
      >
        Any test row
      </Button>
    </div>
  );
}
