/** Lengths of texts, counted in bins, and how many a limit would cut. */

export interface LengthBin {
  /** Lengths from here … */
  from: number;
  /** … to below here. */
  to: number;
  count: number;
}

export interface LengthHistogram {
  bins: LengthBin[];
  max: number;
  mean: number;
  /** The length that 99 in 100 texts do not exceed (nearest rank). */
  p99: number;
}

/**
 * Counts lengths in bins of equal, whole width from 0 to the longest: at most `binCount` of them, fewer where the
 * lengths are few. Without lengths there are no bins and all figures are 0.
 *
 * @param lengths Whole numbers, 0 or more. @param binCount At least 1.
 */
export function lengthHistogram(lengths: Int32Array, binCount: number): LengthHistogram {
  if (lengths.length === 0) return { bins: [], max: 0, mean: 0, p99: 0 };
  const sorted = lengths.slice().sort();
  const max = sorted.at(-1)!;
  const width = Math.ceil((max + 1) / binCount);
  const bins = Array.from({ length: Math.ceil((max + 1) / width) }, (_, bin) => ({
    from: bin * width,
    to: (bin + 1) * width,
    count: 0,
  }));
  let sum = 0;
  for (const length of lengths) {
    bins[Math.floor(length / width)]!.count += 1;
    sum += length;
  }
  return { bins, max, mean: sum / lengths.length, p99: sorted[Math.ceil(lengths.length * 0.99) - 1]! };
}

/** How many lengths exceed `limit`. */
export function countAbove(lengths: Int32Array, limit: number): number {
  let count = 0;
  for (const length of lengths) if (length > limit) count += 1;
  return count;
}
