import { useEffect, useRef, type Ref } from 'react';
import type { Prediction } from '../../distill/run-state.ts';
import { classes } from '../ui/classes.ts';
import { Verdict } from '../ui/verdict.tsx';
import styles from './ledger-row.module.css';
import { verdictOf, type Answerer } from './ledger.ts';

interface Props {
  ref: Ref<HTMLDivElement>;
  prediction: Prediction;
  index: number;
  /** Pixels from the ledger's top. */
  offset: number;
  open: boolean;
  focused: boolean;
  onToggle: () => void;
}

/** One test row: everybody's answer with its verdict; opened, the two rationales side by side. */
export function LedgerRow({ ref, prediction, index, offset, open, focused, onToggle }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) button.current?.focus({ preventScroll: true });
  }, [focused]);
  return (
    <div
      ref={ref}
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      className={classes(styles['row'], open && styles['open'])}
      style={{ transform: `translateY(${offset}px)` }}
    >
      <div role="cell" className={styles['question']}>
        <button
          ref={button}
          type="button"
          className={styles['toggle']}
          aria-expanded={open}
          onClick={onToggle}
        >
          {prediction.input}
        </button>
      </div>
      <div role="cell" className={styles['cell']}>
        <span className={styles['column']} aria-hidden="true">
          true
        </span>
        {prediction.label}
      </div>
      <AnswerCell prediction={prediction} answerer="teacher" />
      <AnswerCell prediction={prediction} answerer="base" />
      <AnswerCell prediction={prediction} answerer="distilled" />
      {open && (
        <div role="cell" aria-colspan={5} className={styles['wide']}>
          <Rationales prediction={prediction} />
        </div>
      )}
    </div>
  );
}

function AnswerCell({ prediction, answerer }: { prediction: Prediction; answerer: Answerer }) {
  const verdict = verdictOf(prediction, answerer);
  const answer = prediction[answerer];
  return (
    <div role="cell" className={classes(styles['cell'], verdict === false && styles['wrong'])}>
      <span className={styles['column']} aria-hidden="true">
        {answerer}
      </span>
      {verdict === null ? (
        <span className={styles['nothing']}>not asked</span>
      ) : (
        <span className={styles['answer']}>
          <Verdict right={verdict} />
          {answer === '' ? <span className={styles['nothing']}>(empty)</span> : answer}
        </span>
      )}
    </div>
  );
}

function Rationales({ prediction }: { prediction: Prediction }) {
  return (
    <dl className={styles['rationales']}>
      <div>
        <dt className={styles['teacher']}>teacher</dt>
        <dd>
          {prediction.teacherRationale ?? <span className={styles['nothing']}>wrote no rationale</span>}
        </dd>
      </div>
      <div>
        <dt className={styles['student']}>distilled student</dt>
        <dd>
          {prediction.rationale === null ? (
            <span className={styles['nothing']}>was not taught to explain</span>
          ) : prediction.rationale === '' ? (
            <span className={styles['nothing']}>(empty)</span>
          ) : (
            prediction.rationale
          )}
        </dd>
      </div>
    </dl>
  );
}
