import { useState } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { SelectField } from '../ui/field.tsx';
import { plural } from '../words.ts';
import { differences } from './differences.ts';
import { finalOf, grouped, type Final } from './finals.ts';
import styles from './finals-view.module.css';

/** How the overlaid runs ended: a bar for each, put together by a setting where the person wishes. */
export function FinalsView({ runs }: { runs: readonly RunRecord[] }) {
  const [groupBy, setGroupBy] = useState('');
  const finals = runs.map(finalOf);
  if (finals.every(({ distilled }) => distilled === null)) return null;
  const apart = differences(runs);
  const values = apart.find(({ name }) => name === groupBy)?.values ?? null;
  return (
    <section className={styles['finals']} aria-labelledby="finals">
      <div className={styles['head']}>
        <h3 id="finals">Accuracy of the distilled student</h3>
        {apart.length > 0 && (
          <SelectField
            label="Grouped by"
            options={[
              { value: '', label: 'nothing' },
              ...apart.map(({ name }) => ({ value: name, label: name })),
            ]}
            value={values === null ? '' : groupBy}
            onChange={setGroupBy}
          />
        )}
      </div>
      {grouped(finals, values).map((group) => (
        <div key={group.value ?? ''} className={styles['group']}>
          {group.value !== null && (
            <h4>
              {groupBy} {group.value}
              {group.mean !== null && (
                <span className={styles['mean']}>
                  {' '}
                  mean of {plural(group.mean.runs, 'run')}: {formatPercent(group.mean.share, 1)}
                </span>
              )}
            </h4>
          )}
          <ul className={styles['bars']}>
            {group.finals.map((final) => (
              <Bar key={final.run.id} final={final} />
            ))}
          </ul>
        </div>
      ))}
      <p className={styles['key']}>
        The thin line is the 95 % interval; the marks are <span className={styles['base']}>base</span> and{' '}
        <span className={styles['teacher']}>teacher</span>.
      </p>
    </section>
  );
}

function Bar({ final: { run, distilled, base, teacher } }: { final: Final }) {
  const marks = [
    { name: 'base', share: base },
    { name: 'teacher', share: teacher },
  ] as const;
  return (
    <li className={styles['bar']}>
      <span className={styles['name']}>{run.name}</span>
      <span className={styles['track']} aria-hidden="true">
        {distilled !== null && (
          <>
            <span className={styles['fill']} style={{ width: percent(distilled.share) }} />
            <span
              className={styles['interval']}
              style={{ left: percent(distilled.low), width: percent(distilled.high - distilled.low) }}
            />
          </>
        )}
        {marks.map(
          ({ name, share }) =>
            share !== null && (
              <span key={name} className={styles[`${name}Mark`]} style={{ left: percent(share) }} />
            ),
        )}
      </span>
      <span className={styles['value']}>
        {distilled === null
          ? 'not measured'
          : `${formatPercent(distilled.share, 1)} of ${formatCount(distilled.rows)}`}
        {marks.map(
          ({ name, share }) =>
            share !== null && (
              <span key={name} className="visually-hidden">
                , {name} {formatPercent(share, 1)}
              </span>
            ),
        )}
      </span>
    </li>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}
