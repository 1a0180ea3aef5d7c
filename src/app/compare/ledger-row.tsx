import { useEffect, useRef, type Ref } from 'react';
import { formatCount } from '../../base/units.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { classes } from '../ui/classes.ts';
import { CopyLink } from '../ui/copy-link.tsx';
import { Verdict } from '../ui/verdict.tsx';
import { clipped } from '../words.ts';
import styles from './ledger-row.module.css';
import { verdictOf, type Answerer } from './ledger.ts';
import { Rationales } from './rationales.tsx';

interface Props {
  ref: Ref<HTMLDivElement>;
  prediction: Prediction;
  index: number;
  /** Pixels from the ledger's top. */
  offset: number;
  open: boolean;
  focused: boolean;
  /** The address of this example. */
  href: string;
  onToggle: () => void;
}

/** One test row: everybody's answer with its verdict; opened, the two rationales side by side. */
export function LedgerRow({ ref, prediction, index, offset, open, focused, href, onToggle }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) button.current?.focus({ preventScroll: true });
  }, [focused]);
  useEffect(() => {
    // Whole in view, below the heads and above a phone's tabs (`scroll-margin`); of a taller one, its beginning.
    const row = button.current?.closest('[role=row]');
    if (!focused || !row) return;
    const isTall = row.getBoundingClientRect().height > innerHeight - 120;
    row.scrollIntoView({ block: isTall ? 'start' : 'nearest' });
  }, [focused, open]);
  return (
    <div
      ref={ref}
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      className={classes(styles['row'], open && styles['open'])}
      style={{ transform: `translateY(${offset}px)` }}
    >
      <div role="cell" className={styles['question']} translate="no">
        <button
          ref={button}
          type="button"
          className={styles['toggle']}
          aria-expanded={open}
          onClick={onToggle}
        >
          {clipped(prediction.input)}
        </button>
      </div>
      <div role="cell" className={styles['cell']}>
        <span className={styles['column']} aria-hidden="true">
          true
        </span>
        {clipped(prediction.label)}
      </div>
      <AnswerCell prediction={prediction} answerer="teacher" />
      <AnswerCell prediction={prediction} answerer="base" />
      <AnswerCell prediction={prediction} answerer="distilled" />
      {open && (
        <div role="cell" aria-colspan={5} className={styles['wide']}>
          <Rationales prediction={prediction} />
          <p className={styles['place']}>
            Row {formatCount(prediction.row + 1)} of the test file. <CopyLink href={href} />
          </p>
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
        <span className={styles['answer']} translate="no">
          <Verdict right={verdict} />
          {answer === '' ? <span className={styles['nothing']}>(empty)</span> : clipped(answer ?? '')}
        </span>
      )}
    </div>
  );
}
