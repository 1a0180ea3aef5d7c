/** Dropout masks for padded tensors: made on the CPU, uploaded, multiplied. */
import * as tf from '@tensorflow/tfjs-core';
import { dropoutSite, headStride, type DropoutMasks, type DropoutPlace, type Stack } from '../dropout.ts';

/** Drops values at one place of the student. */
export interface Dropout {
  /** @param x [N, D], N padded tokens of this stack. */
  features(x: tf.Tensor2D, layer: number, place: DropoutPlace): tf.Tensor2D;
  /** @param probabilities [B, H, Tq, Tk], queries of this stack. */
  probabilities(probabilities: tf.Tensor4D, layer: number, place: DropoutPlace): tf.Tensor4D;
}

/** Nothing is dropped. */
export const noDropout: Dropout = { features: (x) => x, probabilities: (x) => x };

/**
 * @param packed Packed row of each padded token of the stack, -1 for padding. [B · T]
 */
export function dropoutOf(masks: DropoutMasks, stack: Stack, packed: Int32Array): Dropout {
  return {
    features(x, layer, place) {
      const [rows, width] = x.shape;
      const site = dropoutSite(stack, layer, place);
      const mask = new Float32Array(rows * width);
      packed.forEach((row, position) => {
        if (row >= 0) masks.fill(site, row, 0, width, mask, position * width);
      });
      return tf.mul(x, tf.tensor2d(mask, x.shape));
    },
    probabilities(probabilities, layer, place) {
      const [batch, heads, queries, keys] = probabilities.shape;
      const site = dropoutSite(stack, layer, place);
      const mask = new Float32Array(batch * heads * queries * keys);
      for (let position = 0; position < batch * queries; position += 1) {
        const row = packed[position]!;
        if (row < 0) continue;
        const sequence = Math.floor(position / queries);
        const query = position % queries;
        for (let head = 0; head < heads; head += 1) {
          masks.fill(
            site,
            row,
            head * headStride,
            keys,
            mask,
            ((sequence * heads + head) * queries + query) * keys,
          );
        }
      }
      return tf.mul(probabilities, tf.tensor4d(mask, probabilities.shape));
    },
  };
}
