import type { ReactNode } from 'react';
import { formatCount, formatDuration, formatPercent } from '../../base/units.ts';
import { accuracyOf, agreementOf, countRows, lengthsOf, longReasonWords } from '../../desk/judge.ts';
import type { Setup } from '../../desk/setup.ts';
import { shareOf, wilsonInterval } from '../../distill/score.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { Button } from '../ui/button.tsx';
import { teacherName } from './servers.ts';
import { teacherDesk } from './teacher-desk.ts';
import styles from './run-figures.module.css';

/** How good the answers are, and what they cost: nothing before the first one. */
export function RunFigures({ setup, takeKey }: { setup: Setup; takeKey: () => string }) {
  const rows = useTeacher((state) => state.rows);
  useTeacher((state) => state.version);
  const phase = useTeacher((state) => state.phase);
  const progress = useTeacher((state) => state.progress);
  const spent = useTeacher((state) => state.spent);
  const counts = countRows(rows);
  if (counts.all === 0 && phase !== 'asking' && phase !== 'pausing') return null;
  const asking = phase === 'asking' || phase === 'pausing';
  const perMinute =
    progress === null || progress.asked === 0 ? null : (progress.asked / progress.elapsedMs) * 60_000;
  const left = progress === null ? null : progress.total - progress.done;
  const unread = teacherDesk.openRows({ pass: 'again' });
  const given = setup.mode === 'label' ? teacherDesk.openRows({ pass: 'given' }) : 0;
  const lengths = lengthsOf(rows);
  return (
    <section className={styles['figures']} aria-label="So far">
      <Right setup={setup} />
      <Figure name="rows" value={formatCount(counts.all)} of={`of ${formatCount(rows.length)}`}>
        <progress aria-label="rows that have an answer" max={rows.length} value={counts.all} />
        {unread > 0 && (
          <>
            <p>{formatCount(unread)} could not be read</p>
            {!asking && setup.where !== 'file' && (
              <Button small kind="quiet" onClick={() => void teacherDesk.ask({ pass: 'again' }, takeKey())}>
                Ask them more strictly
              </Button>
            )}
          </>
        )}
        {given > 0 && !asking && setup.where !== 'file' && (
          <Button small kind="quiet" onClick={() => void teacherDesk.ask({ pass: 'given' }, takeKey())}>
            Ask {formatCount(given)} reasons for the given label
          </Button>
        )}
        {counts.given > 0 && <p>{formatCount(counts.given)} reasons with the label given</p>}
      </Figure>
      <Figure
        name="cost"
        value={costWords(setup, spent.cost)}
        of={setup.budget.money === null ? '' : `of ${setup.budget.money}`}
      >
        <p>
          {formatCount(spent.input)} tokens in, {formatCount(spent.output)} out
        </p>
        {spent.cost !== null && counts.all > 0 && counts.all < rows.length && (
          <p>all rows: about {((spent.cost / counts.all) * rows.length).toFixed(2)}</p>
        )}
      </Figure>
      <Figure
        name="rate"
        value={perMinute === null ? '–' : formatCount(Math.round(perMinute))}
        of="rows a minute"
      >
        {asking && progress !== null && (
          <p>
            {formatCount(progress.inFlight)} at once
            {progress.faults > 0 && `, ${formatCount(progress.faults)} requests went wrong`}
          </p>
        )}
      </Figure>
      <Figure
        name="time left"
        value={
          asking && perMinute !== null && left !== null
            ? formatDuration((left / perMinute) * 60_000)
            : left === 0 || !asking
              ? '–'
              : '…'
        }
        of=""
      >
        {progress !== null && <p>{formatDuration(progress.elapsedMs)} so far</p>}
        {lengths !== null && (
          <p>
            reasons: {formatCount(lengths.median)} words in the middle
            {lengths.long > 0 && `, ${formatCount(lengths.long)} over ${longReasonWords}`}
          </p>
        )}
      </Figure>
      <Others />
    </section>
  );
}

/** A model in this tab costs nothing; what is not known is not 0. */
function costWords({ where }: Setup, cost: number | null): string {
  if (cost === null) return where === 'tab' ? 'none' : 'unknown';
  return cost.toFixed(cost < 1 ? 4 : 2);
}

/** The one large number: how often the teacher was right, and how sure that is. */
function Right({ setup }: { setup: Setup }) {
  const rows = useTeacher((state) => state.rows);
  useTeacher((state) => state.version);
  const tally = accuracyOf(countRows(rows));
  const { share, low, high } = wilsonInterval(tally);
  const percent = (value: number): string => (value * 100).toFixed(1);
  return (
    <div className={styles['right']} data-testid="right-so-far">
      <h2>{setup.mode === 'label' ? 'right so far' : 'agrees with the given label'}</h2>
      <p className={styles['large']}>
        {tally.total === 0 ? '–' : percent(share)}
        {tally.total > 0 && <span className={styles['percent']}> %</span>}
      </p>
      <div className={styles['line']} aria-hidden="true">
        {tally.total > 0 && (
          <>
            <span
              className={styles['interval']}
              style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }}
            />
            <span className={styles['dot']} style={{ left: `${share * 100}%` }} />
          </>
        )}
      </div>
      <p className={styles['facts']}>
        {tally.total === 0
          ? 'no answer was read yet'
          : `${formatCount(tally.correct)} of ${formatCount(tally.total)} · 95 % between ${percent(low)} and ${percent(high)}`}
      </p>
      {setup.votes > 1 && <Votes votes={setup.votes} />}
    </div>
  );
}

/** How often the answers to one question agree. */
function Votes({ votes }: { votes: number }) {
  const rows = useTeacher((state) => state.rows);
  const read = rows.flatMap(({ said }) => (said?.read?.ok ? [said.agreeing] : []));
  if (read.length === 0) return null;
  const share = read.reduce((sum, count) => sum + count, 0) / (read.length * votes);
  return <p className={styles['facts']}>{formatPercent(share, 0)} of a row’s answers agree</p>;
}

/** Other teachers of these rows, side by side. */
function Others() {
  const others = useTeacher((state) => state.others);
  const rows = useTeacher((state) => state.rows);
  if (others.length === 0) return null;
  return (
    <table className={styles['others']}>
      <caption>Other teachers of these rows</caption>
      <thead>
        <tr>
          <th scope="col">teacher</th>
          <th scope="col">right</th>
          <th scope="col">says the same as this one</th>
        </tr>
      </thead>
      <tbody>
        {others.map(({ teacherId, labels, right }) => {
          const { low, high, share } = wilsonInterval({ correct: right, total: labels.size });
          const same = agreementOf(rows, labels);
          return (
            <tr key={teacherId}>
              <th scope="row" translate="no">
                {teacherName(teacherId)}
              </th>
              <td>
                {formatPercent(share, 1)} of {formatCount(labels.size)} ({formatPercent(low, 1)} to{' '}
                {formatPercent(high, 1)})
              </td>
              <td>
                {same.total === 0 ? '–' : `${formatPercent(shareOf(same), 1)} of ${formatCount(same.total)}`}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Figure({
  name,
  value,
  of,
  children,
}: {
  name: string;
  value: string;
  of: string;
  children?: ReactNode;
}) {
  return (
    <div className={styles['figure']}>
      <h2>{name}</h2>
      <p className={styles['value']}>
        {value} <span className={styles['of']}>{of}</span>
      </p>
      <div className={styles['facts']}>{children}</div>
    </div>
  );
}
