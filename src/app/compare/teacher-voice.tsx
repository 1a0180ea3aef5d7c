import { GraduationCap, Square } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { formatCount, formatDuration } from '../../base/units.ts';
import type { OneAnswer } from '../../desk/ask-one.ts';
import { isRight } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';
import { hashOf } from '../routes.ts';
import type { TeacherAtHand } from '../state/ask-teacher.ts';
import type { AskedOnce, KnownRow, TeacherVoice } from '../state/asked-store.ts';
import { studio } from '../state/studio.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { Button } from '../ui/button.tsx';
import { Verdict } from '../ui/verdict.tsx';
import { clipped, shownText } from '../words.ts';
import { teacherIsRight } from './try-rows.ts';
import styles from './voices.module.css';

/** What the teacher has said of a question, and a button that asks it: nothing goes to it otherwise. */
export function Teacher({ asked, run, mayAsk }: { asked: AskedOnce; run: RunRecord; mayAsk: boolean }) {
  const { known, teacher } = asked;
  const right = known === null ? null : teacherIsRight(known);
  const reason = known?.teacherRationale ?? null;
  const isStored = right !== null || reason !== null;
  const isSaid = teacher?.kind === 'said';
  return (
    <div className={styles['voice']}>
      <dt>
        <span className={styles['teacher']}>teacher</span>
        <span className={styles['what']}>{teacher?.who ?? (isStored ? 'from the stored answers' : '')}</span>
      </dt>
      {isSaid && <Said said={teacher.said} known={known} elapsedMs={teacher.elapsedMs} />}
      {teacher?.kind === 'silent' && <dd className={styles['hint']}>{teacher.why}</dd>}
      {teacher?.kind === 'waiting' && teacher.soFar !== '' && (
        <dd className={styles['rationale']}>{clipped(teacher.soFar)}</dd>
      )}
      {isSaid && isStored && <dd className={styles['hint']}>In the stored answers:</dd>}
      {known !== null && right !== null && (
        <dd className={styles[isSaid ? 'rationale' : 'answer']}>
          <Verdict right={right} /> {shownText(known.teacher!)}
        </dd>
      )}
      {reason !== null && !isSaid && <dd className={styles['rationale']}>{clipped(reason)}</dd>}
      {mayAsk ? (
        <Ask asked={asked} run={run} teacher={teacher} />
      ) : (
        <dd className={styles['time']}>{isStored || teacher !== null ? '' : 'not asked'}</dd>
      )}
    </div>
  );
}

/** An answer that was given just now. */
function Said({ said, known, elapsedMs }: { said: OneAnswer; known: KnownRow | null; elapsedMs: number }) {
  switch (said.kind) {
    case 'answered':
      return (
        <>
          <dd className={styles['answer']}>
            {/* It has no tokenizer: the label itself counts. */}
            {known !== null && (
              <Verdict right={isRight(said.answer, { ...known, writtenLabel: undefined })} />
            )}{' '}
            {shownText(said.answer)}
          </dd>
          <dd className={styles['rationale']}>
            {said.rationale === null ? '(no rationale)' : clipped(said.rationale)}
          </dd>
          <Cost said={said} elapsedMs={elapsedMs} />
        </>
      );
    case 'unread':
      return (
        <>
          <dd className={styles['rationale']}>{said.text === '' ? '(nothing)' : clipped(said.text)}</dd>
          <dd className={styles['hint']}>No answer could be read out of it: {said.why}.</dd>
          <Cost said={said} elapsedMs={elapsedMs} />
        </>
      );
    case 'silent':
      return <dd className={styles['hint']}>It gave no answer: {said.why}</dd>;
    default:
      return said satisfies never;
  }
}

function Cost({ said, elapsedMs }: { said: Exclude<OneAnswer, { kind: 'silent' }>; elapsedMs: number }) {
  const { usage, cost } = said;
  return (
    <dd className={styles['hint']}>
      in {formatDuration(elapsedMs)}
      {usage !== null && `, ${formatCount(usage.input)} tokens in, ${formatCount(usage.output)} out`}
      {cost !== null && `, at a cost of ${cost.toPrecision(2)}`}
    </dd>
  );
}

/** The button, or why there is none. */
function Ask({ asked, run, teacher }: { asked: AskedOnce; run: RunRecord; teacher: TeacherVoice | null }) {
  const [atHand, setAtHand] = useState<TeacherAtHand | null>(null);
  const stop = useRef<AbortController | null>(null);
  // What is set up, and whether a model is open in this tab, changes on another screen.
  const setup = useTeacher((state) => state.setup);
  const tab = useTeacher((state) => state.tab.phase);
  const { datasetId } = run;
  useEffect(() => {
    let current = true;
    void import('../state/ask-teacher.ts')
      .then(({ teacherOf }) => teacherOf(datasetId))
      .then(
        (found) => {
          if (current) setAtHand(found);
        },
        (error: unknown) => studio.fail('ask', error),
      );
    return () => {
      current = false;
    };
  }, [datasetId, setup, tab]);
  if (atHand === null) return null;
  if ('why' in atHand) {
    return (
      <dd className={styles['hint']}>
        {atHand.why} <a href={hashOf('teacher')}>To the teacher</a>
      </dd>
    );
  }
  const isWaiting = teacher?.kind === 'waiting';
  const ask = async (): Promise<void> => {
    const { askTeacherToo } = await import('../state/ask-teacher.ts');
    stop.current = new AbortController();
    await askTeacherToo(run.id, asked, atHand, stop.current.signal);
  };
  return (
    <dd className={styles['time']}>
      {/* One button under two names, so that it keeps the focus. */}
      <Button
        small
        icon={isWaiting ? Square : GraduationCap}
        onClick={() => {
          if (isWaiting) stop.current?.abort();
          else void ask();
        }}
      >
        {isWaiting ? 'Stop asking it' : teacher === null ? `Ask ${atHand.who}` : 'Ask it again'}
      </Button>
    </dd>
  );
}
