import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseT5Config } from './config.ts';
import { countParameters, expectedParameters } from './parameters.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import { tinyConfig } from './testing/tiny-student.ts';

const parse = (values: object) =>
  parseT5Config(JSON.stringify({ model_type: 't5', ...values }), 'config.json');
const flanSmall = parse({
  d_model: 512,
  d_kv: 64,
  d_ff: 1024,
  num_layers: 8,
  num_heads: 6,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
});

describe('expectedParameters', () => {
  it('counts the published models', () => {
    expect(countParameters(flanSmall)).toBe(76_961_152);
    expect(expectedParameters(flanSmall)).toHaveLength(190);
    expect(countParameters(parse({}))).toBe(60_506_624); // t5-small
  });

  it('names them in Hugging Face’s order', () => {
    const names = expectedParameters(parse(tinyConfig())).map(({ name }) => name);
    expect(names.slice(0, 11)).toEqual([
      'shared.weight',
      'encoder.block.0.layer.0.SelfAttention.q.weight',
      'encoder.block.0.layer.0.SelfAttention.k.weight',
      'encoder.block.0.layer.0.SelfAttention.v.weight',
      'encoder.block.0.layer.0.SelfAttention.o.weight',
      'encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight',
      'encoder.block.0.layer.0.layer_norm.weight',
      'encoder.block.0.layer.1.DenseReluDense.wi_0.weight',
      'encoder.block.0.layer.1.DenseReluDense.wi_1.weight',
      'encoder.block.0.layer.1.DenseReluDense.wo.weight',
      'encoder.block.0.layer.1.layer_norm.weight',
    ]);
    expect(names.at(-1)).toBe('lm_head.weight');
    expect(names.filter((name) => name.includes('relative_attention_bias'))).toHaveLength(2);
  });

  it('gives UMT5 a bias in every self-attention', () => {
    const config = parse(tinyConfig({ model_type: 'umt5', num_layers: 2, num_decoder_layers: 3 }));
    const names = expectedParameters(config).map(({ name }) => name);
    expect(names.filter((name) => name.includes('relative_attention_bias'))).toEqual(
      ['encoder.block.0', 'encoder.block.1', 'decoder.block.0', 'decoder.block.1', 'decoder.block.2'].map(
        (block) => `${block}.layer.0.SelfAttention.relative_attention_bias.weight`,
      ),
    );
  });

  const golden = '../shared/golden';
  it
    .skipIf(!existsSync(golden))
    .each([
      'tiny-gated',
      'tiny-tied',
      'cos-e-run/student',
      'more/family/umt5',
      'more/family/mt5',
      'more/family/gated-silu',
    ])('is what Python saved: %s (skipped where ../shared is absent)', (folder) => {
    const config = parseT5Config(readFileSync(`${golden}/${folder}/config.json`, 'utf8'), 'config.json');
    const file = parseSafetensors(readFileSync(`${golden}/${folder}/model.safetensors`), 'model.safetensors');
    const expected = expectedParameters(config).map(({ name, shape }) => [name, shape]);
    const stored = [...file.tensors].map(([name, { shape }]) => [name, shape]);
    expect(stored.sort()).toEqual(expected.sort());
  });
});
