/** A chart of means with their intervals as a self-contained SVG, readable on light and dark ground. */
import { escapeXml } from '../base/xml.ts';
import type { Varied } from './spec.ts';

/** What a line stands for; its colour and dash follow from it. */
export type Ink = 'standard' | 'step-by-step' | 'teacher' | 'third' | 'fourth';

export interface Series {
  name: string;
  ink: Ink;
  dashed: boolean;
  /** False where x only names things, between which there is nothing. */
  joined?: boolean;
  points: readonly Point[];
}

export interface Point {
  x: number;
  mean: number;
  /** Interval of the mean; NaN where there is none. */
  low: number;
  high: number;
  /** What the mean is of: a dot each. */
  values: readonly number[];
  /** What its runs have in common. */
  setting?: Varied;
}

export interface Chart {
  title: string;
  /** The chart in words, for those who do not see it. */
  description: string;
  xTitle: string;
  /** Logarithmic: equal factors are equally far apart. */
  xScale: 'linear' | 'logarithmic';
  /** Values of x with their words, ascending. */
  xTicks: readonly { x: number; label: string }[];
  series: readonly Series[];
  /** Levels to compare with, from edge to edge. */
  levels: readonly { name: string; ink: Ink; y: number }[];
}

/** Sizes in pixels. */
export interface ChartFrame {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
}

const fileFrame: ChartFrame = {
  width: 760,
  height: 440,
  plot: { left: 60, right: 570, top: 56, bottom: 380 },
};
/** Least distance of two labels at the lines' ends. */
const labelStep = 17;

const style = `
text { font: 13px system-ui, 'Segoe UI', sans-serif; fill: var(--ink); }
text.title { font-size: 16px; font-weight: 600; }
text.quiet { fill: var(--quiet); }
.ground { fill: var(--ground); }
.grid { stroke: var(--grid); }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.dashed { stroke-dasharray: 6 4; }
.level { stroke-width: 1.5; stroke-dasharray: 2 4; }
.whisker { stroke-width: 1.5; }
.dot { opacity: 0.4; stroke: none; }
.standard { stroke: var(--standard); } .standard.fill { fill: var(--standard); }
.step-by-step { stroke: var(--step-by-step); } .step-by-step.fill { fill: var(--step-by-step); }
.third { stroke: var(--third); } .third.fill { fill: var(--third); }
.fourth { stroke: var(--fourth); } .fourth.fill { fill: var(--fourth); }
.teacher { stroke: var(--teacher); } .teacher.fill { fill: var(--teacher); }
svg { --ground: #fffdf9; --ink: #211d17; --quiet: #6a6255; --grid: rgb(33 29 23 / 12%);
  --standard: #9f4717; --step-by-step: #196b67; --teacher: #4a4fa3; --third: #8a3069; --fourth: #57650f; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #1f1c16; --ink: #ece6da; --quiet: #a39a8a; --grid: rgb(236 230 218 / 14%);
    --standard: #e99059; --step-by-step: #5cc2bb; --teacher: #9aa0f0; --third: #e58fc4; --fourth: #b5c25a; }
}`;

/** Where everything of a chart is. y is a share, shown as per cent from a round number below all to 100. */
export interface ChartLayout {
  x: (x: number) => number;
  y: (share: number) => number;
  yTicks: { at: number; label: string }[];
  /** Names at the lines' ends, kept apart from each other. */
  ends: { name: string; ink: Ink; at: number }[];
}

export function layOut(chart: Chart, { plot }: ChartFrame): ChartLayout {
  const floor = lowestTick(chart);
  const y = (share: number) => plot.bottom - ((share - floor) / (1 - floor)) * (plot.bottom - plot.top);
  return { x: xPosition(chart, plot), y, yTicks: yTicks(floor, y), ends: endLabels(chart, y) };
}

