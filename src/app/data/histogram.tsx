import { formatCount } from '../../base/units.ts';
import type { LengthHistogram } from '../../data/histogram.ts';
import { lastOf } from '../state/last-of.ts';
import styles from './histogram.module.css';

const height = 56;
const width = 240;

/** Bars for the eye, a table for a screen reader. */
export function Histogram({ title, histogram }: { title: string; histogram: LengthHistogram }) {
  const { max, mean, p99 } = histogram;
  // What is shorter than the shortest is no news: the bars begin where there are rows.
  const bins = histogram.bins.slice(
    Math.max(
      0,
      histogram.bins.findIndex((bin) => bin.count > 0),
    ),
  );
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  // A handful of bars is not blown up to fill the place.
  const step = Math.min(width / Math.max(1, bins.length), 24);
  const used = (step * bins.length) / width;
  return (
    <figure className={styles['figure']}>
      <figcaption className={styles['title']}>{title}</figcaption>
      <svg
        className={styles['bars']}
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        {bins.map((bin, index) => {
          // A bin that is not empty is never drawn as if it were.
          const tall = bin.count === 0 ? 0 : Math.max(1.5, (bin.count / most) * height);
          return (
            <rect
              key={bin.from}
              x={index * step + 0.5}
              width={Math.max(0.5, step - 1)}
              y={height - tall}
              height={tall}
            />
          );
        })}
      </svg>
      <p className={styles['axis']} style={{ width: `${used * 100}%` }} aria-hidden="true">
        <span>{bins[0]?.from ?? 0}</span>
        <span>{lastOf(bins)?.to ?? 0}</span>
      </p>
      <p className={styles['facts']}>
        mean {mean.toFixed(1)} · 99 in 100 up to {formatCount(p99)} · longest {formatCount(max)}
      </p>
      <div className="visually-hidden">
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">tokens</th>
              <th scope="col">rows</th>
            </tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={bin.from}>
                <td>
                  {bin.from} to {bin.to - 1}
                </td>
                <td>{bin.count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
