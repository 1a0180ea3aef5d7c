/** Published students by name, as their `config.json` has them: for questions that need no weights. */
import type { T5Config } from './config.ts';

type Sizes = readonly [d_model: number, d_ff: number, layers: number, heads: number];

function shape(
  [d_model, d_ff, layers, num_heads]: Sizes,
  feed_forward_proj: 'relu' | 'gated-gelu',
  vocab_size = 32_128,
): T5Config {
  return {
    vocab_size,
    d_model,
    d_kv: 64,
    d_ff,
    num_layers: layers,
    num_decoder_layers: layers,
    num_heads,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    layer_norm_epsilon: 1e-6,
    feed_forward_proj,
    tie_word_embeddings: feed_forward_proj === 'relu',
    dropout_rate: 0.1,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
  };
}

/** By name, the smallest first. T5 v1.1 has the shapes of flan-T5. */
export const publishedShapes: ReadonlyMap<string, T5Config> = new Map([
  ['t5-efficient-tiny', shape([256, 1024, 4, 4], 'relu')],
  ['t5-efficient-mini', shape([384, 1536, 4, 8], 'relu')],
  ['t5-small', shape([512, 2048, 6, 8], 'relu')],
  ['flan-t5-small', shape([512, 1024, 8, 6], 'gated-gelu')],
  ['t5-base', shape([768, 3072, 12, 12], 'relu')],
  ['flan-t5-base', shape([768, 2048, 12, 12], 'gated-gelu')],
  // Few pieces, so its parameters are in its layers: three times as many in the encoder.
  ['byt5-small', { ...shape([1472, 3584, 12, 6], 'gated-gelu', 384), num_decoder_layers: 4 }],
  ['mt5-small', shape([512, 1024, 8, 6], 'gated-gelu', 250_112)],
  ['mt5-base', shape([768, 2048, 12, 12], 'gated-gelu', 250_112)],
  ['t5-large', shape([1024, 4096, 24, 16], 'relu')],
  ['flan-t5-large', shape([1024, 2816, 24, 16], 'gated-gelu')],
]);