/** The chart as the text of an SVG file. */
export function chartSvg(chart: Chart): string {
  const { width, height, plot } = fileFrame;
  const { x, y, yTicks, ends } = layOut(chart, fileFrame);
  const parts = [
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    `<text class="title" x="${plot.left - 36}" y="30">${escapeXml(chart.title)}</text>`,
    ...yTicks.flatMap(({ at, label }) => [
      `<path class="grid" d="M${plot.left} ${round(at)}H${plot.right}"/>`,
      `<text class="quiet" x="${plot.left - 8}" y="${round(at) + 4}" text-anchor="end">${label}</text>`,
    ]),
    ...chart.xTicks.map(
      ({ x: value, label }) =>
        `<text class="quiet" x="${round(x(value))}" y="${plot.bottom + 22}" text-anchor="middle">${escapeXml(label)}</text>`,
    ),
    `<text class="quiet" x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 46}" text-anchor="middle">${escapeXml(chart.xTitle)}</text>`,
    ...chart.levels.map(
      ({ y: share, ink }) =>
        `<path class="level ${ink}" d="M${plot.left} ${round(y(share))}H${plot.right}"/>`,
    ),
    ...chart.series.flatMap((series) => drawSeries(series, x, y)),
    ...ends.map(
      ({ name, ink, at }) =>
        `<text x="${plot.right + 10}" y="${round(at + 4)}"><tspan class="${ink} fill" stroke="none">●</tspan> ${escapeXml(name)}</text>`,
    ),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeXml(chart.title)}</title>`,
    `<desc id="description">${escapeXml(chart.description)}</desc>`,
    `<style>${style}\n</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function lowestTick({ series, levels }: Chart): number {
  const all = [
    ...levels.map(({ y }) => y),
    ...series.flatMap(({ points }) =>
      points.flatMap(({ values, mean, low }) => [...values, mean, ...(Number.isFinite(low) ? [low] : [])]),
    ),
  ];
  return Math.max(0, Math.min(0.9, Math.floor(Math.min(...all, 0.9) * 10) / 10));
}

function xPosition({ xScale, xTicks }: Chart, plot: ChartFrame['plot']): (x: number) => number {
  const scale = (x: number) => (xScale === 'logarithmic' ? Math.log(x) : x);
  const values = xTicks.map(({ x }) => scale(x));
  const first = Math.min(...values);
  const span = Math.max(...values) - first || 1;
  // A little room on both sides.
  const inset = 24;
  return (x) => plot.left + inset + ((scale(x) - first) / span) * (plot.right - plot.left - 2 * inset);
}

function yTicks(floor: number, y: (share: number) => number): ChartLayout['yTicks'] {
  const step = 1 - floor > 0.5 ? 0.2 : 0.1;
  const ticks: ChartLayout['yTicks'] = [];
  for (let tenth = 10; tenth >= Math.round(floor * 10); tenth -= Math.round(step * 10)) {
    ticks.push({ at: y(tenth / 10), label: `${tenth * 10} %` });
  }
  return ticks;
}

function drawSeries(
  { ink, dashed, points, joined = true }: Series,
  x: (x: number) => number,
  y: (share: number) => number,
): string[] {
  const path = points.map(
    ({ x: at, mean }, index) => `${index === 0 ? 'M' : 'L'}${round(x(at))} ${round(y(mean))}`,
  );
  return [
    ...points.flatMap(({ x: at, values }) =>
      values.map(
        (value) => `<circle class="dot ${ink} fill" cx="${round(x(at))}" cy="${round(y(value))}" r="2.5"/>`,
      ),
    ),
    ...points
      .filter(({ low }) => Number.isFinite(low))
      .map(
        ({ x: at, low, high }) =>
          `<path class="whisker ${ink}" d="M${round(x(at))} ${round(y(Math.min(1, high)))}V${round(y(low))}"/>`,
      ),
    ...(joined ? [`<path class="line ${ink}${dashed ? ' dashed' : ''}" d="${path.join('')}"/>`] : []),
    ...points.map(
      ({ x: at, mean }) => `<circle class="${ink} fill" cx="${round(x(at))}" cy="${round(y(mean))}" r="4"/>`,
    ),
  ];
}

function endLabels({ series, levels }: Chart, y: (share: number) => number): ChartLayout['ends'] {
  const labels = [
    ...series.map(({ name, ink, points }) => ({ name, ink, at: y(points.at(-1)?.mean ?? 0) })),
    ...levels.map(({ name, ink, y: share }) => ({ name, ink, at: y(share) })),
  ].sort((a, b) => a.at - b.at);
  labels.forEach((label, index) => {
    const above = labels[index - 1];
    if (above !== undefined) label.at = Math.max(label.at, above.at + labelStep);
  });
  return labels;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
