/** Which weights a T5 has, by configuration. */
import type { T5Config } from './config.ts';

/** One weight under its Hugging Face name. */
export interface Parameter {
  name: string;
  /** Linear weights are [out, in]. */
  shape: readonly number[];
}

/**
 * Every weight of `T5ForConditionalGeneration`, in the order of its `named_parameters()`. Tied students have no
 * `lm_head.weight`.
 */
export function expectedParameters(config: T5Config): Parameter[] {
  const { d_model, d_ff, vocab_size, num_heads } = config;
  const inner = num_heads * config.d_kv;
  const parameters: Parameter[] = [{ name: 'shared.weight', shape: [vocab_size, d_model] }];
  const add = (name: string, ...shape: number[]): void => {
    parameters.push({ name: `${name}.weight`, shape });
  };

  const addAttention = (path: string, biased: boolean): void => {
    add(`${path}.q`, inner, d_model);
    add(`${path}.k`, inner, d_model);
    add(`${path}.v`, inner, d_model);
    add(`${path}.o`, d_model, inner);
    if (biased) add(`${path}.relative_attention_bias`, config.relative_attention_num_buckets, num_heads);
  };

  const addFeedForward = (path: string): void => {
    if (isGated(config)) {
      add(`${path}.wi_0`, d_ff, d_model);
      add(`${path}.wi_1`, d_ff, d_model);
    } else {
      add(`${path}.wi`, d_ff, d_model);
    }
    add(`${path}.wo`, d_model, d_ff);
  };

  const addStack = (stack: 'encoder' | 'decoder', layers: number): void => {
    for (let block = 0; block < layers; block += 1) {
      const path = `${stack}.block.${block}.layer`;
      addAttention(`${path}.0.SelfAttention`, hasBias(config, block));
      add(`${path}.0.layer_norm`, d_model);
      const last = stack === 'decoder' ? 2 : 1;
      if (stack === 'decoder') {
        addAttention(`${path}.1.EncDecAttention`, false);
        add(`${path}.1.layer_norm`, d_model);
      }
      addFeedForward(`${path}.${last}.DenseReluDense`);
      add(`${path}.${last}.layer_norm`, d_model);
    }
    add(`${stack}.final_layer_norm`, d_model);
  };

  addStack('encoder', config.num_layers);
  addStack('decoder', config.num_decoder_layers);
  if (!config.tie_word_embeddings) add('lm_head', vocab_size, d_model);
  return parameters;
}

/** Whether the feed-forward layers have a gate: `wi_0` and `wi_1` in place of `wi`. */
export function isGated({ feed_forward_proj }: Pick<T5Config, 'feed_forward_proj'>): boolean {
  return feed_forward_proj !== 'relu';
}

/**
 * Whether a block's self-attention owns a relative position bias. In T5 the first block of a stack does and the others
 * reuse what it computed; in UMT5 every block does.
 */
export function hasBias(config: Pick<T5Config, 'bias_in_every_layer'>, block: number): boolean {
  return block === 0 || config.bias_in_every_layer === true;
}

/** Factor of the logits: d_model^-0.5 in T5 v1.0. */
export function logitScale(
  config: Pick<T5Config, 'd_model' | 'tie_word_embeddings' | 'scale_decoder_outputs'>,
): number {
  return (config.scale_decoder_outputs ?? config.tie_word_embeddings) ? config.d_model ** -0.5 : 1;
}

/** How many values a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Trainable values of a student, all weights together. */
export function countParameters(config: T5Config): number {
  return expectedParameters(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
