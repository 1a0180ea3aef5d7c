/** What training a student will take, before anything starts. */
import type { T5Config } from './config.ts';
import { expectedParameters, isGated, sizeOf } from './parameters.ts';

export interface TrainingShape {
  /** Rows of one micro-batch. */
  batchSize: number;
  /** Tokens of the longest input and the longest target after truncation. */
  inputTokens: number;
  targetTokens: number;
  method: TrainingMethod;
}

/** Step-by-step takes an answer and a rationale pass through each row, all others one. */
export type TrainingMethod = 'step-by-step' | 'standard' | 'rationale-then-label' | 'label-then-rationale';

/** Bytes on the engine's device; an estimate, not a promise: engines fuse, reuse and pad in their own ways. */
export interface MemoryEstimate {
  weights: number;
  gradients: number;
  /** AdamW's two moments. */
  moments: number;
  activations: number;
  logits: number;
  total: number;
}

const bytesPerFloat = 4;

/**
 * Estimates the float32 values that are alive at the end of a forward pass, when an engine with automatic
 * differentiation holds most. With B rows, S input and T target tokens, D = d_model, I = num_heads · d_kv, F = d_ff,
 * H = num_heads, and g = 5 with a gate (two projections, the activation, the product, its dropout), 3 for relu:
 *
 * - weights, gradients: one value a parameter each; moments: two; frozen ones have neither gradient nor moments;
 * - attention over K keys, a query token: 3·D (norm, projection out, residual) + 2·I (query, context) + 3·H·K (scores,
 *   probabilities, their dropout); a key token: 2·I;
 * - feed-forward, a token: 3·D + g·F; each stack: 2·D a token for embedding and final norm;
 * - logits: 3·B·T·V (logits, log-probabilities, their gradient), the largest single tensors of a T5;
 * - step-by-step: activations and logits twice, since both tasks belong to one step and may be alive together.
 *
 * @param frozen Names of the weights that are not trained (`frozenParameters`). What the activations before them would
 * spare is not counted.
 */
export function estimateTrainingMemory(
  config: T5Config,
  shape: TrainingShape,
  frozen: ReadonlySet<string> = new Set(),
): MemoryEstimate {
  const { d_model, d_ff, num_heads, num_layers, num_decoder_layers, vocab_size } = config;
  const { batchSize, inputTokens, targetTokens } = shape;
  const inner = num_heads * config.d_kv;
  let parameters = 0;
  let trained = 0;
  for (const { name, shape: sizes } of expectedParameters(config)) {
    parameters += sizeOf(sizes);
    if (!frozen.has(name)) trained += sizeOf(sizes);
  }
  const passes = shape.method === 'step-by-step' ? 2 : 1;

  const attention = (queries: number, keys: number): number =>
    queries * (3 * d_model + 2 * inner + 3 * num_heads * keys) + keys * 2 * inner;
  const feedForward = 3 * d_model + (isGated(config) ? 5 : 3) * d_ff;
  const encoder =
    num_layers * (attention(inputTokens, inputTokens) + inputTokens * feedForward) +
    2 * d_model * inputTokens;
  const decoder =
    num_decoder_layers *
      (attention(targetTokens, targetTokens) +
        attention(targetTokens, inputTokens) +
        targetTokens * feedForward) +
    2 * d_model * targetTokens;

  const weights = parameters * bytesPerFloat;
  const gradients = trained * bytesPerFloat;
  const moments = 2 * gradients;
  const activations = passes * batchSize * (encoder + decoder) * bytesPerFloat;
  const logits = passes * batchSize * 3 * targetTokens * vocab_size * bytesPerFloat;
  return {
    weights,
    gradients,
    moments,
    activations,
    logits,
    total: weights + gradients + moments + activations + logits,
  };
}
