import { useMemo, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import { confusionOf } from '../../data/metrics/labels.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { shownText } from '../words.ts';
import { classes } from '../ui/classes.ts';
import type { Cell } from './ledger.ts';
import styles from './label-table.module.css';

const answerers = ['distilled', 'base', 'teacher'] as const;

/** The confusion table: true answers by given ones, where answers are few; a cell shows its rows. */
export function ConfusionTable({
  predictions,
  chosen,
  onChoose,
}: {
  predictions: readonly Prediction[];
  /** The cell whose rows are shown. */
  chosen: Cell | null;
  onChoose: (cell: Cell | null) => void;
}) {
  const [who, setWho] = useState<(typeof answerers)[number]>('distilled');
  const confusion = useMemo(() => {
    const rows = predictions.flatMap((row) => {
      const answer = row[who];
      const label = who === 'teacher' ? row.label : (row.writtenLabel ?? row.label);
      return answer === null ? [] : [{ row: row.row, label, answer }];
    });
    return confusionOf(rows);
  }, [predictions, who]);
  const withTeacher = predictions.some(({ teacher }) => teacher !== null);
  if (confusion === null) return null;
  const { labels, cells, scores, macroF1 } = confusion;
  const said = [...labels, 'another text'];
  return (
    <details className={styles['labels']}>
      <summary>Confusion table: macro-F1 {macroF1.toFixed(3)}</summary>
      <SegmentedControl
        legend="Whose answers"
        segments={answerers
          .filter((one) => one !== 'teacher' || withTeacher)
          .map((value) => ({ value, label: value }))}
        value={who}
        onChange={(next) => {
          setWho(next);
          onChoose(null);
        }}
      />
      <div className={styles['scroll']}>
        <table className={styles['table']}>
          <caption className="visually-hidden">Rows by true answer and answer of {who}</caption>
          <thead>
            <tr>
              <th scope="col">true answer</th>
              {said.map((label) => (
                <th key={label} scope="col">
                  {shownText(label)}
                </th>
              ))}
              <th scope="col">F1</th>
            </tr>
          </thead>
          <tbody>
            {labels.map((label, at) => (
              <tr key={label}>
                <th scope="row">{shownText(label)}</th>
                {cells[at]!.map((rows, answer) => {
                  const name = `${shownText(label)} taken for ${shownText(said[answer]!)}`;
                  const isChosen = chosen?.name === name && chosen.who === who;
                  return (
                    <td key={said[answer]} className={classes(at === answer && styles['right'])}>
                      {rows.length === 0 ? (
                        '·'
                      ) : (
                        <button
                          type="button"
                          className={styles['label']}
                          aria-pressed={isChosen}
                          aria-label={`${formatCount(rows.length)} rows: ${name}`}
                          onClick={() => onChoose(isChosen ? null : { who, name, rows: new Set(rows) })}
                        >
                          {formatCount(rows.length)}
                        </button>
                      )}
                    </td>
                  );
                })}
                <td>{scores[at]!.f1.toFixed(3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
