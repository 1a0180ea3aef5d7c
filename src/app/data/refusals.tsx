import { formatCount } from '../../base/units.ts';
import type { SplitSummary } from '../../store/records.ts';
import { clipped } from '../words.ts';
import styles from './refusals.module.css';

/** Listed at most; the rest is counted. */
const listed = 200;

/** Rows that were left out, each with its file, its line and the reason. */
export function Refusals({ refused }: { refused: SplitSummary['refused'] }) {
  if (refused.length === 0) return null;
  return (
    <details className={styles['refusals']}>
      <summary>
        {refused.length === 1 ? '1 row was left out' : `${formatCount(refused.length)} rows were left out`}
      </summary>
      <ul className={styles['list']}>
        {refused.slice(0, listed).map((refusal, index) => (
          <li key={index}>
            <span className={styles['place']}>
              {refusal.file}, line {formatCount(refusal.line)}
            </span>{' '}
            {clipped(refusal.reason)}
          </li>
        ))}
        {refused.length > listed && <li>and {formatCount(refused.length - listed)} more</li>}
      </ul>
    </details>
  );
}
