/** A very small student as files, for tests: v1.1 by default, T5 v1.0 where `tied`. */
import { endTemplate } from '../end-template.ts';
import { initialiseWeights } from '../initialise.ts';
import { parseT5Config } from '../config.ts';
import { expectedParameters } from '../parameters.ts';
import { writeSafetensors, type WritableTensor } from '../../formats/safetensors-writer.ts';

const encoder = new TextEncoder();

/** Any object as the bytes of a JSON file. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function tinyConfig(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    architectures: ['T5ForConditionalGeneration'],
    model_type: 't5',
    vocab_size: 40,
    d_model: 8,
    d_kv: 3,
    d_ff: 10,
    num_layers: 1,
    num_decoder_layers: 2,
    num_heads: 2,
    feed_forward_proj: 'gated-gelu',
    tie_word_embeddings: false,
    decoder_start_token_id: 0,
    eos_token_id: 1,
    pad_token_id: 0,
    ...overrides,
  };
}

/** 30 pieces: three special ones, the start of a word, and letters. */
export function tinyTokenizer(): Record<string, unknown> {
  const special = ['<pad>', '</s>', '<unk>'];
  const pieces = [
    ...special.map((piece) => [piece, 0]),
    ['▁', -1],
    ...Array.from('abcdefghijklmnopqrstuvwxyz').map((letter) => [letter, -3]),
  ];
  const spaces = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: spaces,
    post_processor: endTemplate(1),
    decoder: spaces,
    model: { type: 'Unigram', unk_id: 2, vocab: pieces, byte_fallback: false },
  };
}

/** The tensors of an untrained student of this configuration. */
export function tinyTensors(
  config: Readonly<Record<string, unknown>>,
  seed = 1,
): Map<string, WritableTensor & { data: Float32Array }> {
  const parsed = parseT5Config(JSON.stringify(config), 'config.json');
  const weights = initialiseWeights(parsed, seed);
  return new Map(
    expectedParameters(parsed).map(({ name, shape }) => [name, { shape, data: weights.get(name)! }]),
  );
}

/** A whole folder. */
export function tinyFolder(overrides: Readonly<Record<string, unknown>> = {}): Map<string, Uint8Array> {
  const config = tinyConfig(overrides);
  return new Map([
    ['config.json', jsonBytes(config)],
    [
      'model.safetensors',
      writeSafetensors(tinyTensors(config), { dtype: 'f32', metadata: { format: 'pt' } }),
    ],
    ['tokenizer.json', jsonBytes(tinyTokenizer())],
    ['tokenizer_config.json', jsonBytes({ eos_token: '</s>', clean_up_tokenization_spaces: true })],
  ]);
}
