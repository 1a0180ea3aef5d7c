/** The pieces that encoder and decoder share. Hidden states are [B·T, D] throughout: tokens below one another. */
import * as tf from '@tensorflow/tfjs-core';
import type { T5Config } from '../../student/config.ts';
import type { Dropout } from './dropout-site.ts';
import { gatedGelu, gatedSilu } from './kernels/gate.ts';
import { rmsNorm } from './kernels/rms-norm.ts';

/** A student's weights on the device, by Hugging Face name. */
export type WeightTensors = ReadonlyMap<string, tf.Tensor>;

/** A student's weights as its layers ask for them. */
export class Student {
  constructor(
    readonly config: T5Config,
    readonly weights: WeightTensors,
    /** Names of weights that get no gradient. */
    readonly frozen: ReadonlySet<string> = new Set(),
  ) {}

  weight(name: string): tf.Tensor {
    const tensor = this.weights.get(`${name}.weight`);
    if (tensor === undefined) throw new Error(`No weight is called ${name}.weight.`);
    return tensor;
  }

  /** x · Wᵀ: [N, in] to [N, out]. */
  linear(x: tf.Tensor2D, name: string): tf.Tensor2D {
    return tf.matMul(x, this.weight(name), false, true);
  }

  norm(x: tf.Tensor2D, name: string): tf.Tensor2D {
    return rmsNorm(x, this.weight(name), this.config.layer_norm_epsilon) as tf.Tensor2D;
  }

  /** One feed-forward sublayer, its norm and residual included: [N, D] to [N, D]. */
  feedForward(x: tf.Tensor2D, path: string, layer: number, dropout: Dropout): tf.Tensor2D {
    const normed = this.norm(x, `${path}.layer_norm`);
    const dense = `${path}.DenseReluDense`;
    let inner: tf.Tensor2D; // [N, F]
    switch (this.config.feed_forward_proj) {
      case 'gated-gelu':
      case 'gated-silu': {
        const gated = this.config.feed_forward_proj === 'gated-gelu' ? gatedGelu : gatedSilu;
        inner = gated(
          this.linear(normed, `${dense}.wi_0`),
          this.linear(normed, `${dense}.wi_1`),
        ) as tf.Tensor2D;
        break;
      }
      case 'relu':
        inner = tf.relu(this.linear(normed, `${dense}.wi`));
        break;
      default:
        throw new Error(this.config.feed_forward_proj satisfies never);
    }
    const output = this.linear(dropout.features(inner, layer, 'feedForwardInner'), `${dense}.wo`);
    return tf.add(x, dropout.features(output, layer, 'feedForwardOutput'));
  }
}
