/**
 * T5 v1.1 and v1.0 in jax-js, as somebody would write it there: dense padded batches with masks, both tasks' rows in
 * one batch, every token's loss with its weight. jax-js counts references by hand: an operation consumes its operands,
 * and `.ref` keeps one for another use.
 */
import { nn, numpy as np } from '@jax-js/jax';
import type { T5Config } from '../../src/student/config.ts';

/** Weights by Hugging Face name. An object, because that is a tree for jax-js and a Map is not. */
export type JaxWeights = Record<string, np.Array>;

/** A batch on the device; B rows of both tasks, N = B · Td target tokens. A type, since interfaces are no trees. */
export type JaxBatch = {
  /** [B · Te], int32; 0 where there is padding. Flat: under `jit`, 0.1.25 cannot scatter through a reshaped gather. */
  encoderIds: np.Array;
  /** [B, 1, 1, Te]: 0 at tokens, maskedScore at padding. */
  encoderMask: np.Array;
  /** [N], int32. */
  decoderIds: np.Array;
  /** [Te, Te] and [Td, Td], int32: the bucket of each key's distance from each query. */
  encoderBuckets: np.Array;
  decoderBuckets: np.Array;
  /** [Td, Td]: 0, and maskedScore at keys after the query. */
  causalMask: np.Array;
  /** [N], int32; 0 where there is padding. */
  labels: np.Array;
  /** [N]: each token's share in the step's loss; 0 where there is padding. */
  tokenWeights: np.Array;
};

/** Added to scores that must not count: as TensorFlow.js' engine has it. */
export const maskedScore = -1e9;

/** The weights while they are read: each use takes a reference, dispose() gives back the one that came in. */
class Reader {
  constructor(
    readonly config: T5Config,
    readonly weights: JaxWeights,
  ) {}

  weight(name: string): np.Array {
    return this.weights[`${name}.weight`]!.ref;
  }

  /** x · Wᵀ: [N, in] to [N, out]. */
  linear(x: np.Array, name: string): np.Array {
    return np.matmul(x, np.transpose(this.weight(name)));
  }

  norm(x: np.Array, name: string): np.Array {
    const mean = np.square(x.ref).mean(-1, { keepdims: true });
    const scale = np.reciprocal(np.sqrt(mean.add(this.config.layer_norm_epsilon)));
    return x.mul(scale).mul(this.weight(name));
  }

  /** [B·T, H·d_kv] to [B, H, T, d_kv] */
  heads(x: np.Array, batch: number): np.Array {
    const { num_heads: heads, d_kv: width } = this.config;
    return x.reshape([batch, x.shape[0]! / batch, heads, width]).transpose([0, 2, 1, 3]);
  }

  /**
   * @param queries [B·Tq, D] @param source [B·Tk, D] @param bias broadcasts to [B, H, Tq, Tk]
   * @returns [B·Tq, D]
   */
  attend(queries: np.Array, source: np.Array, bias: np.Array, path: string, batch: number): np.Array {
    const query = this.heads(this.linear(queries, `${path}.q`), batch);
    const keys = this.heads(this.linear(source.ref, `${path}.k`), batch);
    const values = this.heads(this.linear(source, `${path}.v`), batch);
    const scores = np.matmul(query, keys.transpose([0, 1, 3, 2])).add(bias);
    const mixed = np.matmul(nn.softmax(scores, -1), values); // [B, H, Tq, d_kv]
    const [, heads, length, width] = mixed.shape as [number, number, number, number];
    return this.linear(mixed.transpose([0, 2, 1, 3]).reshape([batch * length, heads * width]), `${path}.o`);
  }

  feedForward(x: np.Array, path: string): np.Array {
    const normed = this.norm(x.ref, `${path}.layer_norm`);
    const dense = `${path}.DenseReluDense`;
    let inner: np.Array; // [N, F]
    switch (this.config.feed_forward_proj) {
      case 'gated-gelu':
        inner = nn.gelu(this.linear(normed.ref, `${dense}.wi_0`)).mul(this.linear(normed, `${dense}.wi_1`));
        break;
      case 'gated-silu':
        inner = nn.silu(this.linear(normed.ref, `${dense}.wi_0`)).mul(this.linear(normed, `${dense}.wi_1`));
        break;
      case 'relu':
        inner = nn.relu(this.linear(normed, `${dense}.wi`));
        break;
      default:
        throw new Error(this.config.feed_forward_proj satisfies never);
    }
    return x.add(this.linear(inner, `${dense}.wo`));
  }

