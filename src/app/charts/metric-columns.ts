/** The points of a run as columns, and their smoothed means: both grow with the points, nothing is made again. */
import type { MetricsPoint } from '../../distill/run-state.ts';
import { SmoothedValues } from './smoothing.ts';

export interface MetricColumns {
  step: number[];
  /** Seconds spent in steps. */
  seconds: number[];
  answerLoss: number[];
  rationaleLoss: (number | null)[];
  loss: number[];
  learningRate: number[];
  gradNorm: number[];
}

/** By the array of points, which is the same for as long as it only grows. */
const known = new WeakMap<readonly MetricsPoint[], MetricColumns>();

export function columnsOf(points: readonly MetricsPoint[]): MetricColumns {
  let columns = known.get(points);
  if (columns === undefined) {
    columns = {
      step: [],
      seconds: [],
      answerLoss: [],
      rationaleLoss: [],
      loss: [],
      learningRate: [],
      gradNorm: [],
    };
    known.set(points, columns);
  }
  for (let index = columns.step.length; index < points.length; index += 1) {
    const point = points[index]!;
    columns.step.push(point.step);
    columns.seconds.push(point.elapsedMs / 1000);
    columns.answerLoss.push(point.answerLoss);
    columns.rationaleLoss.push(point.rationaleLoss);
    columns.loss.push(point.loss);
    columns.learningRate.push(point.learningRate);
    columns.gradNorm.push(point.gradNorm);
  }
  return columns;
}

/** By the column; one factor at a time, that which is shown. */
const means = new WeakMap<readonly (number | null)[], { factor: number; mean: SmoothedValues }>();

export function smoothed(column: readonly (number | null)[], factor: number): (number | null)[] {
  let entry = means.get(column);
  if (entry?.factor !== factor) {
    entry = { factor, mean: new SmoothedValues(factor) };
    means.set(column, entry);
  }
  entry.mean.extend(column);
  return entry.mean.values;
}

/** Seconds at a step, between the points that there are; 0 before the first. */
export function secondsAt({ step, seconds }: MetricColumns, at: number): number {
  let low = 0;
  let high = step.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (step[middle]! < at) low = middle + 1;
    else high = middle;
  }
  if (low >= step.length) return seconds.at(-1) ?? 0;
  if (step[low] === at || low === 0) return at <= 0 ? 0 : seconds[low]!;
  const share = (at - step[low - 1]!) / (step[low]! - step[low - 1]!);
  return seconds[low - 1]! + share * (seconds[low]! - seconds[low - 1]!);
}
