/**
 * T5's layer norm: x · rsqrt(mean(x²) + epsilon) · weight, no mean subtraction, no bias.
 * Source: Hugging Face, modeling_t5.py, T5LayerNorm.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, withGradient } from './kernel.ts';

const forwardKernel = defineKernel({
  name: 'StillroomRmsNorm',
  inputs: ['x', 'weight'] as const,
  outputs: ({ x }) => ({ scale: [x[0]!], normed: x }),
  loop: ({ x, weight, scale, normed }, { x: shape }, { epsilon }) => {
    const [rows, width] = shape as [number, number];
    for (let row = 0; row < rows; row += 1) {
      const start = row * width;
      let squares = 0;
      for (let column = 0; column < width; column += 1) squares += x[start + column]! * x[start + column]!;
      const rowScale = Math.fround(1 / Math.sqrt(squares / width + epsilon!));
      scale[row] = rowScale;
      for (let column = 0; column < width; column += 1) {
        normed[start + column] = x[start + column]! * rowScale * weight[column]!;
      }
    }
  },
  programs: {
    // [N], 1 / root mean square
    scale: {
      reads: ['x'],
      uniforms: { epsilon: 'f32' },
      perRow: true,
      code: `
        let width = uniforms.xShape[1];
        var squares = 0.0;
        for (var column = lane; column < width; column = column + 64) {
          let value = x[row * width + column];
          squares = squares + value * value;
        }
        let total = sumLanes(squares);
        if (live && lane == 0) { result[row] = inverseSqrt(total / f32(width) + uniforms.epsilon); }`,
    },
    // [N, D]
    normed: {
      reads: ['x', 'weight', 'scale'],
      code: `
        let width = uniforms.xShape[1];
        result[index] = x[index] * scale[index / width] * weight[index % width];`,
    },
  },
});

/** Rows that one partial sum of the weight's gradient covers. */
const rowsPerPart = 64;

const backwardKernel = defineKernel({
  name: 'StillroomRmsNormGradient',
  inputs: ['x', 'weight', 'scale', 'upstream'] as const,
  outputs: ({ x }) => ({ dx: x, parts: [Math.ceil(x[0]! / rowsPerPart), x[1]!], dWeight: [x[1]!] }),
  loop: ({ x, weight, scale, upstream, dx, parts, dWeight }, { x: shape }) => {
    const [rows, width] = shape as [number, number];
    const sums = new Float64Array(width);
    for (let row = 0; row < rows; row += 1) {
      const start = row * width;
      const rowScale = scale[row]!;
      let product = 0;
      for (let column = 0; column < width; column += 1) {
        product += x[start + column]! * upstream[start + column]! * weight[column]!;
      }
      const pull = (product * rowScale * rowScale * rowScale) / width;
      for (let column = 0; column < width; column += 1) {
        const value = x[start + column]!;
        const up = upstream[start + column]!;
        dx[start + column] = up * weight[column]! * rowScale - value * pull;
        sums[column]! += up * value * rowScale;
      }
    }
    parts.fill(0);
    dWeight.set(sums);
  },
  programs: {
    // [N, D]
    dx: {
      reads: ['x', 'weight', 'scale', 'upstream'],
      perRow: true,
      code: `
        let width = uniforms.xShape[1];
        var product = 0.0;
        for (var column = lane; column < width; column = column + 64) {
          let place = row * width + column;
          product = product + x[place] * upstream[place] * weight[column];
        }
        let total = sumLanes(product);
        let rowScale = scale[row];
        let pull = total * rowScale * rowScale * rowScale / f32(width);
        if (live) {
          for (var column = lane; column < width; column = column + 64) {
            let place = row * width + column;
            result[place] = upstream[place] * weight[column] * rowScale - x[place] * pull;
          }
        }`,
    },
    // [N / 64, D]
    parts: {
      reads: ['x', 'scale', 'upstream'],
      code: `
        let width = uniforms.xShape[1];
        let column = index % width;
        let first = index / width * ${rowsPerPart};
        let end = min(first + ${rowsPerPart}, uniforms.xShape[0]);
        var sum = 0.0;
        for (var row = first; row < end; row = row + 1) {
          sum = sum + upstream[row * width + column] * x[row * width + column] * scale[row];
        }
        result[index] = sum;`,
    },
    // [D]
    dWeight: {
      reads: ['parts'],
      code: `
        let width = uniforms.partsShape[1];
        var sum = 0.0;
        for (var part = 0; part < uniforms.partsShape[0]; part = part + 1) {
          sum = sum + parts[part * width + index];
        }
        result[index] = sum;`,
    },
  },
});

/**
 * @param x [N, D]
 * @param weight [D]
 * @returns [N, D]
 */
export function rmsNorm(x: tf.Tensor, weight: tf.Tensor, epsilon: number): tf.Tensor {
  return withGradient(
    [x, weight],
    (save) => {
      const { normed, scale } = forwardKernel({ x, weight }, { epsilon });
      save([x, weight, scale]);
      return normed;
    },
    (upstream, saved) => {
      const [savedX, savedWeight, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const { dx, dWeight } = backwardKernel({ x: savedX, weight: savedWeight, scale, upstream });
      return [dx, dWeight];
    },
  );
}
