/**
 * Looking up rows of a table, with a gradient that is the same in every run: each row of the table sums its own
 * uses in order, from a list sorted on the CPU. (TensorFlow.js' UnsortedSegmentSum adds in whatever order threads
 * come, and wasm has none.)
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel, withGradient } from './kernel.ts';

const gradientKernel = defineKernel({
  name: 'StillroomEmbeddingGradient',
  inputs: ['upstream', 'uses', 'starts'] as const,
  outputs: ({ upstream, starts }) => ({ dTable: [starts[0]! - 1, upstream[1]!] }),
  loop: ({ upstream, uses, starts, dTable }, { upstream: shape }) => {
    const width = shape[1]!;
    dTable.fill(0);
    for (let row = 0; row < starts.length - 1; row += 1) {
      const target = row * width;
      for (let use = starts[row]!; use < starts[row + 1]!; use += 1) {
        const source = uses[use]! * width;
        for (let column = 0; column < width; column += 1)
          dTable[target + column]! += upstream[source + column]!;
      }
    }
  },
  programs: {
    // [V, D]
    dTable: {
      reads: ['upstream', 'uses', 'starts'],
      code: `
        let width = uniforms.outShape[1];
        let row = index / width;
        let column = index % width;
        var sum = 0.0;
        for (var place = starts[row]; place < starts[row + 1]; place = place + 1) {
          sum = sum + upstream[uses[place] * width + column];
        }
        result[index] = sum;`,
    },
  },
});

/** Which rows are looked up, and where each is used. */
export interface Lookup {
  /** [N], int32 */
  ids: tf.Tensor1D;
  /** Positions in `ids`, sorted by id, in order within one id; int32. */
  uses: tf.Tensor1D;
  /** [V + 1], int32: the uses of row v are `uses[starts[v]]` up to `uses[starts[v + 1]]`. */
  starts: tf.Tensor1D;
}

/**
 * Sorts the uses of each row (a counting sort).
 * @param ids One a position; a negative one is padding: it reads row 0 and gives it no gradient.
 */
export function sortUses(ids: Int32Array, tableRows: number): { uses: Int32Array; starts: Int32Array } {
  const starts = new Int32Array(tableRows + 1);
  for (const id of ids) if (id >= 0) starts[id + 1]! += 1;
  for (let row = 0; row < tableRows; row += 1) starts[row + 1]! += starts[row]!;
  const next = starts.slice();
  // Never empty: WebGPU has no buffers of size 0.
  const uses = new Int32Array(Math.max(1, starts[tableRows]!));
  ids.forEach((id, position) => {
    if (id < 0) return;
    uses[next[id]!] = position;
    next[id]! += 1;
  });
  return { uses, starts };
}

/** Uploads a lookup. See sortUses. */
export function makeLookup(ids: Int32Array, tableRows: number): Lookup {
  const { uses, starts } = sortUses(ids, tableRows);
  return {
    ids: tf.tensor1d(
      ids.map((id) => Math.max(id, 0)),
      'int32',
    ),
    uses: tf.tensor1d(uses, 'int32'),
    starts: tf.tensor1d(starts, 'int32'),
  };
}

/** The gradient of a table [V, D] from that of its looked-up rows [N, D]. */
export function embeddingGradient(
  upstream: tf.Tensor,
  { uses, starts }: Pick<Lookup, 'uses' | 'starts'>,
): tf.Tensor {
  return gradientKernel({ upstream, uses, starts }).dTable;
}

/**
 * @param table [V, D]
 * @param lookup Must live until the gradients are done.
 * @returns [N, D]
 */
export function embed(table: tf.Tensor, lookup: Lookup): tf.Tensor {
  return withGradient(
    [table],
    () => tf.gather(table, lookup.ids),
    (upstream) => [embeddingGradient(upstream, lookup)],
  );
}
