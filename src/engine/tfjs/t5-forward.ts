/**
 * T5's encoder and decoder (v1.0 and v1.1), as Hugging Face's modeling_t5.py computes them. Everything here runs
 * under TensorFlow.js' tape; tensors of a PaddedBatch are made before, so that they outlive the forward pass.
 */
import * as tf from '@tensorflow/tfjs-core';
import { relativeBuckets } from '../relative-buckets.ts';
import type { T5Config } from '../../student/config.ts';
import { logitScale } from '../../student/parameters.ts';
import { attend, keysAndValues, type KeysValues } from './attention.ts';
import type { Dropout } from './dropout-site.ts';
import { embed, makeLookup, type Lookup } from './kernels/embedding.ts';
import { maskedScore, relativeBias } from './kernels/relative-bias.ts';
import type { Student } from './layers.ts';
import { keyMask, type PaddedRows } from './padding.ts';

/** Token ids of one stack on the device. */
export interface StackInput {
  rows: number;
  length: number;
  lookup: Lookup;
  /** Bucket of each distance. */
  buckets: Lookup;
  /** [B, 1, 1, T]: 0 at tokens, maskedScore at padding. */
  mask: tf.Tensor4D;
}

/** Uploads what one stack reads. */
export function stackInput(config: T5Config, padded: PaddedRows, stack: 'encoder' | 'decoder'): StackInput {
  const { rows, length } = padded;
  const buckets = relativeBuckets(length, {
    bidirectional: stack === 'encoder',
    numBuckets: config.relative_attention_num_buckets,
    maxDistance: config.relative_attention_max_distance,
  });
  return {
    rows,
    length,
    lookup: makeLookup(padded.ids, config.vocab_size),
    buckets: makeLookup(buckets, config.relative_attention_num_buckets),
    // In the decoder padding is in the future of every token that counts: being causal is enough.
    mask: tf.tensor4d(stack === 'encoder' ? keyMask(padded, maskedScore) : new Float32Array(rows * length), [
      rows,
      1,
      1,
      length,
    ]),
  };
}

/**
 * The position bias of each layer, with the mask: [B, H, T, T]. T5 makes one for the whole stack, UMT5 one a layer.
 */
function positionBiases(
  student: Student,
  input: StackInput,
  stack: 'encoder' | 'decoder',
): (layer: number) => tf.Tensor {
  const biasOf = (layer: number): tf.Tensor => {
    const table = student.weight(`${stack}.block.${layer}.layer.0.SelfAttention.relative_attention_bias`);
    return tf.add(relativeBias(table, input.buckets, stack === 'decoder'), input.mask);
  };
  if (student.config.bias_in_every_layer === true) return biasOf;
  const shared = biasOf(0);
  return () => shared;
}

/** @returns [B·T, D] after the final norm. */
export function encode(student: Student, input: StackInput, dropout: Dropout): tf.Tensor2D {
  const biasOf = positionBiases(student, input, 'encoder');
  let x = embed(student.weight('shared'), input.lookup) as tf.Tensor2D;
  x = dropout.features(x, 0, 'embedding');
  for (let layer = 0; layer < student.config.num_layers; layer += 1) {
    const path = `encoder.block.${layer}.layer`;
    x = selfAttention(student, x, biasOf(layer), `${path}.0`, { dropout, layer, batch: input.rows });
    x = student.feedForward(x, `${path}.1`, layer, dropout);
  }
  return dropout.features(student.norm(x, 'encoder.final_layer_norm'), 0, 'final');
}

function selfAttention(
  student: Student,
  x: tf.Tensor2D,
  bias: tf.Tensor,
  path: string,
  { dropout, layer, batch }: { dropout: Dropout; layer: number; batch: number },
): tf.Tensor2D {
  const normed = student.norm(x, `${path}.layer_norm`);
  const attention = `${path}.SelfAttention`;
  const output = attend(student, normed, keysAndValues(student, normed, attention, batch), bias, attention, {
    dropout,
    layer,
    place: 'selfProbabilities',
  });
  return tf.add(x, dropout.features(output, layer, 'selfOutput'));
}

/** What the decoder's layers read of the encoder, a pair for each layer. @param encoded [B·T, D] */
export function crossKeysValues(student: Student, encoded: tf.Tensor2D, batch: number): KeysValues[] {
  return Array.from({ length: student.config.num_decoder_layers }, (_, layer) =>
    keysAndValues(student, encoded, `decoder.block.${layer}.layer.1.EncDecAttention`, batch),
  );
}

/**
 * @param cross See crossKeysValues.
 * @param crossMask [B, 1, 1, T of the encoder]
 * @returns [B·T, D] after the final norm.
 */
export function decode(
  student: Student,
  input: StackInput,
  cross: readonly KeysValues[],
  crossMask: tf.Tensor4D,
  dropout: Dropout,
): tf.Tensor2D {
  const biasOf = positionBiases(student, input, 'decoder');
  let x = embed(student.weight('shared'), input.lookup) as tf.Tensor2D;
  x = dropout.features(x, 0, 'embedding');
  for (let layer = 0; layer < student.config.num_decoder_layers; layer += 1) {
    const path = `decoder.block.${layer}.layer`;
    x = selfAttention(student, x, biasOf(layer), `${path}.0`, { dropout, layer, batch: input.rows });
    const normed = student.norm(x, `${path}.1.layer_norm`);
    const output = attend(student, normed, cross[layer]!, crossMask, `${path}.1.EncDecAttention`, {
      dropout,
      layer,
      place: 'crossProbabilities',
    });
    x = tf.add(x, dropout.features(output, layer, 'crossOutput'));
    x = student.feedForward(x, `${path}.2`, layer, dropout);
  }
  return dropout.features(student.norm(x, 'decoder.final_layer_norm'), 0, 'final');
}

/**
 * Tied students read their embedding backwards; those of T5 v1.0 are scaled first.
 * @param decoded [N, D] @returns [N, V]
 */
export function logitsOf(student: Student, decoded: tf.Tensor2D): tf.Tensor2D {
  const scale = logitScale(student.config);
  const scaled = scale === 1 ? decoded : tf.mul<tf.Tensor2D>(decoded, tf.scalar(scale));
  return student.linear(scaled, student.config.tie_word_embeddings ? 'shared' : 'lm_head');
}
