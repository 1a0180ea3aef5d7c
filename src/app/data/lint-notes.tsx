import { formatCount } from '../../base/units.ts';
import type { LintNote } from '../../data/lint.ts';
import { lintNoteWords } from '../words.ts';
import styles from './lint-notes.module.css';

/** Rows named at most, below a note. */
const named = 8;

/** Counts that are worth a look; none of them stops anything. */
export function LintNotes({ notes, refused }: { notes: readonly LintNote[]; refused: number }) {
  return (
    <section className={styles['notes']} aria-label="Worth a look">
      <h2>Worth a look</h2>
      {notes.length === 0 && refused === 0 && (
        <p className={styles['none']}>Nothing stands out in these rows.</p>
      )}
      <ul>
        {refused > 0 && (
          <li className={styles['note']}>
            <strong className={styles['count']}>{formatCount(refused)}</strong>{' '}
            {refused === 1 ? 'row was left out' : 'rows were left out'}
          </li>
        )}
        {notes.map((note) => (
          <li key={note.kind} className={styles['note']}>
            <strong className={styles['count']}>{formatCount(note.count)}</strong>{' '}
            {lintNoteWords(note.kind, note.count)}
            <span className={styles['rows']}>
              {note.count === 1 ? 'row ' : 'rows '}
              {note.rows
                .slice(0, named)
                .map((row) => formatCount(row + 1))
                .join(', ')}
              {note.count > named && ' …'}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
