import { formatCount } from '../../base/units.ts';
import { fixLabels, fixOfNote } from '../../data/fix-for-note.ts';
import { fixes, type Fix } from '../../data/fixes.ts';
import { lintWords, type LintKind } from '../../data/lint.ts';
import type { DatasetRecord, SplitSummary, StoredNote } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { CheckField } from '../ui/check-field.tsx';
import styles from './lint-notes.module.css';

/** Rows named at most, below a note. */
const named = 8;

/** Counts that are worth a look, each with its rows and, where there is one, the switch that fixes it. */
export function LintNotes({
  dataset,
  summary: { lint: notes, refused },
  onRows,
}: {
  dataset: DatasetRecord;
  summary: SplitSummary;
  /** Shows rows by their position: those of a note, or one of them. */
  onRows: (rows: readonly number[], words: string) => void;
}) {
  const on = dataset.reading?.fixes ?? [];
  // A fix stands below the first note that it fixes; what is on and has nothing to fix here is at the end.
  const told = new Set<Fix>();
  const items = notes.map((note) => {
    const fix = dataset.sample ? null : fixOfNote(note.kind);
    if (fix === null || told.has(fix)) return { note, fix: null };
    told.add(fix);
    return { note, fix };
  });
  const silent = on.filter((fix) => !told.has(fix));
  return (
    <section className={styles['notes']} aria-label="Worth a look">
      <h2>Worth a look</h2>
      {notes.length === 0 && refused.length === 0 && (
        <p className={styles['none']}>Nothing stands out in these rows.</p>
      )}
      <ul>
        {refused.length > 0 && (
          <li className={styles['note']}>
            <strong className={styles['count']}>{formatCount(refused.length)}</strong>{' '}
            {refused.length === 1 ? 'row was left out' : 'rows were left out'}
          </li>
        )}
        {items.map(({ note, fix }) => (
          <li key={fix ?? note.kind} className={styles['note']}>
            <NoteText note={note} />
            {note.rows.length > 0 && (
              <span className={styles['rows']}>
                {note.rows.slice(0, named).map((row) => (
                  <button
                    key={row}
                    type="button"
                    className={styles['row']}
                    aria-label={`Show row ${formatCount(row + 1)}`}
                    onClick={() => onRows([row], `row ${formatCount(row + 1)}`)}
                  >
                    {formatCount(row + 1)}
                  </button>
                ))}
                {note.rows.length > 1 && (
                  <button
                    type="button"
                    className={styles['row']}
                    aria-label={`Show all ${formatCount(note.rows.length)} rows: ${textOf(note)}`}
                    onClick={() => onRows(note.rows, textOf(note))}
                  >
                    all {formatCount(note.rows.length)}
                  </button>
                )}
              </span>
            )}
            {fix !== null && <Switch fix={fix} on={on} />}
          </li>
        ))}
        {silent.map((fix) => (
          <li key={fix} className={styles['note']}>
            <Switch fix={fix} on={on} />
          </li>
        ))}
      </ul>
      {on.length > 0 && (
        <p className={styles['none']}>
          What is switched on is kept with the run and named in the model card. The files stay as they are.
        </p>
      )}
    </section>
  );
}

function Switch({ fix, on }: { fix: Fix; on: readonly Fix[] }) {
  return (
    <CheckField
      label={fixLabels[fix]}
      checked={on.includes(fix)}
      onChange={(wanted) =>
        // In the order in which they are done: labels are fixed before rows are left out.
        void studio.changeReading({
          fixes: fixes.filter((one) => (one === fix ? wanted : on.includes(one))),
        })
      }
    />
  );
}

/** Records of earlier versions have none. */
function textOf(note: StoredNote): string {
  return note.text ?? `${formatCount(note.count)} ${lintWords(note.kind as LintKind, note.count)}`;
}

/** A note with its count in bold, where it begins with one. */
function NoteText({ note }: { note: StoredNote }) {
  const count = formatCount(note.count);
  const text = textOf(note);
  if (!text.startsWith(`${count} `)) return <>{text}</>;
  return (
    <>
      <strong className={styles['count']}>{count}</strong> {text.slice(count.length + 1)}
    </>
  );
}
