import { formatCount } from '../../base/units.ts';
import styles from './progress.module.css';

interface Props {
  /** What is under way, in words: its accessible name. */
  label: string;
  done: number;
  /** 0 where it is unknown. */
  total: number;
  /** Shows the label and the count above the bar. */
  worded?: boolean;
}

/** How far something is. A native progress: one element says all of it. */
export function Progress({ label, done, total, worded = true }: Props) {
  const known = total > 0;
  return (
    <div className={styles['progress']}>
      {worded && (
        <p className={styles['words']}>
          {label}
          {known && total > 1 && (
            <span className={styles['count']}>
              {formatCount(done)} of {formatCount(total)}
            </span>
          )}
        </p>
      )}
      <progress
        className={styles['bar']}
        aria-label={label}
        max={known ? total : 1}
        {...(known ? { value: Math.min(done, total) } : {})}
      />
    </div>
  );
}
