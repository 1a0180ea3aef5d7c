import { useMemo } from 'react';
import type { MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { LineChart } from '../charts/line-chart.tsx';
import type { LineSeries } from '../charts/series.ts';
import { useStudio } from '../studio-store.ts';
import { numberText } from './recipe-draft.ts';
import { AccuracyChart } from './accuracy-chart.tsx';
import styles from './curves.module.css';
import { MetricsTable } from './metrics-table.tsx';

const lossText = (value: number): string => (value >= 10 ? value.toFixed(1) : value.toFixed(2));
const lossTick = (value: number): string => String(Number(value.toPrecision(3)));
const rateText = (value: number): string => (value === 0 ? '0' : numberText(Number(value.toPrecision(2))));

/** The two losses on one axis, the test accuracy below, and what else was measured, folded. */
export function Curves({ run }: { run: RunRecord }) {
  const metrics = useStudio((state) => state.metrics);
  const points = metrics.runId === run.id ? metrics.points : none;
  // `points` grows in place: its version says when.
  const columns = useMemo(() => columnsOf(points, metrics.version), [points, metrics.version]);
  const xMax = Math.max(run.recipe.steps, run.step);
  return (
    <div className={styles['curves']}>
      <LineChart
        title="Loss"
        x={columns.step}
        series={lossSeries(columns, run.recipe.method === 'step-by-step')}
        xMax={xMax}
        now={run.step}
        height={330}
        format={lossText}
        tick={lossTick}
        table={<MetricsTable points={points} />}
      />
      <AccuracyChart run={run} xMax={xMax} />
      <details className={styles['more']}>
        <summary>Combined loss, learning rate, gradient norm</summary>
        <div className={styles['small']}>
          {small.map(({ title, key, tick }) => (
            <LineChart
              key={key}
              small
              title={title}
              x={columns.step}
              series={[{ key, label: '', values: columns[key], token: '--ink-quiet' }]}
              xMax={xMax}
              now={run.step}
              height={120}
              format={key === 'learningRate' ? rateText : lossText}
              tick={tick}
            />
          ))}
        </div>
      </details>
    </div>
  );
}

const none: MetricsPoint[] = [];

const small = [
  { key: 'loss', title: 'Combined loss', tick: lossTick },
  { key: 'learningRate', title: 'Learning rate', tick: rateText },
  { key: 'gradNorm', title: 'Gradient norm, before clipping', tick: lossTick },
] as const;

interface Columns {
  step: number[];
  answerLoss: number[];
  rationaleLoss: (number | null)[];
  loss: number[];
  learningRate: number[];
  gradNorm: number[];
}

function columnsOf(points: readonly MetricsPoint[], _version: number): Columns {
  return {
    step: points.map((point) => point.step),
    answerLoss: points.map((point) => point.answerLoss),
    rationaleLoss: points.map((point) => point.rationaleLoss),
    loss: points.map((point) => point.loss),
    learningRate: points.map((point) => point.learningRate),
    gradNorm: points.map((point) => point.gradNorm),
  };
}

function lossSeries(columns: Columns, withRationale: boolean): LineSeries[] {
  const answer: LineSeries = {
    key: 'answer',
    label: 'answer',
    values: columns.answerLoss,
    token: '--answer',
  };
  if (!withRationale) return [answer];
  return [
    answer,
    {
      key: 'rationale',
      label: 'rationale',
      values: columns.rationaleLoss,
      token: '--rationale',
      dash: [6, 4],
    },
  ];
}
