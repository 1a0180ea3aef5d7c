import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halvesToFloats } from '../formats/half.ts';
import { filesInMemory } from '../student/student-files.ts';
import { jsonBytes, tinyConfig, tinyFolder } from '../student/testing/tiny-student.ts';
import { modelFolder, type FolderFile, type ModelFolderOptions } from './model-folder.ts';

const options: ModelFolderOptions = { dtype: 'f32', runFile: '{"seed":1}', card: '# tiny\n' };

function read(files: ReadonlyMap<string, Uint8Array>): Promise<Student> {
  return readStudentFolder(filesInMemory(files), 'tiny');
}

const inMemory = (files: readonly FolderFile[]) => new Map(files.map(({ path, bytes }) => [path, bytes]));
const textOf = (files: readonly FolderFile[], path: string) =>
  new TextDecoder().decode(files.find((file) => file.path === path)!.bytes);
const configOf = (files: readonly FolderFile[]) =>
  JSON.parse(textOf(files, 'config.json')) as Record<string, unknown>;

function fromDisk(folder: string): Map<string, Uint8Array> {
  return new Map(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]),
  );
}

const golden = '../shared/golden/cos-e-run/student';
const folders: [string, () => Map<string, Uint8Array>][] = [
  ['v1.1', () => tinyFolder()],
  ['mT5', () => tinyFolder({ model_type: 'mt5', architectures: ['MT5ForConditionalGeneration'] })],
  ['UMT5', () => tinyFolder({ model_type: 'umt5', num_layers: 2 })],
  ['UL2', () => tinyFolder({ feed_forward_proj: 'gated-silu' })],
  ['v1.0', () => tinyFolder({ tie_word_embeddings: true, feed_forward_proj: 'relu' })],
  ['the bundled student', () => fromDisk('public/students/nano')],
  ...(existsSync(golden)
    ? [['the golden student', () => fromDisk(golden)] satisfies [string, () => Map<string, Uint8Array>]]
    : []),
];

const rounded = {
  f32: (values: Float32Array) => values,
  f16: (values: Float32Array) => halvesToFloats(floatsToHalves(values)),
  bf16: (values: Float32Array) => bfloatsToFloats(floatsToBfloats(values)),
};

describe.each(folders)('a round trip: %s', (_, open) => {
  it('gives the same weights and tokens back (f32: bit for bit; f16 and bf16: rounded)', async () => {
    const student = await read(open());
    // What training would leave: the student's weights, moved by something f16 has to round.
    const trained = new Map(
      [...student.weights].map(([name, values]) => [name, values.map((value) => value * 1.0001 + 1e-5)]),
    );
    for (const dtype of ['f32', 'f16', 'bf16'] as const) {
      const again = await read(inMemory(modelFolder(student, trained, { ...options, dtype })));
      expect(again.storedDtype).toBe(dtype.toUpperCase());
      expect([...again.weights.keys()]).toEqual([...trained.keys()]);
      for (const [name, values] of trained) {
        const expected = rounded[dtype](values);
        expect(Buffer.compare(bytesOf(again.weights.get(name)!), bytesOf(expected)), name).toBe(0);
      }
      expect(again.config).toEqual(student.config);
      expect(again.tokenizerFiles).toEqual(student.tokenizerFiles);
      expect(again.notes).toEqual([]);
      for (const text of ['predict: where is it?', '', 'a</s> b', 'Ünknown 中文']) {
        const ids = student.tokenizer.encode(text);
        expect(again.tokenizer.encode(text)).toEqual(ids);
        expect(again.tokenizer.decode(ids)).toBe(student.tokenizer.decode(ids));
      }
    }
  });
});

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

