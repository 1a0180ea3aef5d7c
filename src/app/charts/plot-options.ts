/** uPlot's options for our charts: thin grid, our type, colours read when drawn so that the theme may change. */
import type uPlot from 'uplot';
import { colourOf, type LineSeries } from './series.ts';

export interface PlotShape {
  width: number;
  height: number;
  series: readonly LineSeries[];
  /** Limits of x and y as of now; read anew at every draw. */
  xRange: () => [number, number];
  yRange: (min: number, max: number) => [number, number];
  /** A value as the axis has it. */
  tick: (value: number) => string;
  hooks: uPlot.Hooks.Arrays;
}

const font = '12px "Figtree Variable", sans-serif';

export function plotOptions({
  width,
  height,
  series,
  xRange,
  yRange,
  tick,
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
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: () => xRange() },
      y: { range: (_plot, min, max) => yRange(min, max) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        gap: 4,
        space: 70,
        values: (_plot, values) => values.map(whole),
      },
      { ...axis, size: 46, gap: 6, space: 28, values: (_plot, values) => values.map(tick) },
    ],
    series: [{}, ...series.map(plotSeries)],
    hooks,
  };
}

/** Ticks between two steps have no name. */
function whole(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-GB') : '';
}

function plotSeries(line: LineSeries): uPlot.Series {
  return {
    label: line.label,
    stroke: () => colourOf(line.token),
    width: 2,
    spanGaps: true,
    points: line.points
      ? { show: true, size: 7, fill: () => colourOf(line.token), stroke: () => colourOf('--paper') }
      : { show: false },
    ...(line.dash ? { dash: line.dash } : {}),
  };
}
