import { useEffect, useMemo, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import { shareOf } from '../../distill/score.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { readMetrics } from '../../store/runs.ts';
import { useChartView } from '../charts/chart-view.ts';
import { wholeTick, type LineSeries, type Zoom } from '../charts/chart.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { runLook } from '../charts/run-look.ts';
import { studio } from '../state/studio.ts';
import { plural } from '../words.ts';
import { ChartControls } from '../charts/chart-controls.tsx';
import { examplesInStep, lossText, lossTick, shareText, timeText, xColumn } from '../charts/run-axis.ts';
import { columnsOf, secondsAt, smoothed, type MetricColumns } from '../charts/metric-columns.ts';
import { differences, results, type DifferenceRow } from './differences.ts';
import { FinalsView } from './finals-view.tsx';
import { hasGroups } from './run-table.ts';
import { seedMeans } from './seed-means.ts';
import { CheckField } from '../ui/check-field.tsx';
import styles from './overlay.module.css';
import { alignedTo, sharedX, type Column } from '../charts/overlay-series.ts';

/** More lines than this nobody reads. */
const mostLines = 12;

/** Runs over each other, and what sets them apart. */
export function Overlay({ runs: all }: { runs: readonly RunRecord[] }) {
  const runs = useMemo(() => all.slice(0, mostLines), [all]);
  const curves = useCurves(runs);
  return (
    <section className={styles['overlay']} aria-label="Runs overlaid">
      {all.length > mostLines && (
        <p className={styles['hint']}>The first {mostLines} that were ticked are drawn.</p>
      )}
      <Charts key={runs.map(({ id }) => id).join(' ')} runs={runs} curves={curves} />
      <FinalsView runs={runs} />
      <Differences runs={runs} curves={curves} />
    </section>
  );
}

type Curves = ReadonlyMap<string, readonly MetricsPoint[]>;

/** The points of each run, read once, and again when it has come further. */
function useCurves(runs: readonly RunRecord[]): Curves {
  const [curves, setCurves] = useState<Curves>(new Map());
  const wanted = runs.map(({ id, step }) => `${id} ${step}`).join(',');
  useEffect(() => {
    const left = new AbortController();
    void (async () => {
      try {
        const ids = wanted === '' ? [] : wanted.split(',').map((one) => one.split(' ')[0]!);
        const read = await Promise.all(ids.map(async (id) => [id, await readMetrics(id)] as const));
        if (!left.signal.aborted) setCurves(new Map(read));
      } catch (error) {
        studio.fail('runs', error);
      }
    })();
    return () => left.abort();
  }, [wanted]);
  return curves;
}

function columnsOfRun(curves: Curves, { id }: RunRecord): MetricColumns | null {
  const points = curves.get(id);
  return points === undefined ? null : columnsOf(points);
}

const lossCharts = [
  { title: 'Answer loss', key: 'answerLoss' },
  { title: 'Rationale loss', key: 'rationaleLoss' },
] as const;

function Charts({ runs, curves }: { runs: readonly RunRecord[]; curves: Curves }) {
  const overSeeds = useMemo(() => hasGroups(runs), [runs]);
  const [wantsMeans, setWantsMeans] = useState(false);
  const means = overSeeds && wantsMeans;
  const [view, changeView] = useChartView();
  const [zoom, setZoom] = useState<Zoom | null>(null);
  const losses = useMemo(
    () =>
      lossCharts.map((chart) => {
        const columns = runs.map((run) => columnsOfRun(curves, run));
        const xs = runs.map((run, index) => (columns[index] ? xColumn(view.x, run, columns[index], 0) : []));
        const x = sharedX(xs);
        const line = (index: number, smooth: boolean): (number | null)[] => {
          const own = columns[index]?.[chart.key] ?? [];
          return alignedTo(x, { x: xs[index]!, values: smooth ? smoothed(own, view.smoothing) : own });
        };
        const smooth = runs.map((run, index): LineSeries => ({
          ...lineOf(run),
          name: `${run.name} (smoothed ${view.smoothing})`,
          values: line(index, true),
        }));
        if (means) return { ...chart, x, series: seedMeans(runs, smooth) };
        const series = runs.flatMap((run, index): LineSeries[] => [
          {
            key: `${run.id}-raw`,
            of: run.id,
            label: '',
            name: run.name,
            ...runLook(run),
            values: line(index, false),
            faint: true,
          },
          smooth[index]!,
        ]);
        return { ...chart, x, series };
      }),
    [runs, curves, view.x, view.smoothing, means],
  );
  const accuracy = useMemo(() => {
    const { x, series } = accuracyOf(runs, curves, view.x);
    return { x, series: means ? seedMeans(runs, series) : series };
  }, [runs, curves, view.x, means]);
  const xMax = Math.max(1e-3, ...losses.map(({ x }) => x.at(-1) ?? 0), accuracy.x.at(-1) ?? 0);
  const axis = {
    xMax,
    now: xMax,
    zoom,
    onZoom: setZoom,
    xName: { step: 'step', time: 'time', examples: 'example' }[view.x],
    about: `${plural(runs.length, 'run')} on ${[...new Set(runs.map(({ datasetName }) => datasetName))].join(', ')}`,
    ...(view.x === 'time' ? { xText: timeText, xTick: timeText } : { xText: formatCount, xTick: wholeTick }),
  };
  return (
    <>
      <ChartControls
        view={view}
        onChange={(part) => {
          if (part.x !== undefined && part.x !== view.x) setZoom(null);
          changeView(part);
        }}
      />
      {overSeeds && (
        <CheckField
          label="Mean over seeds, between the lowest and the highest"
          checked={wantsMeans}
          onChange={setWantsMeans}
        />
      )}
      {/* A chart's lines are the same for its life. */}
      <div key={String(means)} className={styles['charts']}>
        {losses.map(({ title, x, series }) => (
          <LineChart
            key={title}
            {...axis}
            title={title}
            x={x}
            series={series}
            logY={view.logY}
            height={220}
            format={lossText}
            tick={lossTick}
          />
        ))}
        {accuracy.x.length > 0 && (
          <LineChart
            {...axis}
            title="Test accuracy"
            x={accuracy.x}
            series={accuracy.series}
            yRange={[0, 1]}
            height={180}
            format={shareText}
          />
        )}
      </div>
    </>
  );
}

function lineOf(run: RunRecord): Omit<LineSeries, 'values'> {
  return { key: run.id, label: run.name, ...runLook(run) };
}

function accuracyOf(
  runs: readonly RunRecord[],
  curves: Curves,
  axis: 'step' | 'time' | 'examples',
): { x: number[]; series: LineSeries[] } {
  const own = runs.map((run): Column => {
    const columns = columnsOfRun(curves, run);
    const evaluations = run.evaluations.toSorted((a, b) => a.step - b.step);
    const at = (step: number): number =>
      axis === 'step'
        ? step
        : axis === 'examples'
          ? step * examplesInStep(run)
          : columns === null
            ? 0
            : secondsAt(columns, step);
    return {
      x: evaluations.map(({ step }) => at(step)),
      values: evaluations.map(shareOf),
    };
  });
  const x = sharedX(own.map((column) => column.x));
  return {
    x,
    series: runs.map((run, index) => ({
      ...lineOf(run),
      values: alignedTo(x, own[index]!),
      points: true,
    })),
  };
}

/** What differs, then what came of it; a column for each run. */
function Differences({ runs, curves }: { runs: readonly RunRecord[]; curves: Curves }) {
  const apart = differences(runs);
  const came = results(runs, (run) => columnsOfRun(curves, run));
  const rows = (list: readonly DifferenceRow[]) =>
    list.map(({ name, values }) => (
      <tr key={name}>
        <th scope="row">{name}</th>
        {values.map((value, index) => (
          <td key={runs[index]!.id}>{value}</td>
        ))}
      </tr>
    ));
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a wide table is scrolled by keyboard too
    <div className={styles['scroll']} role="region" aria-label="What differs, and results" tabIndex={0}>
      <table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">What differs</th>
            {runs.map((run) => (
              <th key={run.id} scope="col">
                {run.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {apart.length === 0 ? (
            <tr>
              <td colSpan={runs.length + 1}>Nothing: the same recipe on the same rows.</td>
            </tr>
          ) : (
            rows(apart)
          )}
        </tbody>
        <tbody>
          <tr>
            <th className={styles['part']} scope="rowgroup" colSpan={runs.length + 1}>
              Results
            </th>
          </tr>
          {rows(came)}
        </tbody>
      </table>
    </div>
  );
}
