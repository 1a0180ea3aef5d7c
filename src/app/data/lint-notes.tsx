import { formatCount } from '../../base/units.ts';
import { lintWords, type LintKind } from '../../data/lint.ts';
import type { StoredNote } from '../../store/records.ts';
import styles from './lint-notes.module.css';

/** Rows named at most, below a note. */
const named = 8;

/** Counts that are worth a look; none of them stops anything. */
export function LintNotes({ notes, refused }: { notes: readonly StoredNote[]; refused: number }) {
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
            <NoteText note={note} />
            {note.rows.length > 0 && (
              <span className={styles['rows']}>
                {note.rows.length === 1 ? 'row ' : 'rows '}
                {note.rows
                  .slice(0, named)
                  .map((row) => formatCount(row + 1))
                  .join(', ')}
                {note.rows.length > named && ' …'}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A note with its count in bold, where it begins with one. Records of earlier versions have no text of their own. */
function NoteText({ note }: { note: StoredNote }) {
  const count = formatCount(note.count);
  const text = note.text ?? `${count} ${lintWords(note.kind as LintKind, note.count)}`;
  if (!text.startsWith(`${count} `)) return <>{text}</>;
  return (
    <>
      <strong className={styles['count']}>{count}</strong> {text.slice(count.length + 1)}
    </>
  );
}