  /** @param buckets [T, T] @returns [H, T, T] */
  positionBias(buckets: np.Array, stack: 'encoder' | 'decoder'): np.Array {
    const table = this.weight(`${stack}.block.0.layer.0.SelfAttention.relative_attention_bias`);
    return np.take(np.transpose(table), buckets, 1);
  }

  selfAttention(x: np.Array, bias: np.Array, path: string, batch: number): np.Array {
    const normed = this.norm(x.ref, `${path}.layer_norm`);
    return x.add(this.attend(normed.ref, normed, bias, `${path}.SelfAttention`, batch));
  }

  /** @param ids [B·T] @returns [B·T, D] */
  embed(ids: np.Array): np.Array {
    return np.take(this.weight('shared'), ids, 0);
  }

  encode(batch: JaxBatch): np.Array {
    const rows = batch.encoderMask.shape[0]!;
    const bias = this.positionBias(batch.encoderBuckets, 'encoder').add(batch.encoderMask.ref);
    let x = this.embed(batch.encoderIds);
    for (let layer = 0; layer < this.config.num_layers; layer += 1) {
      const path = `encoder.block.${layer}.layer`;
      x = this.selfAttention(x, bias.ref, `${path}.0`, rows);
      x = this.feedForward(x, `${path}.1`);
    }
    bias.dispose();
    return this.norm(x, 'encoder.final_layer_norm');
  }

  decode(batch: JaxBatch, encoded: np.Array): np.Array {
    const rows = batch.encoderMask.shape[0]!;
    const bias = this.positionBias(batch.decoderBuckets, 'decoder').add(batch.causalMask);
    let x = this.embed(batch.decoderIds);
    for (let layer = 0; layer < this.config.num_decoder_layers; layer += 1) {
      const path = `decoder.block.${layer}.layer`;
      x = this.selfAttention(x, bias.ref, `${path}.0`, rows);
      const normed = this.norm(x.ref, `${path}.1.layer_norm`);
      const cross = `${path}.1.EncDecAttention`;
      x = x.add(this.attend(normed, encoded.ref, batch.encoderMask.ref, cross, rows));
      x = this.feedForward(x, `${path}.2`);
    }
    for (const used of [bias, encoded, batch.encoderMask]) used.dispose();
    return this.norm(x, 'decoder.final_layer_norm');
  }

  /** Tied students (T5 v1.0) read their embedding backwards, and scale first. @returns [N, V] */
  logits(decoded: np.Array): np.Array {
    if (!this.config.tie_word_embeddings) return this.linear(decoded, 'lm_head');
    return this.linear(decoded.mul(this.config.d_model ** -0.5), 'shared');
  }

  dispose(): void {
    for (const weight of Object.values(this.weights)) weight.dispose();
  }
}

/** Consumes its arguments. @returns the step's loss, and each target token's [N]. */
export function lossOf(config: T5Config, weights: JaxWeights, batch: JaxBatch): [np.Array, np.Array] {
  const reader = new Reader(config, weights);
  const logits = reader.logits(reader.decode(batch, reader.encode(batch)));
  reader.dispose();
  const [rows, vocabulary] = logits.shape as [number, number];
  // Comparing with the column fuses into the sums around it; takeAlongAxis would scatter its gradient.
  const isLabel = batch.labels.reshape([rows, 1]).equal(np.arange(0, vocabulary, 1, { dtype: np.int32 }));
  const ofLabel = np.where(isLabel, logits.ref, 0).sum(-1);
  const losses = nn.logsumexp(logits, -1).sub(ofLabel);
  return [losses.ref.mul(batch.tokenWeights).sum(), losses];
}
