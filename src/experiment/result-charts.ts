/** An experiment's results as charts: accuracy against each thing that varies, each of the others as a line. */
import { formatCount } from '../base/units.ts';
import { shareOf } from '../distill/score.ts';
import { chartSvg, type Chart, type Ink, type Point, type Series } from './chart.ts';
import { variedId, type Result } from './ledger.ts';
import { describe, shown, type VariedValue } from './spec.ts';
import { cellsOf, type Cell } from './summary.ts';
import { meanInterval } from './statistics.ts';

/** Each with and without a dash. */
const inks = ['step-by-step', 'standard', 'third', 'fourth'] as const satisfies readonly Ink[];
/** More lines cannot be told apart. */
const mostSeries = 2 * inks.length;
/** More names than this do not fit below a chart. */
const mostNames = 6;

const dots =
  'A dot is one run; a filled one is the mean over seeds; a bar is the mean\u2019s 95 % interval (Student\u2019s t).';
const titles: Readonly<Record<string, string>> = {
  fraction: 'share of the training rows',
  alpha: 'alpha: weight of the answer loss',
};

/** A chart of accuracy against one key. */
export interface ResultChart {
  key: string;
  chart: Chart;
  svg: string;
}

/** One for each key but the seed that has two values or more, in the order of the results. */
export function resultCharts(results: readonly Result[]): ResultChart[] {
  const cells = cellsOf(results);
  const keys = [...new Set(cells.flatMap(({ setting }) => Object.keys(setting)))];
  return keys.flatMap((key) => {
    const chart = chartOf(cells, key);
    return chart === null ? [] : [{ key, chart, svg: chartSvg(chart) }];
  });
}

function chartOf(cells: readonly Cell[], key: string): Chart | null {
  const values = new Map<string, VariedValue>();
  for (const { setting } of cells) {
    const value = setting[key];
    if (value !== undefined) values.set(JSON.stringify(value), value);
  }
  if (values.size < 2) return null;
  const isNumber = [...values.values()].every((value) => typeof value === 'number');
  if (!isNumber && values.size > mostNames) return null;
  // Names stand side by side, in the order of the results.
  const names = [...values.keys()];
  const xOf = (value: VariedValue): number =>
    typeof value === 'number' && isNumber ? value : names.indexOf(JSON.stringify(value));
  const xTicks = [...values.values()]
    .map((value) => ({ x: xOf(value), label: shown(value) }))
    .sort((a, b) => a.x - b.x);
  const lines = new Map<string, Cell[]>();
  for (const cell of cells) {
    const { [key]: _, ...others } = cell.setting;
    const id = variedId(others);
    lines.set(id, [...(lines.get(id) ?? []), cell]);
  }
  // A grid that does not vary it has no place on this axis.
  const on = [...lines.values()].filter((line) => line.some(({ setting }) => setting[key] !== undefined));
  const series = on.slice(0, mostSeries).map((line, index): Series => {
    const { [key]: _, ...others } = line[0]!.setting;
    return {
      name: describe(others) || 'distilled',
      ink: inks[index % inks.length]!,
      dashed: index >= inks.length,
      joined: isNumber,
      points: line
        .flatMap(({ setting, bySeed }): Point[] => {
          const value = setting[key];
          if (value === undefined) return [];
          const shares = [...bySeed.values()];
          const { mean, low, high } = meanInterval(shares);
          return [{ x: xOf(value), mean, low, high, values: shares, setting }];
        })
        .sort((a, b) => a.x - b.x),
    };
  });
  const teacher = cells[0]?.teacher ?? null;
  const left =
    on.length > series.length ? ` ${formatCount(on.length - series.length)} more lines are left out.` : '';
  return {
    title: `Test accuracy by ${key}`,
    description: `${dots}${left} ${series.map(lineWords).join(' ')}`,
    xTitle: titles[key] ?? key,
    xScale: isNumber && isGeometric(xTicks.map(({ x }) => x)) ? 'logarithmic' : 'linear',
    xTicks,
    series,
    levels: teacher === null ? [] : [{ name: 'teacher', ink: 'teacher', y: shareOf(teacher) }],
  };
}

/** Learning rates and fractions are often doubled: then equal factors are equally far apart. */
function isGeometric(values: readonly number[]): boolean {
  if (values.length < 3 || values[0]! <= 0) return false;
  const factors = values.slice(1).map((value, index) => value / values[index]!);
  return factors.every((factor) => factor >= 1.5);
}

function lineWords({ name, points }: Series): string {
  const means = points.map(({ mean }) => `${(100 * mean).toFixed(1)} %`).join(', ');
  return `${name}: ${means}.`;
}
