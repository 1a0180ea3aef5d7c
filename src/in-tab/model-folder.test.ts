import { expect, it } from 'vitest';
import {
  bestVariant,
  canLabel,
  filesOfVariant,
  openModelFolder,
  variantsIn,
  type ModelFile,
} from './model-folder.ts';

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

it('takes the uppermost configuration for the model’s, and its folder’s files alone', async () => {
  const dropped = [
    {
      path: 'Qwen/older/config.json',
      file: new Blob(['{"model_type":"other","max_position_embeddings":1}']),
    },
    ...folder(whole),
    {
      path: 'Qwen/original/config.json',
      file: new Blob(['{"model_type":"other","max_position_embeddings":2}']),
    },
    { path: 'Other/readme.md', file: new Blob(['x']) },
    { path: 'Qwen/myconfig.json', file: new Blob(['x']) },
  ];
  const { name, contextTokens, files } = await openModelFolder(dropped);
  expect([name, contextTokens]).toEqual(['Qwen', 32_768]);
  expect([...files.keys()]).toEqual([
    'older/config.json',
    ...Object.keys(whole),
    'original/config.json',
    'myconfig.json',
  ]);
  // Files that were chosen one by one have no folder: the configuration says what it is.
  const bare = Object.entries(whole).map(([path, text]) => ({ path, file: new Blob([text]) }));
  expect((await openModelFolder(bare)).name).toBe('qwen2');
});

it('reads a configuration of a megabyte, and no larger one', async () => {
  const config = JSON.stringify(qwen);
  const open = (sizeBytes: number) =>
    openModelFolder(folder({ ...whole, 'config.json': config.padEnd(sizeBytes) }));
  expect(await open(1_000_000)).toMatchObject({ contextTokens: 32_768 });
  await expect(open(1_000_001)).rejects.toThrow('It is no configuration of a model.');
});

it.each([
  { model_type: 't5' },
  { model_type: 'mt5', is_encoder_decoder: null },
  { model_type: 'bart' },
  { model_type: 'new', is_encoder_decoder: true },
])('refuses a student by its kind, or by what it says of itself: $model_type', async (config) => {
  const files = folder({ ...whole, 'config.json': JSON.stringify(config) });
  await expect(openModelFolder(files)).rejects.toThrow(`This is a student (${config.model_type})`);
});

it.each([
  'hidden_size',
  'num_hidden_layers',
  'vocab_size',
  'num_attention_heads',
  'intermediate_size',
] as const)('does not guess how large a model is without its %s', async (size) => {
  const config = { ...qwen, [size]: undefined };
  const { parameters } = await openModelFolder(folder({ ...whole, 'config.json': JSON.stringify(config) }));
  expect(parameters).toBeNull();
});

it('counts weights that lie beside a model to it, in one file or several, and to no other', () => {
  const paths = ['model_q4.onnx', 'model_q4.onnx_data', 'model_q4.onnx_data_1', 'model_q4.onnx_data_10'];
  const others = ['model.onnx', 'model_q4.onnx_database', 'model_q4f16.onnx_data'];
  const files = [...paths, ...others].map((name, index) => ({ path: `onnx/${name}`, size: 10 ** index }));
  expect(variantsIn(new Map(files.map((file) => [file.path, file])))).toEqual([
    { precision: 'q4', sizeBytes: 1111, externalFiles: 3 },
    { precision: 'fp32', sizeBytes: 10_000, externalFiles: 0 },
  ]);
  const config = { path: 'config.json' };
  expect(filesOfVariant([config, ...files], 'q4').map(({ path }) => path)).toEqual([
    'config.json',
    ...paths.map((name) => `onnx/${name}`),
  ]);
});

it('takes the form that suits a device best, wherever it stands', () => {
  const variants = (['fp32', 'q4', 'q8', 'fp16'] as const).map((precision) => ({
    precision,
    sizeBytes: 1,
    externalFiles: 0,
  }));
  for (const order of [variants, variants.toReversed()]) {
    expect([bestVariant(order, 'webgpu').precision, bestVariant(order, 'wasm').precision]).toEqual([
      'q4',
      'q8',
    ]);
  }
  expect(variants.map(({ precision }) => precision)).toEqual(['fp32', 'q4', 'q8', 'fp16']);
});

it('lets a model of 1.4 billion weights label, and no smaller one', () => {
  expect([1.4e9 - 1, 1.4e9].map(canLabel)).toEqual([false, true]);
});
