/** A chart as an SVG file of its own: what is in sight, with axes, names and colours written out. Loaded on demand. */
import { escapeXml } from '../../base/xml.ts';
import { colourOf, type LineSeries } from './chart.ts';
import { legendOf, nameAt, pieceLength, rowHeight } from './picture-legend.ts';

export interface SvgChart {
  title: string;
  /** Whose values, and when they were saved. */
  caption: string;
  xName: string;
  x: readonly number[];
  series: readonly LineSeries[];
  /** Limits of the axes as they are shown. */
  xRange: readonly [number, number];
  yRange: readonly [number, number];
  logY: boolean;
  xTicks: readonly Tick[];
  yTicks: readonly Tick[];
}

export interface Tick {
  at: number;
  text: string;
}

const width = 800;
const height = 436;
const frame = { left: 60, right: 780, top: 60, bottom: 380 };
/** Of a letter at 12 px, as wide as most are at most. */
const letterWidth = 7;

export function chartSvg(chart: SvgChart, colour: (token: string) => string = colourOf): string {
  const toY = chart.logY ? Math.log10 : (value: number) => value;
  const [x0, x1] = chart.xRange;
  const [y0, y1] = chart.yRange.map(toY) as [number, number];
  const px = (value: number): number =>
    round(frame.left + ((value - x0) / (x1 - x0 || 1)) * (frame.right - frame.left));
  const py = (value: number): number =>
    round(frame.bottom - ((toY(value) - y0) / (y1 - y0 || 1)) * (frame.bottom - frame.top));
  const ink = colour('--ink-soft');
  const text = (x: number, y: number, words: string, rest: string): string =>
    `<text x="${x}" y="${y}" ${rest}>${escapeXml(words)}</text>`;
  const legend = legendOf(chart.series, frame.right - frame.left, (name) => name.length * letterWidth);
  const whole = height + legend.height;
  const dashOf = ({ dash }: LineSeries): string =>
    dash && dash.length > 0 ? ` stroke-dasharray="${dash.join(' ')}"` : '';
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" font-family="Figtree, system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${whole}" fill="${colour('--paper')}"/>`,
    text(frame.left, 24, chart.title, `font-size="15" font-weight="600" fill="${colour('--ink')}"`),
    text(frame.left, 42, chart.caption, `fill="${ink}"`),
    text((frame.left + frame.right) / 2, height - 10, chart.xName, `text-anchor="middle" fill="${ink}"`),
    `<clipPath id="plot"><rect x="${frame.left}" y="${frame.top - 2}" width="${frame.right - frame.left}" height="${frame.bottom - frame.top + 4}"/></clipPath>`,
    ...chart.yTicks.map(
      ({ at, text: words }) =>
        `<path d="M${frame.left} ${py(at)}H${frame.right}" stroke="${ink}" stroke-opacity="0.15"/>` +
        text(frame.left - 8, py(at) + 4, words, `text-anchor="end" fill="${ink}"`),
    ),
    ...chart.xTicks.map(({ at, text: words }) =>
      text(px(at), frame.bottom + 20, words, `text-anchor="middle" fill="${ink}"`),
    ),
    ...chart.series.map((line) => {
      const look = line.faint
        ? ' stroke-opacity="0.3" stroke-width="1"'
        : ` stroke-opacity="${line.alpha ?? 1}" stroke-width="2"`;
      return `<path d="${pathOf(chart, line, px, py)}" clip-path="url(#plot)" fill="none" stroke="${colour(line.token)}" stroke-linejoin="round"${look}${dashOf(line)}/>`;
    }),
    ...legend.entries.map(({ line, x, row }) => {
      const [left, middle] = [frame.left + x, height + row * rowHeight];
      return (
        `<path d="M${left} ${middle}H${left + pieceLength}" stroke="${colour(line.token)}" stroke-width="2" stroke-opacity="${line.alpha ?? 1}"${dashOf(line)}/>` +
        text(frame.left + nameAt(x), middle + 4, line.label, `fill="${colour('--ink')}"`)
      );
    }),
  ];
  return `${parts.join('\n')}\n</svg>\n`;
}

function pathOf(
  { x, xRange, logY }: SvgChart,
  { values }: LineSeries,
  px: (value: number) => number,
  py: (value: number) => number,
): string {
  let path = '';
  x.forEach((at, index) => {
    const value = values[index] ?? null;
    if (value === null || !Number.isFinite(value) || (logY && value <= 0)) return;
    if (at < xRange[0] || at > xRange[1]) return;
    path += `${path === '' ? 'M' : 'L'}${px(at)} ${py(value)}`;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
