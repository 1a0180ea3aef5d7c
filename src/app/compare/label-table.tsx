import { useMemo } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { tallyByLabel } from './ledger.ts';
import { shownText } from '../words.ts';
import styles from './label-table.module.css';

interface Props {
  predictions: readonly Prediction[];
  /** The label whose rows are shown; null for all. */
  chosen: string | null;
  onChoose: (label: string | null) => void;
}

/** Accuracy by true answer, where there are few answers; a label shows its rows. */
export function LabelTable({ predictions, chosen, onChoose }: Props) {
  const labels = useMemo(() => tallyByLabel(predictions), [predictions]);
  if (labels === null) return null;
  const withTeacher = labels.some(({ teacher }) => teacher.total > 0);
  return (
    <details className={styles['labels']}>
      <summary>By answer: {formatCount(labels.length)} different true ones</summary>
      <div className={styles['scroll']}>
        <table className={styles['table']}>
          <caption className="visually-hidden">Rows and accuracy by true answer</caption>
          <thead>
            <tr>
              <th scope="col">true answer</th>
              <th scope="col">rows</th>
              <th scope="col">base</th>
              <th scope="col">distilled</th>
              {withTeacher && <th scope="col">teacher</th>}
            </tr>
          </thead>
          <tbody>
            {labels.map(({ label, rows, base, distilled, teacher }) => (
              <tr key={label}>
                <th scope="row">
                  <button
                    type="button"
                    className={styles['label']}
                    aria-pressed={chosen === label}
                    onClick={() => onChoose(chosen === label ? null : label)}
                  >
                    {shownText(label)}
                  </button>
                </th>
                <td>{formatCount(rows)}</td>
                <Share correct={base} total={rows} />
                <Share correct={distilled} total={rows} who="distilled" />
                {withTeacher && <Share {...teacher} who="teacher" />}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Share({ correct, total, who = 'base' }: { correct: number; total: number; who?: string }) {
  if (total === 0) return <td>not asked</td>;
  const share = correct / total;
  return (
    <td className={styles[who]}>
      <span className={styles['bar']} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      {formatPercent(share, 0)}
    </td>
  );
}
