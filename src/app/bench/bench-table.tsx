import type { BenchReport } from '../../worker/protocol.ts';
import { benchCells, benchColumns, benchSummary } from './bench-words.ts';
import styles from './bench-screen.module.css';

/** What was measured: a row for each engine. */
export function BenchTable({ report }: { report: BenchReport }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a wide table scrolls, and keys must reach it
    <div className={styles['scroll']} role="region" aria-label={`Measured: ${report.model}`} tabIndex={0}>
      <table className={styles['table']}>
        <caption className={styles['caption']}>{benchSummary(report)}</caption>
        <thead>
          <tr>
            {benchColumns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {benchCells(report).map(([engine, ...cells], row) => (
            <tr key={row}>
              <th scope="row">{engine}</th>
              {cells.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
