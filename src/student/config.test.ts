import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { parseT5Config, readT5Config } from './config.ts';

const text = (values: object) => JSON.stringify({ model_type: 't5', ...values });

describe('parseT5Config', () => {
  it('fills in T5Config’s defaults', () => {
    expect(parseT5Config(text({}), 'config.json')).toEqual({
      vocab_size: 32128,
      d_model: 512,
      d_kv: 64,
      d_ff: 2048,
      num_layers: 6,
      num_decoder_layers: 6,
      num_heads: 8,
      relative_attention_num_buckets: 32,
      relative_attention_max_distance: 128,
      layer_norm_epsilon: 1e-6,
      feed_forward_proj: 'relu',
      tie_word_embeddings: true,
      dropout_rate: 0.1,
      pad_token_id: 0,
      eos_token_id: 1,
      decoder_start_token_id: 0,
    });
  });

  it('takes the decoder’s layers from the encoder’s unless told', () => {
    expect(parseT5Config(text({ num_layers: 3 }), 'x').num_decoder_layers).toBe(3);
    expect(parseT5Config(text({ num_layers: 3, num_decoder_layers: null }), 'x').num_decoder_layers).toBe(3);
    expect(parseT5Config(text({ num_layers: 3, num_decoder_layers: 2 }), 'x').num_decoder_layers).toBe(2);
  });

  it('knows v1.1 by what transformers 5 writes', () => {
    const values = { tie_word_embeddings: true, scale_decoder_outputs: false };
    expect(parseT5Config(text(values), 'x').tie_word_embeddings).toBe(false);
    expect(parseT5Config(text({ ...values, scale_decoder_outputs: true }), 'x').tie_word_embeddings).toBe(
      true,
    );
  });

  it('reads mT5 as T5 v1.1 with MT5Config’s defaults', () => {
    expect(parseT5Config(text({ model_type: 'mt5' }), 'x')).toMatchObject({
      vocab_size: 250_112,
      d_model: 512,
      d_ff: 1024,
      num_layers: 8,
      num_decoder_layers: 8,
      num_heads: 6,
      feed_forward_proj: 'gated-gelu',
      tie_word_embeddings: false,
    });
    const own = text({ model_type: 'mt5', vocab_size: 32_000, num_layers: 2 });
    expect(parseT5Config(own, 'x')).toMatchObject({ vocab_size: 32_000, num_layers: 2 });
  });

  it('takes the first of several end tokens', () => {
    expect(parseT5Config(text({ eos_token_id: [3] }), 'x').eos_token_id).toBe(3);
    expect(parseT5Config(text({ eos_token_id: [4, 1] }), 'x').eos_token_id).toBe(4);
    for (const broken of [[], ['</s>'], [1, -1]]) {
      expect(() => parseT5Config(text({ eos_token_id: broken }), 'x')).toThrow(/`eos_token_id` is \[/);
    }
  });

  it('lets the decoder begin with the padding token unless told', () => {
    expect(parseT5Config(text({ pad_token_id: 3 }), 'x').decoder_start_token_id).toBe(3);
    const told = text({ pad_token_id: 3, decoder_start_token_id: 0 });
    expect(parseT5Config(told, 'x').decoder_start_token_id).toBe(0);
  });

  it('reads UMT5: a bias in every layer, and the defaults of its own configuration', () => {
    const plain = JSON.stringify({ model_type: 'umt5' });
    expect(parseT5Config(plain, 'x')).toMatchObject({
      vocab_size: 250_112,
      d_ff: 1024,
      num_layers: 8,
      num_heads: 6,
      feed_forward_proj: 'gated-gelu',
      tie_word_embeddings: true,
      bias_in_every_layer: true,
    });
    expect(parseT5Config(text({}), 'x').bias_in_every_layer).toBeUndefined();
  });

  it.each(['gated-silu', 'gated-swish'])('reads the gate of UL2, %s', (name) => {
    expect(parseT5Config(text({ feed_forward_proj: name }), 'x').feed_forward_proj).toBe('gated-silu');
  });

  it('keeps the object as it was', () => {
    const { rawConfig } = readT5Config(text({ task_specific_params: { a: 1 } }), 'x');
    expect(rawConfig).toEqual({ model_type: 't5', task_specific_params: { a: 1 } });
  });

  it('takes the architecture where there is no model type', () => {
    const values = JSON.stringify({ architectures: ['T5ForConditionalGeneration'] });
    expect(parseT5Config(values, 'x').d_model).toBe(512);
  });

  it.each<[string, number, string]>([
    ['num_layers', 256, '256'],
    ['num_decoder_layers', 256, '256'],
    ['d_model', 65_536, '65,536'],
    ['d_kv', 65_536, '65,536'],
    ['d_ff', 65_536, '65,536'],
    ['num_heads', 1024, '1,024'],
    ['vocab_size', 2_097_152, '2,097,152'],
    ['relative_attention_num_buckets', 1024, '1,024'],
    ['relative_attention_max_distance', 1_000_000, '1,000,000'],
  ])('bounds %s', (key, bound, written) => {
    // So many buckets need a distance above their half.
    const others = key === 'relative_attention_num_buckets' ? { relative_attention_max_distance: 1024 } : {};
    expect(() => parseT5Config(text({ ...others, [key]: bound }), 'x')).not.toThrow();
    for (const value of [bound + 2, 2 ** 52]) {
      const act = () => parseT5Config(text({ ...others, [key]: value }), 'x');
      expect(act).toThrow(InputError);
      expect(act).toThrow(`\`${key}\` is ${value}; the largest that is read is ${written}.`);
    }
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', '{"model_type": "t5"', /not valid JSON/],
    ['a list', '[]', /not a JSON object/],
    ['no model type', '{}', /does not say `"model_type": "t5"`/],
    ['another model', text({ model_type: 'bert' }), /type "bert", not a T5\./],
    ['LongT5', text({ model_type: 'longt5' }), /LongT5/],
    ['another activation', text({ feed_forward_proj: 'gated-relu' }), /`feed_forward_proj` is "gated-relu"/],
    ['words for numbers', text({ d_model: 'big' }), /`d_model` is "big"/],
    ['no layers', text({ num_layers: 0 }), /`num_layers` is 0/],
    ['half a head', text({ num_heads: 1.5 }), /`num_heads` is 1.5/],
    ['dropout 1', text({ dropout_rate: 1 }), /`dropout_rate` is 1/],
    ['an end token beyond the vocabulary', text({ vocab_size: 8, eos_token_id: 8 }), /`eos_token_id` is 8/],
    [
      'a distance within the buckets',
      text({ relative_attention_max_distance: 16 }),
      /too little for 32 buckets/,
    ],
  ])('refuses %s in words', (_, broken, message) => {
    const act = () => parseT5Config(broken, 'flan/config.json');
    expect(act).toThrow(InputError);
    expect(act).toThrow(message);
    expect(act).toThrow(/^flan\/config\.json: /);
  });
});

it.each([['d_model'], ['eos_token_id'], ['feed_forward_proj'], ['num_decoder_layers']])(
  '%s that is a list 100,000 deep is refused in words',
  (key) => {
    const text = `{"model_type":"t5","${key}":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(() => parseT5Config(text, 'config.json')).toThrow(InputError);
  },
);
