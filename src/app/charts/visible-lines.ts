/** What is drawn of a line: at most two of its points for each column of pixels, its lowest and its highest there. */
import type { LineSeries } from './chart.ts';

/** The part of x that is in sight, and over how many pixels. */
export interface Sight {
  from: number;
  to: number;
  widthPx: number;
}

/** True for what a line can show; a logarithmic axis has no place for 0 and below. */
export function isDrawable(value: number | null | undefined, logY: boolean): value is number {
  return value !== null && value !== undefined && Number.isFinite(value) && (!logY || value > 0);
}

/**
 * Where each column of pixels that has points begins.
 * @param x Rising.
 * @returns Indices into x, and at the end that of the first point beyond sight.
 */
export function pixelColumns(x: readonly number[], { from, to, widthPx }: Sight): number[] {
  const starts: number[] = [];
  const pixels = Math.max(1, widthPx) / Math.max(Number.MIN_VALUE, to - from);
  let index = firstFrom(x, from);
  let column = -1;
  for (; index < x.length && x[index]! <= to; index += 1) {
    const at = Math.floor((x[index]! - from) * pixels);
    if (at === column) continue;
    column = at;
    starts.push(index);
  }
  starts.push(index);
  return starts;
}

/** The index of the first x that is not below `from`. */
function firstFrom(x: readonly number[], from: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Indices of the points to draw, rising: of each column the lowest and the highest, so that no peak is lost.
 * @param starts As `pixelColumns` has them.
 */
export function keptPoints(
  values: readonly (number | null)[],
  starts: readonly number[],
  logY: boolean,
): number[] {
  const kept: number[] = [];
  for (let column = 0; column < starts.length - 1; column += 1) {
    const end = starts[column + 1]!;
    let low = -1;
    let high = -1;
    for (let index = starts[column]!; index < end; index += 1) {
      const value = values[index];
      if (!isDrawable(value, logY)) continue;
      if (low < 0) low = high = index;
      else if (value < values[low]!) low = index;
      else if (value > values[high]!) high = index;
    }
    if (low < 0) continue;
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  return kept;
}

interface Kept {
  starts: readonly number[];
  logY: boolean;
  points: number[];
}

/** The points to draw of a chart's lines. What has not changed since the last time is not looked through again. */
export class VisibleLines {
  #x: readonly number[] = [];
  #length = 0;
  #sight: Sight = { from: 0, to: 0, widthPx: 0 };
  #starts: number[] = [0];
  readonly #kept = new WeakMap<readonly (number | null)[], Kept>();

  /** @param x Grows in place, if at all, and `values` with it. */
  pointsOf(
    x: readonly number[],
    values: readonly (number | null)[],
    sight: Sight,
    logY: boolean,
  ): readonly number[] {
    const starts = this.#columns(x, sight);
    const known = this.#kept.get(values);
    if (known?.starts === starts && known.logY === logY) return known.points;
    const points = keptPoints(values, starts, logY);
    this.#kept.set(values, { starts, logY, points });
    return points;
  }

  /** The smallest and the largest value in sight; null where there is none. */
  limits(
    x: readonly number[],
    lines: readonly LineSeries[],
    sight: Sight,
    logY: boolean,
  ): [number, number] | null {
    let least = Infinity;
    let most = -Infinity;
    for (const { values } of lines) {
      for (const index of this.pointsOf(x, values, sight, logY)) {
        least = Math.min(least, values[index]!);
        most = Math.max(most, values[index]!);
      }
    }
    return least <= most ? [least, most] : null;
  }

  #columns(x: readonly number[], sight: Sight): readonly number[] {
    const same =
      x === this.#x &&
      x.length === this.#length &&
      sight.from === this.#sight.from &&
      sight.to === this.#sight.to &&
      sight.widthPx === this.#sight.widthPx;
    if (!same) {
      this.#starts = pixelColumns(x, sight);
      [this.#x, this.#length, this.#sight] = [x, x.length, { ...sight }];
    }
    return this.#starts;
  }
}
