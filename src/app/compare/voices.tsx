import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../base/units.ts';
import type { Spoken } from '../../distill/ask.ts';
import { teachesRationales } from '../../distill/methods.ts';
import { isRight } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';
import type { AskedOnce, KnownRow, OtherVoice } from '../state/asked-store.ts';
import { Verdict } from '../ui/verdict.tsx';
import { clipped, shownText } from '../words.ts';
import { Teacher } from './teacher-voice.tsx';
import styles from './voices.module.css';

/** One question with everybody's answer side by side. */
export function Voices({
  asked,
  run,
  pin,
  mayAsk = false,
}: {
  asked: AskedOnce;
  run: RunRecord;
  pin?: ReactNode;
  /** Whether the teacher can be asked from here. */
  mayAsk?: boolean;
}) {
  const { known, base, distilled, step, truncated, other, asking } = asked;
  return (
    <article className={styles['asked']} translate="no">
      <p className={styles['question']}>{clipped(asked.question)}</p>
      {known !== null && (
        <p className={styles['truth']}>
          true answer <strong>{shownText(known.label)}</strong> test row {formatCount(known.row + 1)}
        </p>
      )}
      <dl className={styles['voices']}>
        {base !== null && (
          <Voice who="base" what={`${run.studentName}, untrained`} known={known} spoken={base} tone="base" />
        )}
        <Voice
          who={`distilled, step ${formatCount(step)}`}
          what={run.name}
          known={known}
          spoken={distilled}
          tone="distilled"
          noReasons={!teachesRationales(run.recipe.method)}
        >
          {pin}
        </Voice>
        {other !== null && <Other other={other} known={known} />}
        <Teacher asked={asked} run={run} mayAsk={mayAsk} />
      </dl>
      {base === null && asking.base && (
        <p className={styles['hint']}>
          The base student ({run.studentName}) is no longer here, so it was not asked. Drop its folder again
          on Student to ask both.
        </p>
      )}
      {truncated && (
        <p className={styles['hint']}>
          The question is longer than the {formatCount(run.recipe.maxInputTokens)} tokens that the recipe lets
          a student read; the rest was not read.
        </p>
      )}
    </article>
  );
}

interface VoiceProps {
  who: string;
  what: string;
  known: KnownRow | null;
  spoken: Spoken;
  tone: 'base' | 'distilled' | 'other';
  /** It was trained without reasons. */
  noReasons?: boolean;
  children?: ReactNode;
}

function Voice({ who, what, known, spoken, tone, noReasons = false, children }: VoiceProps) {
  const { answer, answerMs, rationale, rationaleMs } = spoken;
  return (
    <div className={styles['voice']}>
      <dt>
        <span className={styles[tone]}>{who}</span>
        <span className={styles['what']}>{what}</span>
      </dt>
      <dd className={styles['answer']}>
        {known !== null && <Verdict right={isRight(answer, known)} />} {shownText(answer)}
      </dd>
      {rationale !== null && (
        <dd className={styles['rationale']}>{rationale === '' ? '(empty rationale)' : clipped(rationale)}</dd>
      )}
      {noReasons && <dd className={styles['hint']}>It was trained without reasons and gives none.</dd>}
      <dd className={styles['time']}>
        answer {formatDuration(answerMs)}
        {rationaleMs !== null && `, rationale ${formatDuration(rationaleMs)}`}
        {children}
      </dd>
    </div>
  );
}

function Other({ other, known }: { other: OtherVoice; known: KnownRow | null }) {
  switch (other.kind) {
    case 'spoken':
      return (
        <Voice
          who="another run"
          what={`${other.name}, step ${formatCount(other.step)}`}
          known={known}
          spoken={other.spoken}
          tone="other"
        />
      );
    case 'waiting':
    case 'silent':
      return (
        <div className={styles['voice']}>
          <dt>
            <span className={styles['other']}>another run</span>
            <span className={styles['what']}>{other.name}</span>
          </dt>
          <dd className={styles['hint']}>{other.kind === 'waiting' ? 'being asked …' : other.why}</dd>
        </div>
      );
    default:
      return other satisfies never;
  }
}
