import { useCallback, useMemo, useState } from 'react';
import { formatCount, formatDuration } from '../../base/units.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { useChartView, type ChartView, type XAxis } from '../charts/chart-view.ts';
import { LineChart, wholeTick, type LineChartProps, type Zoom } from '../charts/line-chart.tsx';
import type { LineSeries } from '../charts/series.ts';
import { useStudio, type Metrics } from '../studio-store.ts';
import { AccuracyChart } from './accuracy-chart.tsx';
import { ChartControls } from './chart-controls.tsx';
import styles from './curves.module.css';
import { columnsOf, secondsAt, smoothed, type MetricColumns } from './metric-columns.ts';
import { MetricsTable } from './metrics-table.tsx';
import { numberText } from './recipe-draft.ts';

export const lossText = (value: number): string => (value >= 10 ? value.toFixed(1) : value.toFixed(2));
export const lossTick = (value: number): string => String(Number(value.toPrecision(3)));
const rateText = (value: number): string => (value === 0 ? '0' : numberText(Number(value.toPrecision(2))));

export const timeText = (seconds: number): string => (seconds === 0 ? '0 s' : formatDuration(seconds * 1000));

/** What x counts, for every chart of the screen. */
export interface CurveAxis {
  xName: string;
  xText: (value: number) => string;
  xTick: (value: number) => string;
  /** x at a step. */
  xOf: (step: number) => number;
  xMax: number;
  now: number;
}

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
  const losses = useMemo(
    () => lossSeries(columns, withRationale, view.smoothing, version),
    [columns, withRationale, view.smoothing, version],
  );
  const name = recorded ? 'recorded' : 'metrics';
  const table = useMemo(() => tableOf(points, name, version), [points, name, version]);
  const [moreOpen, openMore] = useState(false);
  const shared = { ...xProps, x, zoom, onZoom: setZoom };
  return (
    <div className={styles['curves']}>
      <ChartControls view={view} onChange={changeShown} />
      <LineChart
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
                {...{ ...shared, ...chart, version }}
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

/** One column in a chart of its own. */
function SmallChart({ name, values, version, ...chart }: SmallChartProps) {
  const series = useMemo(() => oneSeries(name, values, version), [name, values, version]);
  return <LineChart small {...chart} series={series} height={120} />;
}

function oneSeries(key: string, values: number[], _version: number): LineSeries[] {
  return [{ key, label: '', name: key, values, token: '--ink-quiet' }];
}

function axisOf(
  x: XAxis,
  run: RunRecord,
  columns: MetricColumns,
  live: boolean,
  _version: number,
): CurveAxis {
  const steps = Math.max(run.recipe.steps, run.step);
  switch (x) {
    case 'step':
      return {
        ...{ xName: 'step', xText: formatCount, xTick: wholeTick },
        ...{ xOf: (step: number) => step, xMax: steps, now: run.step },
      };
    case 'examples': {
      const each = examplesInStep(run);
      return {
        ...{ xName: 'example', xText: formatCount, xTick: wholeTick },
        ...{ xOf: (step: number) => step * each, xMax: steps * each, now: run.step * each },
      };
    }
    case 'time': {
      const now = columns.seconds.at(-1) ?? 0;
      // A run under way goes on at its pace; one that has ended ends there.
      const whole = live && run.step > 0 ? (now * steps) / run.step : now;
      return {
        ...{
          xName: 'time',
          xText: timeText,
          xTick: timeText,
        },
        ...{ xOf: (step: number) => secondsAt(columns, step), xMax: Math.max(0.001, whole), now },
      };
    }
    default:
      return x satisfies never;
  }
}

export function xColumn(x: XAxis, run: RunRecord, columns: MetricColumns, _version: number): number[] {
  if (x === 'step') return columns.step;
  if (x === 'time') return columns.seconds;
  const each = examplesInStep(run);
  return columns.step.map((step) => step * each);
}

export function examplesInStep({ recipe }: RunRecord): number {
  return recipe.batchSize * recipe.accumulation;
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
