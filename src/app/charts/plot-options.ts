/** uPlot's options for our charts: thin grid, our type, colours read when drawn so that the theme may change. */
import type uPlot from 'uplot';
import { colourOf, type LineSeries } from './series.ts';

export interface PlotShape {
  width: number;
  height: number;
  series: readonly LineSeries[];
  logY: boolean;
  /** Limits of x and y as of now; read anew at every draw. */
  xRange: () => [number, number];
  yRange: (min: number, max: number) => [number, number];
  /** A value as its axis has it. */
  xTick: (value: number) => string;
  tick: (value: number) => string;
  /** Charts of one name share their cursor. */
  sync: string;
  hooks: uPlot.Hooks.Arrays;
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
    // Lines and labels at the very top stay whole.
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      // What is dragged over is told, not zoomed to: the whole screen shares one part of x.
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      sync: {
        key: sync,
        scales: ['x', null],
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
      },
    },
    scales: {
      x: { time: false, range: () => xRange() },
      y: { range: (_plot, min, max) => yRange(min, max), ...(logY ? { distr: logarithmic } : {}) },
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
    series: [{}, ...series.map(plotSeries)],
    hooks,
  };
}

function plotSeries(line: LineSeries): uPlot.Series {
  return {
    label: line.label,
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
