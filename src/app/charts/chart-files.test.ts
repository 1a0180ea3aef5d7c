import { expect, test } from 'vitest';
import { chartCsv } from './chart-csv.ts';
import { chartSvg } from './chart-svg.ts';
import { parseChartView, plainView } from './chart-view.ts';
import type { LineSeries } from './chart.ts';

const series: LineSeries[] = [
  { key: 'answer', label: 'answer', values: [4, null, Number.NaN, 1], token: '--answer' },
  { key: 'raw', label: '', name: 'answer, "raw"', values: [10, 0, 5, 1], token: '--answer', faint: true },
];

test('the table of a chart has every value, missing ones empty, and names that are quoted where they must be', () => {
  expect(chartCsv('step', [1, 2, 3, 4], series)).toBe(
    'step,answer,"answer, ""raw"""\r\n1,4,10\r\n2,,0\r\n3,NaN,5\r\n4,1,1\r\n',
  );
});

test('the drawing has what is in sight, on linear and on logarithmic axes, and text stays text', () => {
  const chart = {
    title: '<Loss>',
    caption: 'copper-heron: nano on the sample · 2026-11-28',
    xName: 'step',
    x: [0, 1, 2, 4],
    series,
    xRange: [0, 4] as const,
    yRange: [1, 10] as const,
    xTicks: [{ at: 0, text: '0' }],
    yTicks: [{ at: 10, text: '10' }],
  };
  const linear = chartSvg({ ...chart, logY: false }, () => '#123');
  expect(linear).toContain('&lt;Loss&gt;');
  expect(linear).toContain('>copper-heron: nano on the sample · 2026-11-28</text>');
  expect(linear).toContain('>step</text>');
  // 4 of 1…10 lies a third up from the bottom (380) of 320; NaN and null have no point.
  expect(linear).toContain('d="M60 273.33L780 380"');
  // On the logarithmic axis 10 is at the top and 5 at log10(5); 0 is nowhere.
  expect(chartSvg({ ...chart, logY: true }, () => '#123')).toContain('d="M60 60L420 156.33L780 380"');
});

test('a saved drawing of several runs has the name of each below it, with its colour and its dash, in rows that fit', () => {
  const runs = Array.from({ length: 6 }, (_, index): LineSeries => ({
    key: `run-${index}`,
    label: `glass-heron-with-a-long-name-${index}`,
    values: [1, 2],
    token: '--run-1',
    dash: [index + 1, 3],
  }));
  const axes = { xRange: [0, 1] as const, yRange: [0, 2] as const, xTicks: [], yTicks: [] };
  const svg = chartSvg(
    { title: 'Answer loss', caption: '6 runs', xName: 'step', x: [0, 1], series: runs, logY: false, ...axes },
    () => '#123',
  );
  const names = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>(glass-[^<]*)</g)];
  expect(names.map(([, , , name]) => name)).toEqual(runs.map(({ label }) => label));
  // Inside the paper, none over another.
  const whole = Number(/height="(\d+)"/.exec(svg)![1]);
  const places = names.map(([, x, y]) => [Number(x), Number(y)] as const);
  for (const [x, y] of places) {
    expect(x + 30 * 7).toBeLessThanOrEqual(800);
    expect(y).toBeLessThan(whole);
  }
  expect(new Set(places.map(String)).size).toBe(6);
  // Each dash is drawn for the line, and once more beside its name.
  for (const { dash } of runs) expect(svg.split(`stroke-dasharray="${dash!.join(' ')}"`)).toHaveLength(3);
});

test('a stored view is taken as far as it is one', () => {
  expect(parseChartView('{"smoothing":0.9,"logY":true,"x":"time"}')).toEqual({
    smoothing: 0.9,
    logY: true,
    x: 'time',
  });
  expect(parseChartView('{"smoothing":7,"logY":"yes","x":"moon"}')).toEqual(plainView);
  expect(parseChartView('nonsense')).toEqual(plainView);
});
