import { useCallback, useMemo, useState } from 'react';
import type { Evaluation, MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { ChartControls } from '../charts/chart-controls.tsx';
import { useChartView, type ChartView } from '../charts/chart-view.ts';
import type { LineChartProps, LineSeries, Zoom } from '../charts/chart.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { columnsOf, smoothed, type MetricColumns } from '../charts/metric-columns.ts';
import { aboutRun, axisOf, lossText, lossTick, xColumn } from '../charts/run-axis.ts';
import { useStudio, type Metrics } from '../state/studio-store.ts';
import { AccuracyChart } from './accuracy-chart.tsx';
import styles from './curves.module.css';
import { MetricsTable } from './metrics-table.tsx';
import { numberText } from '../recipe/recipe-draft.ts';

const rateText = (value: number): string => (value === 0 ? '0' : numberText(Number(value.toPrecision(2))));

/**
 * The two losses on one axis, the test accuracy below, and what else was measured, folded.
 * @param recorded Points that are not the shown run's in the store: those of a recording.
 */
export function Curves({ run, recorded }: { run: RunRecord; recorded?: Metrics }) {
  const current = useStudio((state) => state.metrics);
  const metrics = recorded ?? current;
  const live = useStudio((state) => state.liveRunId === run.id);
  const [view, changeView] = useChartView();
  const [zoom, setZoom] = useState<Zoom | null>(null);
  const changeShown = useCallback(
    (part: Partial<ChartView>) => {
      // A part of one axis is none of another.
      if (part.x !== undefined && part.x !== view.x) setZoom(null);
      changeView(part);
    },
    [view.x, changeView],
  );
  const points = metrics.runId === run.id ? metrics.points : none;
  const columns = columnsOf(points);
  // `points` and `columns` grow in place: their version says when.
  const { version } = metrics;
  const axis = useMemo(
    () => axisOf(view.x, run, columns, live, version),
    [view.x, run, columns, live, version],
  );
  const { xOf: _xOf, ...xProps } = axis;
  const x = useMemo(() => xColumn(view.x, run, columns, version), [view.x, run, columns, version]);
  const withRationale = run.recipe.method === 'step-by-step';
  const validation = useMemo(
    () => run.evaluations.filter(({ split }) => split === 'validation'),
    [run.evaluations],
  );
  // Known before the first measurement: its lines are there from the beginning, and push nothing when they are drawn.
  const hasValidation = useStudio(
    ({ datasets }) =>
      validation.length > 0 ||
      (run.recipe.evalEvery > 0 &&
        (datasets.find(({ id }) => id === run.datasetId)?.splits.validation?.rows ?? 0) > 0),
  );
  const losses = useMemo(
    () => [
      ...lossSeries(columns, withRationale, view.smoothing, version),
      ...(hasValidation ? validationSeries(columns, withRationale, validation, version) : []),
    ],
    [columns, withRationale, view.smoothing, validation, hasValidation, version],
  );
  const name = recorded ? 'recorded' : 'metrics';
  const table = useMemo(() => tableOf(points, name, version), [points, name, version]);
  const [moreOpen, openMore] = useState(false);
  const shared = { ...xProps, x, zoom, onZoom: setZoom, about: aboutRun(run) };
  return (
    <div className={styles['curves']}>
      <ChartControls view={view} onChange={changeShown} />
      <LineChart
        // Lines cannot be added to a chart that stands.
        key={losses.length}
        {...shared}
        title="Loss"
        series={losses}
        logY={view.logY}
        height={330}
        format={lossText}
        tick={lossTick}
        table={table}
      />
      <AccuracyChart run={run} axis={axis} zoom={zoom} onZoom={setZoom} />
      <details className={styles['more']} onToggle={(event) => openMore(event.currentTarget.open)}>
        <summary>Combined loss, learning rate, gradient norm</summary>
        {/* What is folded is not drawn. */}
        {moreOpen && (
          <div className={styles['small']}>
            {small.map(({ key, ...chart }) => (
              <SmallChart
                key={key}
                {...shared}
                {...chart}
                version={version}
                name={key}
                values={columns[key]}
                logY={view.logY && key === 'loss'}
              />
            ))}
          </div>
        )}
      </details>
    </div>
  );
}

const none: MetricsPoint[] = [];

function tableOf(points: readonly MetricsPoint[], name: string, _version: number) {
  return <MetricsTable points={points} name={name} />;
}

const small = [
  { key: 'loss', title: 'Combined loss', format: lossText, tick: lossTick },
  { key: 'learningRate', title: 'Learning rate', format: rateText, tick: rateText },
  { key: 'gradNorm', title: 'Gradient norm, before clipping', format: lossText, tick: lossTick },
] as const;

interface SmallChartProps extends Omit<LineChartProps, 'series' | 'height'> {
  name: string;
  values: number[];
  version: number;
}

/** One column in its own chart. */
function SmallChart({ name, values, version, ...chart }: SmallChartProps) {
  const series = useMemo(() => oneSeries(name, values, version), [name, values, version]);
  return <LineChart small {...chart} series={series} height={120} />;
}

function oneSeries(key: string, values: number[], _version: number): LineSeries[] {
  return [{ key, label: '', name: key, values, token: '--ink-quiet' }];
}

/** Each loss smoothed, and its own values faintly below. */
function lossSeries(
  columns: MetricColumns,
  withRationale: boolean,
  factor: number,
  _version: number,
): LineSeries[] {
  const lines = (
    key: string,
    values: (number | null)[],
    look: Pick<LineSeries, 'token' | 'dash'>,
  ): LineSeries[] => [
    { key: `${key}-raw`, of: key, label: '', name: key, values, token: look.token, faint: true },
    { key, label: key, name: `${key} (smoothed ${factor})`, values: smoothed(values, factor), ...look },
  ];
  return [
    ...lines('answer', columns.answerLoss, { token: '--answer' }),
    ...(withRationale
      ? lines('rationale', columns.rationaleLoss, { token: '--rationale', dash: [6, 4] })
      : []),
  ];
}

/** The losses on the validation rows, marked where they were measured: the dash says that they are not of training. */
function validationSeries(
  columns: MetricColumns,
  withRationale: boolean,
  evaluations: readonly Evaluation[],
  _version: number,
): LineSeries[] {
  const line = (
    key: 'answer' | 'rationale',
    token: LineSeries['token'],
    read: (one: Evaluation) => number | null | undefined,
  ): LineSeries => {
    const at = new Map(evaluations.map((one) => [one.step, read(one) ?? null]));
    const label = `${key}, validation`;
    const values = columns.step.map((step) => at.get(step) ?? null);
    return {
      key: `${key}-validation`,
      label,
      endLabel: 'validation',
      values,
      token,
      dash: [2, 3],
      points: true,
    };
  };
  return [
    line('answer', '--answer', ({ answerLoss }) => answerLoss),
    ...(withRationale ? [line('rationale', '--rationale', ({ rationaleLoss }) => rationaleLoss)] : []),
  ];
}
