import { expect, it } from 'vitest';
import type { Result } from './ledger.ts';
import { resultCharts } from './result-charts.ts';

const result = (varied: Result['varied'], correct: number): Result => ({
  varied,
  accuracy: {
    base: { correct: 1, total: 100 },
    distilled: { correct, total: 100 },
    teacher: { correct: 88, total: 100 },
  },
  run: JSON.stringify(varied),
});

it('draws accuracy against each thing that varies, with an interval over seeds', () => {
  const results = ['standard', 'step-by-step'].flatMap((method, m) =>
    [0.25, 0.5, 1].flatMap((fraction, f) =>
      [1, 2].map((seed) => result({ method, fraction, seed }, 40 + 20 * m + 5 * f + seed)),
    ),
  );
  const [method, fraction, ...others] = resultCharts(results);
  expect(others).toEqual([]);
  expect(fraction).toMatchObject({ key: 'fraction', chart: { xScale: 'logarithmic' } });
  expect(fraction!.chart.series.map(({ name, joined }) => [name, joined])).toEqual([
    ['method standard', true],
    ['method step-by-step', true],
  ]);
  // 0.41 and 0.42: mean 0.415, s = 0.01 / √2, t(1) = 12.706, half = 12.706 × 0.005.
  const [point] = fraction!.chart.series[0]!.points;
  expect(point).toMatchObject({ x: 0.25, values: [0.41, 0.42] });
  expect([point!.mean, point!.high - point!.mean].map((value) => value.toFixed(4))).toEqual([
    '0.4150',
    '0.0635',
  ]);
  expect(method!.chart.series[0]).toMatchObject({ name: 'fraction 0.25', joined: false });
  expect(method!.chart.xTicks.map(({ label }) => label)).toEqual(['standard', 'step-by-step']);
  expect(fraction!.svg).toMatch(/^<svg /);
});

it('draws eight lines, the second four dashed, each from left to right, and says how many are left out', () => {
  const draw = (students: number) => {
    const results = Array.from({ length: students }, (_, at) =>
      [1, 0.25, 0.5].map((fraction) => result({ student: `s${at}`, fraction }, 40 + at)),
    ).flat();
    return resultCharts(results).find(({ key }) => key === 'fraction')!.chart;
  };
  const { series, description } = draw(10);
  expect(series.map(({ dashed }) => dashed)).toEqual([
    ...Array<boolean>(4).fill(false),
    ...Array<boolean>(4).fill(true),
  ]);
  for (const { points } of series) expect(points.map(({ x }) => x)).toEqual([0.25, 0.5, 1]);
  expect(description).toContain(' 2 more lines are left out.');
  expect(draw(8).description).not.toContain('left out');
});

it('draws nothing of what does not vary, and keeps names as text', () => {
  expect(resultCharts([result({ seed: 1 }, 5), result({ seed: 2 }, 6)])).toEqual([]);
  const [chart] = resultCharts([result({ student: 'a<b' }, 5), result({ student: 'c' }, 6)]);
  expect(chart!.svg).toContain('a&lt;b');
  expect(chart!.svg).not.toContain('a<b');
});
