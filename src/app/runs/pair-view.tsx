import { ArrowLeft } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { Prediction } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { readPredictions } from '../../store/runs.ts';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { chanceWords, plural, shownText } from '../words.ts';
import { finalOf } from './finals.ts';
import { pairedTest, rowsIn, sharedRows, type PairView as View, type SharedRow } from './pair.ts';
import styles from './pair-view.module.css';
import { percentWords } from './run-columns.ts';
import { RunMark } from './run-mark.tsx';

/** Differences that chance makes less often than this are called differences. */
const level = 0.05;
const atOnce = 20;

/** Two runs on the same test rows, a third beside them where there is one. */
export function PairView({ runs }: { runs: readonly RunRecord[] }) {
  const predictions = useAllPredictions(runs);
  const shared = useMemo(() => (predictions === null ? null : sharedRows(predictions)), [predictions]);
  return (
    <section className={styles['pair']} aria-label="Runs compared">
      <div className={styles['back']}>
        <LinkButton icon={ArrowLeft} href={hashOf('runs')}>
          All runs
        </LinkButton>
      </div>
      <ul className={styles['runs']}>
        {runs.map((run, index) => (
          <li key={run.id}>
            <h2>
              <RunMark run={run} /> {run.name}
            </h2>
            <p className={styles['share']}>{percentWords(finalOf(run).distilled?.share ?? null)}</p>
            <p className={styles['facts']}>{['first', 'second', 'reference'][index]}</p>
          </li>
        ))}
      </ul>
      {shared === null ? (
        <p role="status">Reading the answers…</p>
      ) : shared.rows.length === 0 ? (
        <Notice kind="info">
          <p>These runs share no test row. Compare each on the same test rows, then see them here.</p>
        </Notice>
      ) : (
        <Rows runs={runs} rows={shared.rows} leftOut={shared.leftOut} />
      )}
    </section>
  );
}

function useAllPredictions(runs: readonly RunRecord[]): Prediction[][] | null {
  const [read, setRead] = useState<{ of: string; predictions: Prediction[][] } | null>(null);
  const of = runs.map(({ id }) => id).join(' ');
  useEffect(() => {
    let current = true;
    Promise.all(of.split(' ').map((id) => readPredictions(id)))
      .then((predictions) => {
        if (current) setRead({ of, predictions });
      })
      .catch((error: unknown) => studio.fail('runs', error));
    return () => {
      current = false;
    };
  }, [of]);
  return read?.of === of ? read.predictions : null;
}

function Rows({
  runs,
  rows,
  leftOut,
}: {
  runs: readonly RunRecord[];
  rows: readonly SharedRow[];
  leftOut: number;
}) {
  const [view, setView] = useState<View>('differ');
  const [count, setCount] = useState(atOnce);
  const shown = rowsIn(view, rows);
  const segments = [
    { value: 'differ', label: 'answers differ' },
    { value: 'first', label: `only ${runs[0]!.name} right` },
    { value: 'second', label: `only ${runs[1]!.name} right` },
    { value: 'all', label: 'all' },
  ] as const;
  return (
    <>
      <p className={styles['finding']} data-testid="pair-finding">
        {finding(runs, rows)}
      </p>
      {leftOut > 0 && (
        <p className={styles['facts']}>
          {plural(leftOut, 'row')} that not all of them answered {leftOut === 1 ? 'is' : 'are'} left out.
        </p>
      )}
      <SegmentedControl
        legend="Rows"
        look="chips"
        segments={segments.map((one) => ({ ...one, count: rowsIn(one.value, rows).length }))}
        value={view}
        onChange={(next) => {
          setView(next);
          setCount(atOnce);
        }}
      />
      <ol className={styles['rows']}>
        {shown.slice(0, count).map((row) => (
          <li key={row.row} data-testid="pair-row">
            <p className={styles['question']} translate="no">
              <span className={styles['number']}>{formatCount(row.row + 1)}</span> {row.input}
            </p>
            <p className={styles['facts']} translate="no">
              True answer: {shownText(row.label)}
              {row.teacher !== null && ` · teacher: ${shownText(row.teacher)}`}
            </p>
            <dl className={styles['answers']}>
              {row.answers.map(({ answer, rationale, isRight }, index) => (
                <div key={runs[index]!.id}>
                  <dt>
                    <RunMark run={runs[index]!} /> {runs[index]!.name}
                  </dt>
                  <dd translate="no">
                    <strong className={isRight ? styles['right'] : styles['wrong']}>
                      {shownText(answer)}
                    </strong>{' '}
                    <span className={styles['verdict']}>{isRight ? 'right' : 'wrong'}</span>
                    {rationale !== null && <p className={styles['reason']}>{shownText(rationale)}</p>}
                  </dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ol>
      {shown.length === 0 && <p className={styles['facts']}>There are no such rows.</p>}
      {shown.length > count && (
        <Button onClick={() => setCount(count + 100)}>
          Show more of {formatCount(shown.length - count)} rows
        </Button>
      )}
    </>
  );
}

/** What the paired test of the first two says, in a sentence. */
function finding(runs: readonly RunRecord[], rows: readonly SharedRow[]): string {
  const { lost, won, p } = pairedTest(rows);
  const [first, second] = [runs[0]!.name, runs[1]!.name];
  const share = (index: number): string =>
    formatPercent(rows.filter(({ answers }) => answers[index]?.isRight).length / rows.length, 1);
  const shares = `On ${plural(rows.length, 'test row')}: ${first} ${share(0)}, ${second} ${share(1)}.`;
  if (lost + won === 0) return `${shares} They are right on the same rows.`;
  const split = `${formatCount(lost)} rows only ${first} has right, ${formatCount(won)} only ${second}`;
  return p < level
    ? `${shares} ${won > lost ? second : first} is better: ${split} (McNemar’s test, exact: p ${chanceWords(p)}).`
    : `${shares} No difference can be seen: ${split}, which may be chance (McNemar’s test, exact: p ${chanceWords(p)}).`;
}
