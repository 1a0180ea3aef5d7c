/** Random weights for a student that has not learned anything yet. */
import { RandomSequence } from '../base/random.ts';
import type { T5Config, Weights } from './config.ts';
import { expectedParameters, sizeOf } from './parameters.ts';

/**
 * Standard deviation of a weight at the start, by Hugging Face's rules (`T5PreTrainedModel._init_weights` with
 * `initializer_factor` 1), with one exception. An untied `lm_head` there has 1.0: on hidden states of unit size its
 * logits spread by √d_model, and the first loss is of the order of 100. Here it has d_model^-0.5, so that the first
 * loss is near ln(vocab_size), as it is for tied students, whose logits are scaled by the same factor.
 */
function standardDeviation(name: string, config: T5Config): number {
  const { d_model, d_kv, d_ff, num_heads } = config;
  if (name === 'shared.weight') return 1;
  if (name.endsWith('.q.weight')) return (d_model * d_kv) ** -0.5;
  if (name.endsWith('.o.weight')) return (num_heads * d_kv) ** -0.5;
  if (name.endsWith('.wo.weight')) return d_ff ** -0.5;
  return d_model ** -0.5; // k, v, wi, wi_0, wi_1, relative_attention_bias, lm_head
}

/**
 * A student's weights drawn from a seed: the same random bits on every machine, so the same weights up to the last
 * digit of the machine's logarithm and cosine.
 */
export function initialiseWeights(config: T5Config, seed: number): Weights {
  const weights: Weights = new Map();
  expectedParameters(config).forEach(({ name, shape }, stream) => {
    const values = new Float32Array(sizeOf(shape));
    if (name.includes('layer_norm')) {
      values.fill(1);
    } else {
      const random = new RandomSequence(seed, stream);
      const deviation = standardDeviation(name, config);
      for (let i = 0; i < values.length; i += 1) values[i] = deviation * random.nextNormal();
    }
    weights.set(name, values);
  });
  return weights;
}
