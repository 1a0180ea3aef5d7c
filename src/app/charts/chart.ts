/** What a chart is given to draw. */
import type { ReactNode } from 'react';
import { formatCount } from '../../base/units.ts';

/** The colours of runs, where several are in one chart. */
export type RunToken = `--run-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

/** A name in tokens.css: meaning is fixed on every screen. */
export type SeriesToken = RunToken | '--answer' | '--rationale' | '--distilled' | '--teacher' | '--ink-quiet';

export interface LineSeries {
  key: string;
  /** Empty for a line that the legend does not name. */
  label: string;
  /** Its column's name in a table, where that is not the label. */
  name?: string;
  /** Its name at the line's end, where the label is too long for that. */
  endLabel?: string;
  /** One value for each x; null where there is none; NaN and infinities are marked. */
  values: (number | null)[];
  token: SeriesToken;
  /** Canvas dashes; colour is never alone. */
  dash?: number[];
  /** Lightness, beside the dash: how runs of one colour are told apart. 1 where it is missing. */
  alpha?: number;
  /** Marks every value: right where they are few. */
  points?: boolean;
  /** Drawn faintly, under the line of key `of`, with which it comes and goes. */
  faint?: boolean;
  of?: string;
}

export type Zoom = readonly [from: number, to: number];

export interface LineChartProps {
  title: string;
  /** Shared by all series, rising. */
  x: number[];
  /** What x counts, and one of its values in words and on the axis. */
  xName?: string;
  xText?: (value: number) => string;
  xTick?: (value: number) => string;
  /** Their keys must stay the same for the life of the chart; values may change at will. */
  series: readonly LineSeries[];
  /** The x at which the chart ends. */
  xMax: number;
  /** The last x that there is; what lies beyond is shaded. */
  now: number;
  /** Fixed limits; without them y goes from 0 to a little above the largest value. */
  yRange?: [number, number];
  logY?: boolean;
  /** The part of x that is shown; null for all. Dragging asks for another. */
  zoom?: Zoom | null;
  onZoom?: (zoom: Zoom | null) => void;
  height: number;
  format: (value: number) => string;
  /**
   * The values under the cursor in words, where there are so few of them that it seldom points at one.
   * @param at Where it points, in x.
   */
  readout?: (at: number) => string;
  /** As the axis has it, where that is shorter. */
  tick?: (value: number) => string;
  /** Whose values these are (a run's name and gist): what a saved picture is nothing without. */
  about?: string;
  /** The same values as a table, for those who do not see the lines. */
  table?: ReactNode;
  small?: boolean;
}

/** Ticks between two steps have no name. */
export const wholeTick = (value: number): string => (Number.isInteger(value) ? formatCount(value) : '');

/** A token's colour under the theme that is shown. */
export function colourOf(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}

/** Index of the last value that is a finite number; -1 for none. */
export function lastIndex(values: readonly (number | null)[]): number {
  let index = values.length - 1;
  while (index >= 0 && !Number.isFinite(values[index])) index -= 1;
  return index;
}
