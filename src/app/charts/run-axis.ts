/** What the charts of a run have along x, and how their figures are written: one for every screen that draws runs. */
import { formatCount, formatDuration } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { recipeWords } from '../words.ts';
import type { XAxis } from './chart-view.ts';
import { wholeTick } from './chart.ts';
import { secondsAt, type MetricColumns } from './metric-columns.ts';

export const lossText = (value: number): string => (value >= 10 ? value.toFixed(1) : value.toFixed(2));
export const lossTick = (value: number): string => String(Number(value.toPrecision(3)));
export const shareText = (value: number): string => `${Number((value * 100).toFixed(1))} %`;

export const timeText = (seconds: number): string => (seconds === 0 ? '0 s' : formatDuration(seconds * 1000));

/** A run under its name, as a saved picture says whose curves it has. */
export function aboutRun({ name, recipe, studentName, datasetName }: RunRecord): string {
  return `${name}: ${studentName} on ${datasetName}, ${recipeWords(recipe)}`;
}

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

/** The x axis of a run's charts. `_version` says that `columns`, which grow in place, are others. */
export function axisOf(
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
        xName: 'step',
        xText: formatCount,
        xTick: wholeTick,
        xOf: (step: number) => step,
        xMax: steps,
        now: run.step,
      };
    case 'examples': {
      const each = examplesInStep(run);
      return {
        xName: 'example',
        xText: formatCount,
        xTick: wholeTick,
        xOf: (step: number) => step * each,
        xMax: steps * each,
        now: run.step * each,
      };
    }
    case 'time': {
      const now = columns.seconds.at(-1) ?? 0;
      // A run under way continues at its pace; one that has ended ends there.
      const whole = live && run.step > 0 ? (now * steps) / run.step : now;
      return {
        xName: 'time',
        xText: timeText,
        xTick: timeText,
        xOf: (step: number) => secondsAt(columns, step),
        xMax: Math.max(0.001, whole),
        now,
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
