/**
 * Ragged rows as rectangles. Lengths are rounded up to a few sizes: TensorFlow.js keeps each buffer it ever made for
 * the next tensor of exactly that size, so that free choice of lengths would fill the GPU with idle buffers.
 */

const lengths = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
const beyond = 512;

/** The padded length of sequences of which the longest has `longest` tokens. */
export function paddedLength(longest: number): number {
  return lengths.find((length) => length >= longest) ?? Math.ceil(longest / beyond) * beyond;
}

/** The padded number of rows where rows drop out one by one: 1, 2, 3, 4, 6, 8, 12, 16, 24, … */
export function paddedRows(rows: number): number {
  let size = 1;
  while (size < rows) {
    if (size >= 2 && size * 1.5 >= rows) return size * 1.5;
    size *= 2;
  }
  return size;
}

/** Sequences side by side. */
export interface PaddedRows {
  /** Rows, padding rows included. */
  rows: number;
  /** Padded length. */
  length: number;
  /** [rows · length], row-major; -1 where there is padding. */
  ids: Int32Array;
}

/** Pads on the right with -1, which lookups and losses leave out. */
export function padRows(sequences: readonly Int32Array[], length = longestOf(sequences)): PaddedRows {
  const padded = paddedLength(length);
  const ids = new Int32Array(sequences.length * padded).fill(-1);
  sequences.forEach((sequence, row) => ids.set(sequence, row * padded));
  return { rows: sequences.length, length: padded, ids };
}

/** Length of the longest sequence. */
export function longestOf(sequences: readonly Int32Array[]): number {
  return sequences.reduce((longest, sequence) => Math.max(longest, sequence.length), 0);
}

/** Row-major [rows, length], 0 where there is a token and `masked` where there is padding. */
export function keyMask({ ids }: PaddedRows, masked: number): Float32Array {
  return Float32Array.from(ids, (id) => (id < 0 ? masked : 0));
}

/**
 * Packed row of each token (see dropout.ts), -1 for padding.
 * @param first Packed row of the first token.
 */
export function packedRows({ ids }: PaddedRows, first: number): Int32Array {
  let next = first;
  return ids.map((id) => (id < 0 ? -1 : next++));
}