describe('modelFolder', () => {
  it('has every file, and says of each how large it is', async () => {
    const student = await read(tinyFolder());
    const files = modelFolder(student, student.weights, options);
    expect(files.map(({ path }) => path)).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'run.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'model.safetensors',
    ]);
    for (const file of files) expect(file.bytes.length).toBe(file.sizeBytes);
    expect(textOf(files, 'run.json')).toBe(options.runFile);
    expect(textOf(files, 'README.md')).toBe(options.card);
  });

  it('writes a tied student that is not scaled as an untied one, which every transformers reads alike', async () => {
    const tied = { tie_word_embeddings: true, scale_decoder_outputs: false };
    const folder = tinyFolder({ tie_word_embeddings: true });
    folder.set('config.json', jsonBytes(tinyConfig(tied)));
    const student = await read(folder);
    expect(student.config).toMatchObject(tied);
    const again = await read(inMemory(modelFolder(student, student.weights, options)));
    expect(again.config.tie_word_embeddings).toBe(false);
    expect(again.weights.get('lm_head.weight')).toEqual(student.weights.get('shared.weight'));
  });

  it('keeps the configuration’s own keys and says what is true of the weights', async () => {
    const own = {
      task_specific_params: { a: 1 },
      torch_dtype: 'bfloat16',
      scale_decoder_outputs: false,
      num_decoder_layers: undefined,
    };
    const student = await read(tinyFolder(own));
    const config = configOf(modelFolder(student, student.weights, { ...options, dtype: 'f16' }));
    expect(config).toMatchObject({
      task_specific_params: { a: 1 },
      torch_dtype: 'float16',
      dtype: 'float16',
      tie_word_embeddings: false,
      num_decoder_layers: 1,
      model_type: 't5',
    });
    expect(config).not.toHaveProperty('scale_decoder_outputs');
    expect(configOf(modelFolder(student, student.weights, { ...options, dtype: 'bf16' }))).toMatchObject({
      torch_dtype: 'bfloat16',
      dtype: 'bfloat16',
    });
  });

  it('writes floats as floats, which transformers 5 insists on', async () => {
    const student = await read(
      tinyFolder({ initializer_factor: 1.0, dropout_rate: 0, classifier_dropout: 0.25 }),
    );
    const text = textOf(modelFolder(student, student.weights, options), 'config.json');
    expect(text).toContain('"initializer_factor": 1.0,');
    expect(text).toContain('"dropout_rate": 0.0,');
    expect(text).toContain('"classifier_dropout": 0.25,');
    expect(text).toContain('"d_model": 8,');
  });

  it('writes ties and their absence as transformers reads them', async () => {
    const tied = await read(tinyFolder({ tie_word_embeddings: undefined }));
    const files = modelFolder(tied, tied.weights, options);
    expect(configOf(files)['tie_word_embeddings']).toBe(true);
    const again = await read(inMemory(files));
    expect(again.weights.has('lm_head.weight')).toBe(false);
  });

  it('turns transformers’ cache off where the decoder has more layers than the encoder', async () => {
    const generation = async (layers: number, own: string | null) => {
      const folder = tinyFolder({ num_layers: layers, num_decoder_layers: 2 });
      if (own !== null) folder.set('generation_config.json', new TextEncoder().encode(own));
      const student = await read(folder);
      const files = modelFolder(student, student.weights, { ...options, runFile: null });
      return textOf(files, 'generation_config.json');
    };
    expect(JSON.parse(await generation(1, null))).toHaveProperty('use_cache', false);
    expect(JSON.parse(await generation(2, null))).not.toHaveProperty('use_cache');
    expect(JSON.parse(await generation(1, '{}'))).toEqual({ use_cache: false });
    expect(await generation(1, '{"use_cache": true, "top_p": 1.0}')).toBe(
      '{"use_cache": false, "top_p": 1.0}',
    );
    expect(JSON.parse(await generation(1, '{"top_p": 1.0}'))).toEqual({ use_cache: false, top_p: 1 });
    expect(await generation(1, '{"top_p": 1.0}')).toContain('1.0');
    expect(await generation(2, '{"use_cache": true}')).toBe('{"use_cache": true}');
  });

  it('generates as was measured, and keeps what the student had beside it', async () => {
    const runFile = '{"generationMaxTokens": 12}';
    const filesWith = async (own: string | null) => {
      const folder = tinyFolder({ num_layers: 2 });
      if (own !== null) folder.set('generation_config.json', new TextEncoder().encode(own));
      const student = await read(folder);
      return modelFolder(student, student.weights, { ...options, runFile });
    };
    const measured = {
      decoder_start_token_id: 0,
      do_sample: false,
      eos_token_id: 1,
      max_new_tokens: 12,
      num_beams: 1,
      pad_token_id: 0,
    };
    const original = '{"repetition_penalty": 2.0, "num_beams": 4, "pad_token_id": 0}';
    const files = await filesWith(original);
    expect(JSON.parse(textOf(files, 'generation_config.json'))).toEqual(measured);
    expect(textOf(files, 'generation_config.original.json')).toBe(original);
    // Measured as the folder asks: floats are written as Python's, which refuses 2 for a penalty.
    const asked = '{"generationMaxTokens": 12, "generation": {"numBeams": 4, "repetitionPenalty": 2}}';
    const student = { ...(await read(tinyFolder({ num_layers: 2 }))), generationConfigText: original };
    const own = modelFolder(student, student.weights, { ...options, runFile: asked });
    const text = textOf(own, 'generation_config.json');
    expect(JSON.parse(text)).toEqual({ ...measured, num_beams: 4, repetition_penalty: 2 });
    expect(text).toContain('"repetition_penalty": 2.0,');
    expect(own.map(({ path }) => path)).not.toContain('generation_config.original.json');
    // Nothing is lost of these.
    for (const own of [null, '{"pad_token_id": 0, "transformers_version": "4.57.1"}']) {
      const plain = await filesWith(own);
      expect(JSON.parse(textOf(plain, 'generation_config.json'))).toEqual(measured);
      expect(plain.map(({ path }) => path)).not.toContain('generation_config.original.json');
    }
    const shallow = await read(tinyFolder({ num_layers: 1 }));
    const uncached = textOf(modelFolder(shallow, shallow.weights, options), 'generation_config.json');
    expect(JSON.parse(uncached)).toHaveProperty('use_cache', false);
  });

  it('keeps the generation configuration of a student that no run has measured', async () => {
    const generation = '{"repetition_penalty": 2.0, "pad_token_id": 0}';
    const folder = tinyFolder({ num_layers: 2 });
    folder.set('generation_config.json', new TextEncoder().encode(generation));
    const student = await read(folder);
    const files = modelFolder(student, student.weights, { ...options, runFile: null });
    expect(textOf(files, 'generation_config.json')).toBe(generation);
    expect(student.generationConfig).toEqual({ repetition_penalty: 2, pad_token_id: 0 });
    const own = await read(tinyFolder({ num_layers: 2 }));
    const ids = textOf(
      modelFolder(own, own.weights, { ...options, runFile: null }),
      'generation_config.json',
    );
    expect(JSON.parse(ids)).toEqual({ decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0 });
  });

  it('refuses f16 where a weight is too large for it', async () => {
    const student = await read(tinyFolder());
    student.weights.get('lm_head.weight')![7] = -70000;
    expect(() => modelFolder(student, student.weights, options)).not.toThrow();
    expect(() => modelFolder(student, student.weights, { ...options, dtype: 'bf16' })).not.toThrow();
    const act = () => modelFolder(student, student.weights, { ...options, dtype: 'f16' });
    expect(act).toThrow(InputError);
    expect(act).toThrow(/"lm_head\.weight" holds -70000, .* Export as bf16 or f32/);
  });
});
