/** T5's attention: no scaling by √d, a position bias in place of position embeddings. */
import * as tf from '@tensorflow/tfjs-core';
import type { DropoutPlace } from '../dropout.ts';
import type { Dropout } from './dropout-site.ts';
import type { Student } from './layers.ts';

/** Keys and values of one layer, [B, H, T, d_kv] each. */
export type KeysValues = {
  keys: tf.Tensor4D;
  values: tf.Tensor4D;
};

/** [B·T, H·d_kv] to [B, H, T, d_kv] */
function splitHeads(x: tf.Tensor2D, batch: number, heads: number): tf.Tensor4D {
  const [rows, inner] = x.shape;
  return tf.transpose(tf.reshape(x, [batch, rows / batch, heads, inner / heads]), [0, 2, 1, 3]);
}

/** [B, H, T, d_kv] to [B·T, H·d_kv] */
function joinHeads(x: tf.Tensor4D): tf.Tensor2D {
  const [batch, heads, length, width] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width]);
}

/** @param source [B·T, D] @param path Of the attention's weights. */
export function keysAndValues(
  student: Student,
  source: tf.Tensor2D,
  path: string,
  batch: number,
): KeysValues {
  const heads = student.config.num_heads;
  return {
    keys: splitHeads(student.linear(source, `${path}.k`), batch, heads),
    values: splitHeads(student.linear(source, `${path}.v`), batch, heads),
  };
}

/**
 * One attention, without norm and residual.
 * @param queries [B·Tq, D]
 * @param bias Added to the scores: broadcasts to [B, H, Tq, Tk].
 * @returns [B·Tq, D]
 */
export function attend(
  student: Student,
  queries: tf.Tensor2D,
  { keys, values }: KeysValues,
  bias: tf.Tensor,
  path: string,
  drop: { dropout: Dropout; layer: number; place: DropoutPlace },
): tf.Tensor2D {
  const [batch, heads] = keys.shape;
  const query = splitHeads(student.linear(queries, `${path}.q`), batch, heads);
  const scores = tf.add(tf.matMul(query, keys, false, true), bias); // [B, H, Tq, Tk]
  const probabilities = drop.dropout.probabilities(tf.softmax(scores as tf.Tensor4D), drop.layer, drop.place);
  return student.linear(joinHeads(tf.matMul(probabilities, values)), `${path}.o`);
}
