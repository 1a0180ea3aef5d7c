import { Download, FileUp, Square } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { formatCount, formatDuration } from '../../base/units.ts';
import type { Asking } from '../../distill/ask.ts';
import { answersJsonLines } from '../../export/tables.ts';
import type { RunRecord } from '../../store/records.ts';
import type { AnsweredFile } from '../../worker/protocol.ts';
import { saveFile } from '../download.ts';
import { askedFiles } from '../state/asked-store.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { useNow } from '../state/use-now.ts';
import { Button } from '../ui/button.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { ErrorNotice, Notice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import styles from './ask-it.module.css';

/** Many questions at once, answered by the distilled student, and its answers as a file. */
export function QuestionFile({
  run,
  asking,
  obstacle,
}: {
  run: RunRecord;
  asking: Asking;
  obstacle: string | null;
}) {
  const { busy, progress, error } = useStudio((state) => state.requests['ask-file']);
  const found = useStore(askedFiles, (state) => state[run.id] ?? null);
  const put = async (file: File): Promise<void> => {
    const answered = await studio.request('ask-file', { type: 'ask-file', runId: run.id, file, asking });
    if (answered) askedFiles.setState({ [run.id]: { fileName: file.name, answered } });
  };
  const save = useRef<HTMLDivElement>(null);
  const wasBusy = useRef(false);
  useEffect(() => {
    // What had the focus is gone with the progress: it continues with the answers.
    if (wasBusy.current && !busy && document.activeElement === document.body)
      save.current?.querySelector('button')?.focus();
    wasBusy.current = busy;
  }, [busy]);
  return (
    <div className={styles['file']}>
      <h3>A file of questions</h3>
      {busy ? (
        <>
          <Progress
            label={progress?.what ?? 'reading the questions'}
            done={progress?.done ?? 0}
            total={progress?.total ?? 0}
          />
          <TimeLeft done={progress?.done ?? 0} total={progress?.total ?? 0} />
          <Button icon={Square} onClick={() => studio.cancel('ask-file')}>
            Stop and keep the answers
          </Button>
        </>
      ) : (
        <>
          <p className={styles['hint']}>
            One on each line of a text, or rows as on Data; the distilled student answers all of them.
          </p>
          {obstacle === null && (
            <FileButton
              icon={FileUp}
              single
              testId="question-file"
              onFiles={([dropped]) => {
                if (dropped) void put(dropped.file);
              }}
            >
              {found === null ? 'Choose a file' : 'Another file'}
            </FileButton>
          )}
        </>
      )}
      {error && <ErrorNotice error={error} onDismiss={() => studio.dismiss('ask-file')} />}
      <div ref={save} className={styles['saved']} aria-live="polite">
        {!busy && found !== null && <Answered run={run} {...found} />}
      </div>
    </div>
  );
}

function TimeLeft({ done, total }: { done: number; total: number }) {
  const now = useNow(true);
  // The first answers also wait for the engine: the pace is that of the later ones.
  const [first, setFirst] = useState<{ at: number; done: number } | null>(null);
  useEffect(() => {
    if (done > 0) setFirst((before) => before ?? { at: Date.now(), done });
  }, [done]);
  const since = first === null ? 0 : done - first.done;
  if (first === null || since <= 0) return null;
  const leftMs = ((now - first.at) / since) * (total - done);
  return <p className={styles['hint']}>about {formatDuration(Math.max(0, leftMs))} left</p>;
}

function Answered({ run, fileName, answered }: { run: RunRecord; fileName: string; answered: AnsweredFile }) {
  const { answers, questions, problem } = answered;
  return (
    <>
      <p className={styles['hint']}>
        {fileName}: {formatCount(answers.length)} of {plural(questions.length, 'question')} answered.
      </p>
      {problem !== null && (
        <Notice kind="warning">
          <p>{problem.message}</p>
        </Notice>
      )}
      {answers.length > 0 && (
        <Button
          icon={Download}
          onClick={() =>
            saveFile(`${run.name}-answers.jsonl`, answersJsonLines(answered), 'application/jsonl')
          }
        >
          Save {plural(answers.length, 'answer')}
        </Button>
      )}
    </>
  );
}
