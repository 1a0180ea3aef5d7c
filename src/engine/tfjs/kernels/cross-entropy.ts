/**
 * Cross entropy of each row by log-sum-exp: the probabilities are never stored, only one number a row is.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, withGradient } from './kernel.ts';

const forwardKernel = defineKernel({
  name: 'StillroomCrossEntropy',
  inputs: ['logits', 'labels'] as const,
  outputs: ({ labels }) => ({ logSumExp: labels, loss: labels }),
  loop: ({ logits, labels, logSumExp, loss }, { logits: shape }) => {
    const [rows, width] = shape as [number, number];
    for (let row = 0; row < rows; row += 1) {
      const label = labels[row]!;
      const start = row * width;
      if (label < 0) {
        logSumExp[row] = 0;
        loss[row] = 0;
        continue;
      }
      let largest = -Infinity;
      for (let column = 0; column < width; column += 1) largest = Math.max(largest, logits[start + column]!);
      let sum = 0;
      for (let column = 0; column < width; column += 1) sum += Math.exp(logits[start + column]! - largest);
      const total = largest + Math.log(sum);
      logSumExp[row] = total;
      loss[row] = total - logits[start + label]!;
    }
  },
  programs: {
    // [N]
    logSumExp: {
      reads: ['logits'],
      perRow: true,
      code: `
        let width = uniforms.logitsShape[1];
        var largest = -3.4e38;
        for (var column = lane; column < width; column = column + 64) {
          largest = max(largest, logits[row * width + column]);
        }
        let rowLargest = maxLanes(largest);
        var sum = 0.0;
        for (var column = lane; column < width; column = column + 64) {
          sum = sum + exp(logits[row * width + column] - rowLargest);
        }
        let total = sumLanes(sum);
        if (live && lane == 0) { result[row] = rowLargest + log(total); }`,
    },
    // [N]
    loss: {
      reads: ['logits', 'labels', 'logSumExp'],
      code: `
        let label = labels[index];
        var value = 0.0;
        if (label >= 0) { value = logSumExp[index] - logits[index * uniforms.logitsShape[1] + label]; }
        result[index] = value;`,
    },
  },
});

const backwardKernel = defineKernel({
  name: 'StillroomCrossEntropyGradient',
  inputs: ['logits', 'labels', 'logSumExp', 'upstream'] as const,
  outputs: ({ logits }) => ({ dLogits: logits }),
  loop: ({ logits, labels, logSumExp, upstream, dLogits }, { logits: shape }) => {
    const [rows, width] = shape as [number, number];
    for (let row = 0; row < rows; row += 1) {
      const start = row * width;
      const label = labels[row]!;
      if (label < 0) {
        dLogits.fill(0, start, start + width);
        continue;
      }
      const total = logSumExp[row]!;
      const factor = upstream[row]!;
      for (let column = 0; column < width; column += 1) {
        dLogits[start + column] = factor * Math.exp(logits[start + column]! - total);
      }
      dLogits[start + label]! -= factor;
    }
  },
  programs: {
    // [N, V]
    dLogits: {
      reads: ['logits', 'labels', 'logSumExp', 'upstream'],
      code: `
        let width = uniforms.logitsShape[1];
        let row = index / width;
        let label = labels[row];
        var value = 0.0;
        if (label >= 0) {
          value = exp(logits[index] - logSumExp[row]);
          if (index - row * width == label) { value = value - 1.0; }
          value = value * upstream[row];
        }
        result[index] = value;`,
    },
  },
});

/**
 * @param logits [N, V]
 * @param labels [N], int32; a negative one leaves its row out
 * @returns [N], the loss of each row, 0 where it is left out
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return withGradient(
    [logits],
    (save) => {
      const { logSumExp, loss } = forwardKernel({ logits, labels });
      save([logits, logSumExp]);
      return loss;
    },
    (upstream, saved) => {
      const [savedLogits, logSumExp] = saved as [tf.Tensor, tf.Tensor];
      return [backwardKernel({ logits: savedLogits, labels, logSumExp, upstream }).dLogits];
    },
  );
}
