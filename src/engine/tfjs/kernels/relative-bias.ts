/**
 * T5's relative position bias: for each head, query and key the entry of a small table that their distance falls on.
 * Its gradient first sums along the diagonals (equal distances), then over the distances that share a bucket.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { embeddingGradient, type Lookup } from './embedding.ts';
import { defineKernel, withGradient } from './kernel.ts';

/** Added to scores that must not count. Finite: infinities leak through TensorFlow.js' WebGPU matMul as NaN. */
export const maskedScore = -1e9;

const forwardKernel = defineKernel({
  name: 'StillroomRelativeBias',
  inputs: ['table', 'buckets'] as const,
  outputs: ({ table }, { length }) => ({ bias: [1, table[1]!, length!, length!] }),
  loop: ({ table, buckets, bias }, { table: shape }, { length, causal }) => {
    const heads = shape[1]!;
    const size = length!;
    for (let head = 0; head < heads; head += 1) {
      for (let query = 0; query < size; query += 1) {
        const start = (head * size + query) * size;
        for (let key = 0; key < size; key += 1) {
          const hidden = causal === 1 && key > query;
          bias[start + key] = hidden ? maskedScore : table[buckets[key - query + size - 1]! * heads + head]!;
        }
      }
    }
  },
  programs: {
    // [1, H, T, T]
    bias: {
      reads: ['table', 'buckets'],
      uniforms: { length: 'i32', causal: 'i32' },
      code: `
        let key = index % uniforms.length;
        let query = index / uniforms.length % uniforms.length;
        let head = index / uniforms.length / uniforms.length;
        var value = table[buckets[key - query + uniforms.length - 1] * uniforms.tableShape[1] + head];
        if (uniforms.causal == 1 && key > query) { value = ${maskedScore}; }
        result[index] = value;`,
    },
  },
});

const diagonalKernel = defineKernel({
  name: 'StillroomDiagonalSums',
  inputs: ['upstream'] as const,
  outputs: ({ upstream }) => ({ sums: [2 * upstream[2]! - 1, upstream[1]!] }),
  loop: ({ upstream, sums }, { upstream: shape }, { causal }) => {
    const [, heads, length] = shape as [number, number, number, number];
    for (let diagonal = 0; diagonal < 2 * length - 1; diagonal += 1) {
      const distance = diagonal - (length - 1);
      for (let head = 0; head < heads; head += 1) {
        let sum = 0;
        if (causal !== 1 || distance <= 0) {
          const last = Math.min(length, length - distance);
          for (let query = Math.max(0, -distance); query < last; query += 1) {
            sum += upstream[(head * length + query) * length + query + distance]!;
          }
        }
        sums[diagonal * heads + head] = sum;
      }
    }
  },
  programs: {
    // [2T - 1, H]
    sums: {
      reads: ['upstream'],
      uniforms: { causal: 'i32' },
      code: `
        let heads = uniforms.upstreamShape[1];
        let length = uniforms.upstreamShape[2];
        let head = index % heads;
        let distance = index / heads - (length - 1);
        var sum = 0.0;
        if (uniforms.causal == 0 || distance <= 0) {
          for (var query = max(0, -distance); query < min(length, length - distance); query = query + 1) {
            sum = sum + upstream[(head * length + query) * length + query + distance];
          }
        }
        result[index] = sum;`,
    },
  },
});

/**
 * @param table [buckets, H]
 * @param lookup The bucket of each distance key - query, from -(T - 1) to T - 1. Must live until the gradients are done.
 * @param causal Keys after the query get maskedScore.
 * @returns [1, H, T, T]
 */
export function relativeBias(table: tf.Tensor, lookup: Lookup, causal: boolean): tf.Tensor {
  const length = (lookup.ids.size + 1) / 2;
  const attributes = { length, causal: causal ? 1 : 0 };
  return withGradient(
    [table],
    () => forwardKernel({ table, buckets: lookup.ids }, attributes).bias,
    (upstream) => [embeddingGradient(diagonalKernel({ upstream }, attributes).sums, lookup)],
  );
}
