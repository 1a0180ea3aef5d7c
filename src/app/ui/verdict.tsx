import styles from './verdict.module.css';

/** Right or wrong, as a mark for the eye and a word for a screen reader. */
export function Verdict({ right }: { right: boolean }) {
  return (
    <span className={right ? styles['right'] : styles['wrong']}>
      <span aria-hidden="true">{right ? '✓' : '✕'}</span>
      <span className="visually-hidden">{right ? 'right: ' : 'wrong: '}</span>
    </span>
  );
}
