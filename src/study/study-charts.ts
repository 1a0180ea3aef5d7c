/** The study's two pictures. */
import { formatCount, formatPercent } from '../base/units.ts';
import { chartSvg, type Chart, type Point, type Series } from '../experiment/chart.ts';
import type { Cell, Results } from './results.ts';
import { meanInterval } from '../experiment/statistics.ts';

const dots = 'A dot is one seed; a line joins the means; a bar is the mean’s 95 % interval.';

/** Two seeds have an interval that fills the chart and says nothing. */
const fewestForBar = 3;

/** Accuracy against the number of training rows, on a logarithmic axis. */
export function sizeChart(results: Results): string {
  const { sizes } = results.scale;
  const all = Math.max(...sizes);
  const series = (['step-by-step', 'standard'] as const).flatMap((method) =>
    (['gold', 'teacher'] as const).map((labels): Series => ({
      name: `${nameOf(method)}, ${labels === 'gold' ? 'gold' : 'teacher’s'}`,
      ink: method,
      dashed: labels === 'teacher',
      points: sizes.flatMap((rows) => point(results, results.sampleCell(method, labels, rows), rows)),
    })),
  );
  return draw(results, {
    title: 'Test accuracy by number of training rows',
    xTitle: `training rows (share of the ${formatCount(all)})`,
    xScale: 'logarithmic',
    xTicks: sizes.map((rows) => ({
      x: rows,
      label: `${formatCount(rows)} (${formatPercent(rows / all, 0)})`,
    })),
    series,
  });
}

/** Accuracy against alpha, with standard fine-tuning as a level. */
export function alphaChart(results: Results): string {
  const { alphas, alphaRows } = results.scale;
  const standard = meanInterval([
    ...results.bySeed(results.sampleCell('standard', 'teacher', alphaRows)).values(),
  ]);
  const series: Series = {
    name: 'step by step',
    ink: 'step-by-step',
    dashed: false,
    points: alphas.flatMap((alpha) => point(results, results.alphaCell(alpha), alpha)),
  };
  return draw(results, {
    title: `Test accuracy by alpha, ${formatCount(alphaRows)} rows, teacher’s labels`,
    xTitle: 'alpha: weight of the answer loss',
    xScale: 'linear',
    xTicks: alphas.map((alpha) => ({ x: alpha, label: alpha.toFixed(1) })),
    series: [series],
    level: standard.count === 0 ? null : { name: 'standard', ink: 'standard', y: standard.mean },
  });
}

function draw(
  results: Results,
  {
    level = null,
    ...chart
  }: Omit<Chart, 'levels' | 'description'> & { level?: Chart['levels'][number] | null },
): string {
  const teacher = results.base('sample')?.teacherTest ?? null;
  const levels: Chart['levels'][number][] = level === null ? [] : [level];
  if (teacher !== null && teacher.total > 0) {
    levels.push({ name: 'the teacher itself', ink: 'teacher', y: teacher.correct / teacher.total });
  }
  const series = chart.series.filter(({ points }) => points.length > 0);
  const said = [
    ...series.map(
      ({ name, points }) =>
        `${name}: ${points.map(({ x, mean }) => `${formatPercent(mean, 1)} at ${x}`).join(', ')}`,
    ),
    ...levels.map(({ name, y }) => `${name}: ${formatPercent(y, 1)}`),
  ];
  return chartSvg({ ...chart, series, levels, description: `${dots} ${said.join('; ')}.` });
}

function point(results: Results, cell: Cell, x: number): Point[] {
  const values = [...results.bySeed(cell).values()];
  if (values.length === 0) return [];
  const { mean, low, high } = meanInterval(values);
  const bar = values.length < fewestForBar ? { low: NaN, high: NaN } : { low, high };
  return [{ x, mean, ...bar, values }];
}

/** A method's name in running text. */
function nameOf(method: Cell['method']): string {
  return method === 'standard' ? 'standard' : 'step by step';
}
