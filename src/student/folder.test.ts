import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readStudentFolder, readStudentOutline, studentPaths } from './folder.ts';
import { writeSafetensors, type WritableTensor } from '../formats/safetensors-writer.ts';
import { filesFromBlobs, filesInMemory } from './student-files.ts';
import { jsonBytes, tinyConfig, tinyFolder, tinyTensors, tinyTokenizer } from './testing/tiny-student.ts';

type Files = Map<string, Uint8Array>;

const bytesOf = (...path: string[]) =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../../tests/fixtures', ...path)));
const fixture = (name: string) => bytesOf('torch', name);
const read = (files: Files) => readStudentFolder(filesInMemory(files), 'tiny');
const store = (tensors: ReadonlyMap<string, WritableTensor>) => writeSafetensors(tensors, { dtype: 'f32' });

/** The tiny folder with its weights in two shards and an index. */
function shardedFolder(): Files {
  const files = tinyFolder();
  files.delete('model.safetensors');
  const entries = [...tinyTensors(tinyConfig())];
  const map: Record<string, string> = {};
  [entries.slice(0, 9), entries.slice(9)].forEach((part, number) => {
    const shard = `model-0000${number + 1}-of-00002.safetensors`;
    files.set(shard, store(new Map(part)));
    for (const [name] of part) map[name] = shard;
  });
  files.set('model.safetensors.index.json', jsonBytes({ metadata: { total_size: 0 }, weight_map: map }));
  return files;
}

