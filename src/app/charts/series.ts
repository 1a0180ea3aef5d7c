/** What a chart is given to draw. */

/** A name in tokens.css: meaning is fixed on every screen. */
export type SeriesToken = '--answer' | '--rationale' | '--distilled' | '--teacher' | '--ink-quiet';

export interface LineSeries {
  key: string;
  /** Empty for a line that the legend does not name. */
  label: string;
  /** Its column's name in a table, where that is not the label. */
  name?: string;
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
