/** A curve in small: few points, drawn as one path. */

/** Means of equal parts of a column, at most `most` of them; null where a part holds no finite number. */
export function bucketMeans(values: readonly (number | null)[], most: number): (number | null)[] {
  const parts = Math.min(most, values.length);
  return Array.from({ length: parts }, (_, part) => {
    let sum = 0;
    let count = 0;
    const end = Math.floor(((part + 1) * values.length) / parts);
    for (let index = Math.floor((part * values.length) / parts); index < end; index += 1) {
      const value = values[index];
      if (value === null || value === undefined || !Number.isFinite(value)) continue;
      sum += value;
      count += 1;
    }
    return count === 0 ? null : sum / count;
  });
}

export interface Frame {
  width: number;
  height: number;
  /** The share of the width that the curve takes: a run half way ends in the middle. */
  share: number;
  /** The value at the top; the bottom is 0. */
  top: number;
}

/** The `d` of a path through the values that there are; empty for none. */
export function sparklinePath(values: readonly (number | null)[], frame: Frame): string {
  const { width, height, share, top } = frame;
  const across = (width - 2) * Math.min(1, share);
  let path = '';
  values.forEach((value, index) => {
    if (value === null) return;
    const x = 1 + (values.length < 2 ? across : (across * index) / (values.length - 1));
    const y = height - 1 - (height - 2) * (top <= 0 ? 0 : Math.min(1, Math.max(0, value) / top));
    path += `${path === '' ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return path;
}