describe('readStudentFolder', () => {
  it('reads a whole folder', async () => {
    const student = await read(tinyFolder());
    expect(student.name).toBe('tiny');
    expect(student.config.d_model).toBe(8);
    expect(student.rawConfig).toEqual(tinyConfig());
    expect(student.storedDtype).toBe('F32');
    expect(student.generationConfig).toBeNull();
    expect(Object.keys(student.tokenizerFiles)).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    expect([...student.tokenizer.encode('ab')]).toEqual([3, 4, 5, 1]);
    expect(student.notes).toEqual([]);
    expect([...student.weights]).toEqual(
      [...tinyTensors(tinyConfig())].map(([name, { data }]) => [name, data]),
    );
  });

  it('tells how far it is', async () => {
    const seen: [number, number][] = [];
    const files = shardedFolder();
    await readStudentFolder(filesInMemory(files), 'tiny', (...progress) => seen.push(progress));
    const sizes = [...files]
      .filter(([name]) => name.endsWith('.safetensors'))
      .map(([, bytes]) => bytes.length);
    const total = sizes[0]! + sizes[1]!;
    expect(seen).toEqual([
      [0, total],
      [sizes[0], total],
      [total, total],
    ]);
  });

  it('reads shards, blobs, zips and folders within folders alike', async () => {
    const whole = await read(tinyFolder());
    const inside = new Map([...tinyFolder()].map(([name, bytes]) => [`flan/${name}`, bytes]));
    inside.set('flan/onnx/config.json', jsonBytes({}));
    inside.set('__MACOSX/config.json', jsonBytes({}));
    const blobs = new Map([...tinyFolder()].map(([name, bytes]) => [name, new Blob([bytes.slice()])]));
    const others = await Promise.all([
      read(shardedFolder()),
      read(inside),
      readStudentFolder(filesFromBlobs(blobs), 'tiny'),
    ]);
    for (const other of others) expect(other.weights).toEqual(whole.weights);
  });

  // transformers 5 writes `tie_word_embeddings: true` for all of them.
  it.each([
    { model_type: 't5', scale_decoder_outputs: false, transformers_version: '5.24.0' },
    { model_type: 'mt5', transformers_version: '5.24.0' },
  ])('takes tying from the weights where transformers 5 leaves it to them: $model_type', async (said) => {
    const untied = tinyFolder();
    const config = jsonBytes(tinyConfig({ ...said, tie_word_embeddings: true }));
    untied.set('config.json', config);
    const { config: own, weights } = await read(untied);
    expect([own.tie_word_embeddings, own.scale_decoder_outputs]).toEqual([false, undefined]);
    expect(weights.has('lm_head.weight')).toBe(true);

    const tied = tinyFolder({ tie_word_embeddings: true });
    tied.set('config.json', config);
    const student = await read(tied);
    expect([student.config.tie_word_embeddings, student.config.scale_decoder_outputs]).toEqual([true, false]);
    // As an outline too, of files that are read in parts.
    const blobs = new Map([...tied].map(([name, bytes]) => [name, new Blob([bytes.slice()])]));
    const outline = await readStudentOutline(filesFromBlobs(blobs), 'tiny');
    expect(outline.config).toEqual(student.config);
  });

  it('ties where the configuration says so, and says what it left aside', async () => {
    const config = tinyConfig({ tie_word_embeddings: true, feed_forward_proj: 'relu' });
    const files = tinyFolder(config);
    expect([...(await read(files)).weights.keys()]).not.toContain('lm_head.weight');
    const tensors = tinyTensors(config);
    const { shape, data } = tensors.get('shared.weight')!;
    for (const copy of ['lm_head', 'encoder.embed_tokens', 'decoder.embed_tokens']) {
      tensors.set(`${copy}.weight`, { shape, data });
    }
    files.set('model.safetensors', store(tensors));
    expect((await read(files)).notes).toEqual([]);
    tensors.set('lm_head.weight', { shape, data: data.map((value) => value + 1) });
    tensors.set('encoder.extra.weight', { shape, data });
    files.set('model.safetensors', store(tensors));
    const student = await read(files);
    expect([...student.weights.keys()]).not.toContain('lm_head.weight');
    expect(student.notes).toHaveLength(2);
    expect(student.notes[0]).toMatch(/ties the output/);
    expect(student.notes[1]).toMatch(/1 tensors .*encoder\.extra\.weight/);
  });

  it('takes the embedding from a stack where the file has no shared.weight', async () => {
    const config = tinyConfig({ tie_word_embeddings: true, feed_forward_proj: 'relu' });
    const files = tinyFolder(config);
    const whole = await read(files);
    for (const stacks of [['encoder'], ['decoder'], ['encoder', 'decoder']]) {
      const tensors = tinyTensors(config);
      const shared = tensors.get('shared.weight')!;
      tensors.delete('shared.weight');
      for (const stack of stacks) tensors.set(`${stack}.embed_tokens.weight`, shared);
      files.set('model.safetensors', store(tensors));
      const student = await read(files);
      expect([...student.weights]).toEqual([...whole.weights]);
      expect(student.notes).toEqual([]);
    }
    const tensors = tinyTensors(config);
    const { shape, data } = tensors.get('shared.weight')!;
    tensors.delete('shared.weight');
    // Or from the output, which is the same where both are tied; also where transformers 5 leaves that to the weights.
    tensors.set('lm_head.weight', { shape, data });
    files.set('model.safetensors', store(tensors));
    expect([...(await read(files)).weights]).toEqual([...whole.weights]);
    const five = new Map(files);
    const unscaled = { ...config, scale_decoder_outputs: false, transformers_version: '5.24.0' };
    five.set('config.json', jsonBytes(unscaled));
    const student = await read(five);
    expect([...student.weights]).toEqual([...whole.weights]);
    expect([student.config.tie_word_embeddings, student.config.scale_decoder_outputs]).toEqual([true, false]);
    tensors.delete('lm_head.weight');
    tensors.set('encoder.embed_tokens.weight', { shape, data });
    tensors.set('decoder.embed_tokens.weight', { shape, data: data.map((value) => value + 1) });
    files.set('model.safetensors', store(tensors));
    const act = read(files);
    await expect(act).rejects.toThrow(InputError);
    await expect(act).rejects.toThrow(
      /^tiny\/model\.safetensors: .*"(?:en|de)coder\.embed_tokens\.weight" .* differ\./,
    );
  });

  it.each(['zip', 'legacy'])('reads pytorch_model.bin (%s), whole and in shards', async (format) => {
    const family = (name: string) => bytesOf('engine', 'tiny-tied', name);
    const files = tinyFolder();
    files.set('config.json', family('config.json'));
    files.set('model.safetensors', family('model.safetensors'));
    const expected = await read(files);
    files.delete('model.safetensors');
    files.set('pytorch_model.bin', fixture(`tied.${format}.bin`));
    const student = await read(files);
    expect([...student.weights]).toEqual([...expected.weights]);
    expect(student).toMatchObject({ storedDtype: 'F32', notes: [] });

    files.set('pytorch_model-00001-of-00001.bin', files.get('pytorch_model.bin')!);
    files.delete('pytorch_model.bin');
    const weight_map = Object.fromEntries(
      [...expected.weights.keys()].map((name) => [name, 'pytorch_model-00001-of-00001.bin']),
    );
    files.set('pytorch_model.bin.index.json', jsonBytes({ weight_map }));
    files.set('flax_model.msgpack', new Uint8Array(3));
    files.set('README.md', new Uint8Array(3));
    expect([...(await read(files)).weights]).toEqual([...expected.weights]);
    expect([...studentPaths(filesInMemory(files), 'tiny')].sort()).toEqual([
      'config.json',
      'pytorch_model-00001-of-00001.bin',
      'pytorch_model.bin.index.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
  });

  it('reads an outline without the weights', async () => {
    const files = tinyFolder();
    const outline = await readStudentOutline(filesInMemory(files), 'tiny');
    expect(outline.weightBytes).toBe(files.get('model.safetensors')!.length);
    expect(outline.tokenizer.endId).toBe(1);
    expect(outline).not.toHaveProperty('weights');
  });
});

describe('bad folders', () => {
  const changed = (change: (files: Files) => void) => {
    const files = tinyFolder();
    change(files);
    return files;
  };
  const withTensors = (change: (tensors: Map<string, WritableTensor & { data: Float32Array }>) => void) =>
    changed((files) => {
      const tensors = tinyTensors(tinyConfig());
      change(tensors);
      files.set('model.safetensors', store(tensors));
    });
  const withoutWeights = (other: string) =>
    changed((files) => {
      files.delete('model.safetensors');
      files.set(other, new Uint8Array(4));
    });
  const damaged = (value: number) =>
    withTensors((tensors) => {
      tensors.get('lm_head.weight')!.data[5] = value;
    });
  const sharded = (change: (files: Files) => void) => {
    const files = shardedFolder();
    change(files);
    return files;
  };

  it.each<[string, Files, RegExp]>([
    ['an empty folder', new Map<string, Uint8Array>(), /^tiny: The folder is empty/],
    [
      'no configuration',
      changed((files) => files.delete('config.json')),
      /There is no config\.json\. Choose the whole/,
    ],
    [
      'an adapter',
      new Map([
        ['a/adapter_config.json', jsonBytes({})],
        ['a/adapter_model.safetensors', new Uint8Array(4)],
      ]),
      /^tiny: This folder holds an adapter .* needs its base: .*merge_and_unload/,
    ],
    [
      'an adapter with a configuration',
      changed((files) => {
        files.delete('model.safetensors');
        files.set('adapter_config.json', jsonBytes({}));
        files.set('adapter_model.bin', new Uint8Array(4));
      }),
      /needs its base/,
    ],
    [
      'LongT5',
      changed((files) => files.set('config.json', jsonBytes({ model_type: 'longt5' }))),
      /type "longt5", not a T5: LongT5 attends within a window.*Choose a T5 v1\.1/,
    ],
    [
      'T5Gemma',
      changed((files) => files.set('config.json', jsonBytes({ model_type: 't5gemma' }))),
      /type "t5gemma", not a T5: T5Gemma is a Gemma of two stacks.*Choose a flan-T5/,
    ],
    ['GGUF', new Map([['flan-q8.gguf', new Uint8Array(4)]]), /"flan-q8\.gguf" is a GGUF file/],
    [
      'two models',
      new Map([
        ['a/config.json', jsonBytes({})],
        ['b/config.json', jsonBytes({})],
      ]),
      /2 folders with a config\.json \(a\/config\.json, b\/config\.json\)/,
    ],
    [
      'no T5',
      changed((files) => files.set('config.json', jsonBytes({ model_type: 'bart' }))),
      /^tiny\/config\.json: .*"bart"/,
    ],
    ['no weights', changed((files) => files.delete('model.safetensors')), /There is no model\.safetensors/],
    [
      'a checkpoint that is none',
      withoutWeights('pytorch_model.bin'),
      /^tiny\/pytorch_model\.bin: This is no PyTorch checkpoint/,
    ],
    [
      'a checkpoint that asks for more than tensors',
      changed((files) => {
        files.delete('model.safetensors');
        files.set('pytorch_model.bin', fixture('command.bin'));
      }),
      /^tiny\/pytorch_model\.bin: The file asks Python for "posix\.system"\. Only tensors are read; nothing .* run\./,
    ],
    [
      'a checkpoint of another name',
      withoutWeights('flan.ckpt'),
      /There is "flan\.ckpt", but neither model\.safetensors nor pytorch_model\.bin/,
    ],
    ['ONNX', withoutWeights('encoder.onnx'), /"encoder\.onnx", a format that cannot be trained/],
    [
      'weights of another name',
      withoutWeights('adapter.safetensors'),
      /There is "adapter\.safetensors", but neither/,
    ],
    ['no tokenizer', changed((files) => files.delete('tokenizer.json')), /There is no tokenizer\.json/],
    [
      'only a sentencepiece model',
      changed((files) => {
        files.delete('tokenizer.json');
        files.set('spiece.model', new Uint8Array(1));
      }),
      /^tiny\/spiece\.model: The SentencePiece model is cut off/,
    ],
    [
      'a broken tokenizer',
      changed((files) => files.set('tokenizer.json', jsonBytes({}))),
      /^tiny\/tokenizer\.json: The tokenizer could not be made/,
    ],
    [
      'a broken tokenizer configuration',
      changed((files) => files.set('tokenizer_config.json', jsonBytes([]))),
      /^tiny\/tokenizer_config\.json: .*not a JSON object/,
    ],
    [
      'a tokenizer that is too large',
      tinyFolder({ vocab_size: 29 }),
      /ids up to 29, but config\.json has vocab_size 29/,
    ],
    [
      'a broken generation configuration',
      changed((files) => files.set('generation_config.json', jsonBytes(3))),
      /^tiny\/generation_config\.json: /,
    ],
    [
      'text that is no UTF-8',
      changed((files) => files.set('config.json', Uint8Array.of(0xff, 0xfe))),
      /not UTF-8/,
    ],
    [
      'a missing tensor',
      withTensors((tensors) => tensors.delete('decoder.final_layer_norm.weight')),
      /^tiny\/model\.safetensors: Tensor "decoder\.final_layer_norm\.weight" \[8\] is missing/,
    ],
    [
      'no output weights',
      withTensors((tensors) => tensors.delete('lm_head.weight')),
      /"lm_head\.weight" \[40, 8\] is missing \(tie_word_embeddings is false/,
    ],
    [
      'a misshapen tensor',
      withTensors((tensors) =>
        tensors.set('lm_head.weight', { shape: [8, 40], data: new Float32Array(320) }),
      ),
      /"lm_head\.weight" has shape \[8, 40\], but config\.json asks for \[40, 8\]/,
    ],
    [
      'whole numbers for weights',
      changed((files) =>
        files.set(
          'model.safetensors',
          store(new Map([['shared.weight', { shape: [40, 8], data: new Int32Array(320) }]])),
        ),
      ),
      /holds whole numbers \(I32\)/,
    ],
    ['NaN', damaged(NaN), /"lm_head\.weight" holds NaN at position 5/],
    ['infinity', damaged(-Infinity), /"lm_head\.weight" holds -Infinity at position 5/],
    [
      'weights that are cut off',
      changed((files) => files.set('model.safetensors', files.get('model.safetensors')!.slice(0, -10))),
      /cut off/,
    ],
    [
      'a missing shard',
      sharded((files) => files.delete('model-00002-of-00002.safetensors')),
      /^tiny\/model\.safetensors\.index\.json: .*1 of 2 files that are not there: model-00002/,
    ],
    [
      'a broken index',
      sharded((files) => files.set('model.safetensors.index.json', jsonBytes({}))),
      /no readable "weight_map"/,
    ],
    [
      'an empty index',
      sharded((files) => files.set('model.safetensors.index.json', jsonBytes({ weight_map: {} }))),
      /names no file/,
    ],
  ])('%s: InputError', async (_, files, message) => {
    const act = read(files);
    await expect(act).rejects.toBeInstanceOf(InputError);
    await expect(act).rejects.toThrow(message);
  });

  it('says when it does without a tokenizer configuration, or appends the end token', async () => {
    const files = changed((files) => {
      files.delete('tokenizer_config.json');
      files.set('tokenizer.json', jsonBytes({ ...tinyTokenizer(), post_processor: null }));
    });
    const student = await read(files);
    expect(student.notes).toHaveLength(2);
    expect(student.tokenizer.encode('a').at(-1)).toBe(1);
  });
});
