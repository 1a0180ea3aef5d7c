import { expect, it } from 'vitest';
import { bestVariant, canLabel, filesOfVariant, openModelFolder, type ModelFile } from './model-folder.ts';

const qwen = {
  model_type: 'qwen2',
  hidden_size: 1536,
  intermediate_size: 8960,
  num_hidden_layers: 28,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  vocab_size: 151_936,
  tie_word_embeddings: true,
  max_position_embeddings: 32_768,
};
const folder = (files: Record<string, string>): ModelFile[] =>
  Object.entries(files).map(([path, text]) => ({ path: `Qwen/${path}`, file: new Blob([text]) }));
const whole = {
  'config.json': JSON.stringify(qwen),
  'tokenizer.json': '{}',
  'onnx/model_q4.onnx': 'abc',
  'onnx/model_q4f16.onnx': 'ab',
  'onnx/model_q4f16.onnx_data': 'defg',
  'onnx/model_quantized.onnx': 'hijkl',
  'onnx/decoder_model.onnx': 'x',
};

it('knows a folder’s weights in all their forms, and how large the model is', async () => {
  const { name, variants, parameters, contextTokens } = await openModelFolder(folder(whole));
  expect(name).toBe('Qwen');
  expect(variants).toEqual([
    { precision: 'q4f16', sizeBytes: 6, externalFiles: 1 },
    { precision: 'q4', sizeBytes: 3, externalFiles: 0 },
    { precision: 'q8', sizeBytes: 5, externalFiles: 0 },
  ]);
  expect(bestVariant(variants, 'webgpu').precision).toBe('q4f16');
  expect(bestVariant(variants, 'wasm').precision).toBe('q8');
  // Its card says 1.54 B.
  expect(parameters! / 1e9).toBeCloseTo(1.54, 2);
  const llama = {
    model_type: 'llama',
    hidden_size: 4096,
    intermediate_size: 11_008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    vocab_size: 32_000,
  };
  const other = await openModelFolder(folder({ ...whole, 'config.json': JSON.stringify(llama) }));
  // Llama 2's 6.74 B: each head its own keys, and embeddings of their own at the end.
  expect([other.parameters! / 1e9, other.contextTokens]).toEqual([expect.closeTo(6.738, 3), null]);
  const wide = { ...llama, head_dim: 256 };
  const wider = await openModelFolder(folder({ ...whole, 'config.json': JSON.stringify(wide) }));
  expect(wider.parameters! - other.parameters!).toBe(32 * 4 * 4096 * 4096);
  const less = await openModelFolder(folder({ ...whole, 'config.json': '{"model_type":"llama"}' }));
  expect(less.parameters).toBeNull();
  expect(canLabel(parameters)).toBe(true);
  expect(canLabel(0.5e9)).toBe(false);
  expect(canLabel(null)).toBeNull();
  expect(contextTokens).toBe(32_768);
  expect(
    filesOfVariant(
      folder(whole).map(({ path }) => ({ path: path.slice(5) })),
      'q4f16',
    ),
  ).toEqual(
    ['config.json', 'tokenizer.json', 'onnx/model_q4f16.onnx', 'onnx/model_q4f16.onnx_data'].map((path) => ({
      path,
    })),
  );
});

it.each([
  [{}, /no config\.json/],
  [{ ...whole, 'config.json': '{' }, /Qwen\/config\.json: It is no configuration/],
  [{ ...whole, 'config.json': '{"model_type":"t5","is_encoder_decoder":true}' }, /This is a student \(t5\)/],
  [{ 'config.json': whole['config.json'], 'onnx/model.onnx': 'a' }, /no tokenizer\.json/],
  [{ 'config.json': whole['config.json'], 'tokenizer.json': '{}' }, /no onnx\/model\.onnx/],
])('refuses what is no such folder, in words: %#', async (files, words) => {
  await expect(openModelFolder(folder(files))).rejects.toThrow(words);
});
