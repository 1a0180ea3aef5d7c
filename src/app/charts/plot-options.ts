/** uPlot's options for our charts: thin grid, our type, colours read when drawn so that the theme may change. */
import type uPlot from 'uplot';
import { colourOf, type LineSeries } from './chart.ts';
import { isDrawable } from './visible-lines.ts';

export interface PlotShape {
  width: number;
  height: number;
  series: readonly LineSeries[];
  logY: boolean;
  /** Limits of x and y as of now; read again at every draw. */
  xRange: () => [number, number];
  yRange: (plot: uPlot) => [number, number];
  /** The points of the line at `index` that are drawn. */
  points: (plot: uPlot, index: number) => readonly number[];
  /** A value as its axis has it. */
  xTick: (value: number) => string;
  tick: (value: number) => string;
  /** Charts of one name share their cursor. */
  sync: string;
  hooks: uPlot.Hooks.Arrays;
}

/** A narrow chart has room for the last values alone; its legend has their names. */
const widePx = 520;

/** Pixels beside the plot for what is at the ends of its lines; the same for charts that stand below each other. */
export function labelRoom(widthPx: number): number {
  return namesAtEnds(widthPx) ? 124 : 44;
}

/** Whether a chart has room for names beside the last values. */
export function namesAtEnds(widthPx: number): boolean {
  return widthPx >= widePx;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's enumeration has no values at run time
const logarithmic = 3 as uPlot.Scale.Distr;

const font = '12px "Figtree Variable", sans-serif';

export function plotOptions({
  width,
  height,
  series,
  logY,
  xRange,
  yRange,
  points,
  xTick,
  tick,
  sync,
  hooks,
}: PlotShape): uPlot.Options {
  const axis: uPlot.Axis = {
    font,
    stroke: () => colourOf('--ink-quiet'),
    grid: { stroke: () => colourOf('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    // Lines at the very top stay whole; on the right there is room for the labels at the lines' ends.
    padding: [8, (plot) => labelRoom(plot.width), 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      // What is dragged over is told, not zoomed to: the whole screen shares one part of x.
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      // No dot where a line has nothing to show.
      dataIdx: (plot, line, index) =>
        line === 0 || isDrawable(plot.data[line]![index], logY) ? index : null,
      sync: {
        key: sync,
        scales: ['x', null],
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
      },
    },
    scales: {
      x: { time: false, range: () => xRange() },
      y: { range: yRange, ...(logY ? { distr: logarithmic } : {}) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        gap: 4,
        space: 70,
        values: (_plot, values) => values.map(xTick),
      },
      {
        ...axis,
        size: 46,
        gap: 6,
        space: 28,
        // On a logarithmic axis uPlot leaves out the names of lines that stand too close.
        values: (_plot, values) => values.map((value: number | null) => (value === null ? '' : tick(value))),
      },
    ],
    series: [{}, ...series.map((line, index) => plotSeries(line, (plot) => points(plot, index), logY))],
    hooks,
  };
}

function plotSeries(
  line: LineSeries,
  points: (plot: uPlot) => readonly number[],
  logY: boolean,
): uPlot.Series {
  return {
    label: line.label,
    // Its limits come with the points that are drawn: uPlot need not look through all values for them.
    auto: false,
    paths: (plot, index, first, last) => ({
      stroke: pathOf(plot, plot.data[index]!, points(plot), first, last, logY),
    }),
    stroke: () => colourOf(line.token),
    width: line.faint ? 1 : 2,
    alpha: line.faint ? 0.3 : (line.alpha ?? 1),
    spanGaps: true,
    points: line.points
      ? { show: true, size: 7, fill: () => colourOf(line.token), stroke: () => colourOf('--paper') }
      : { show: false },
    ...(line.dash ? { dash: line.dash } : {}),
  };
}

/** The line through `points`, from and to its neighbours beyond sight. */
function pathOf(
  plot: uPlot,
  values: uPlot.AlignedData[number],
  points: readonly number[],
  first: number,
  last: number,
  logY: boolean,
): Path2D {
  const path = new Path2D();
  const x = plot.data[0];
  const { left, top, width, height } = plot.bbox;
  const [x0, x1] = limitsOf(plot, 'x');
  const [y0, y1] = limitsOf(plot, 'y').map((limit) => (logY ? Math.log10(limit) : limit)) as [number, number];
  const xPixels = width / (x1 - x0);
  const yPixels = height / (y1 - y0);
  // As valToPos has it, which costs more than all the rest where there are thousands.
  const to = (index: number): void => {
    const value = values[index];
    if (!isDrawable(value, logY)) return;
    const y = logY ? Math.log10(value) : value;
    path.lineTo(Math.round(left + (x[index]! - x0) * xPixels), Math.round(top + height - (y - y0) * yPixels));
  };
  if (first < (points[0] ?? Infinity)) to(first);
  for (const index of points) to(index);
  if (last > (points.at(-1) ?? -Infinity)) to(last);
  return path;
}

function limitsOf(plot: uPlot, scale: 'x' | 'y'): [number, number] {
  const { min, max } = plot.scales[scale]!;
  return [min ?? 0, max ?? 1];
}
