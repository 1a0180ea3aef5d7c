import { formatCount, formatPercent } from '../../base/units.ts';
import type { Tally } from '../../data/example.ts';
import { metricIds, metricWords } from '../../data/metrics/metrics.ts';
import type { Comparison } from '../../store/records.ts';
import styles from './label-table.module.css';

/** The same answers by every metric that says something of the labels; the main one is what the numbers above are by. */
export function MetricsTable({ comparison }: { comparison: Omit<Comparison, 'step'> }) {
  const { metrics } = comparison;
  if (metrics === undefined) return null;
  const { main, because, by, macroF1, rationales } = metrics;
  const withTeacher = comparison.teacher !== null;
  const known = metricIds.filter((metric) => by[metric] !== undefined);
  return (
    <section className={styles['labels']} aria-label="By other metrics">
      <p>
        Judged by <strong>{main}</strong>: {metricWords[main]}; {because}.
      </p>
      <div className={styles['scroll']}>
        <table className={styles['table']}>
          <caption className="visually-hidden">Right answers by metric</caption>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col">base</th>
              <th scope="col">distilled</th>
              {withTeacher && <th scope="col">teacher</th>}
            </tr>
          </thead>
          <tbody>
            {known.map((metric) => {
              const { base, distilled, teacher } = by[metric]!;
              return (
                <tr key={metric}>
                  <th scope="row" title={metricWords[metric]}>
                    {metric}
                  </th>
                  <Share tally={base} />
                  <Share tally={distilled} />
                  {withTeacher && <Share tally={teacher} />}
                </tr>
              );
            })}
            {macroF1 !== null && (
              <tr>
                <th scope="row" title="The mean F1 of the labels, each counted alike">
                  macro-F1
                </th>
                <td>{macroF1.base.toFixed(3)}</td>
                <td>{macroF1.distilled.toFixed(3)}</td>
                {withTeacher && <td>{macroF1.teacher?.toFixed(3) ?? 'not asked'}</td>}
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {rationales !== null && (
        <p data-testid="rationale-scores">
          The student’s rationales against the teacher’s, on {formatCount(rationales.rows)} rows: ROUGE-L{' '}
          {rationales.rougeL.toFixed(3)}, token F1 {rationales.tokenF1.toFixed(3)}.
        </p>
      )}
    </section>
  );
}

function Share({ tally }: { tally: Tally | null }) {
  if (tally === null || tally.total === 0) return <td>not asked</td>;
  return (
    <td>
      {formatPercent(tally.correct / tally.total, 1)} ({formatCount(tally.correct)})
    </td>
  );
}
