/**
 * Files that somebody made to do harm, or that a disk has spoilt: folders that are called students, and zips that are
 * called runs. Made by this script, the same each time.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { smallRecipe } from '../../src/distill/recipe.ts';
import { archiveFiles, type RunArchive } from '../../src/export/run-archive.ts';
import { writeSafetensors, type WritableTensor } from '../../src/formats/safetensors-writer.ts';
import { parseT5Config } from '../../src/student/config.ts';
import {
  jsonBytes,
  tinyConfig,
  tinyFolder,
  tinyTensors,
  tinyTokenizer,
} from '../../src/student/testing/tiny-student.ts';
import { zipChunks } from '../../src/export/zip.ts';

export interface Hostile<Content> {
  name: string;
  content: Content;
}
type Files = Map<string, Uint8Array>;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);
const million = 1_000_000;

// ── Students ────────────────────────────────────────────────────────────────────────────────────────────────────────

const withFile = (name: string, content: Uint8Array): Files => tinyFolder().set(name, content);
const withConfig = (keys: object): Files => withFile('config.json', jsonBytes({ ...tinyConfig(), ...keys }));
const withTokenizer = (keys: object): Files =>
  withFile('tokenizer.json', jsonBytes({ ...tinyTokenizer(), ...keys }));
const withModel = (keys: object): Files =>
  withTokenizer({ model: { ...(tinyTokenizer()['model'] as object), ...keys } });

/** The weights of the tiny student with another header, as long as it is. */
function withHeader(
  change: (header: Record<string, { dtype: unknown; shape: unknown; data_offsets: unknown }>) => object,
): Files {
  const whole = tinyFolder().get('model.safetensors')!;
  const size = Number(new DataView(whole.buffer, whole.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(text(whole.subarray(8, 8 + size))) as Parameters<typeof change>[0];
  return withFile('model.safetensors', safetensors(JSON.stringify(change(header)), whole.subarray(8 + size)));
}

function safetensors(
  header: string,
  values: Uint8Array,
  saidSize = BigInt(bytes(header).length),
): Uint8Array {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, saidSize, true);
  return Uint8Array.from(Buffer.concat([head, bytes(header), values]));
}

function withWeights(change: (tensors: ReturnType<typeof tinyTensors>) => void): Files {
  const tensors = tinyTensors(tinyConfig());
  change(tensors);
  return withFile('model.safetensors', writeSafetensors(tensors, { dtype: 'f32' }));
}

function withShards(weightMap: object, more: Record<string, Uint8Array> = {}): Files {
  const files = withFile('model.safetensors.index.json', jsonBytes({ weight_map: weightMap }));
  files.delete('model.safetensors');
  for (const [name, content] of Object.entries(more)) files.set(name, content);
  return files;
}

const nested = (depth: number, inner = ''): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

/** Patterns that never end with texts that look harmless: only a worker that can be ended may try them. */
export const endless: readonly Hostile<Files>[] = [
  '(a+)+$',
  '^(\\w+\\s?)*$',
  '(x|xx|xxx)*$',
  '(.*a){30}',
  '(?:-+|_)+\\.$',
].map((Regex) => ({
  name: `the pattern ${Regex}`,
  content: withTokenizer({
    pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
  }),
}));

/** Bytes of a file, some of them changed, the end cut off or repeated: what fast-check makes of it, the same each time. */
function spoilt(content: Uint8Array, count: number, seed: number): Uint8Array[] {
  const change = fc.record({
    places: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 20 }),
    keep: fc.double({ min: 0.2, max: 1, noNaN: true }),
  });
  return fc.sample(change, { numRuns: count, seed }).map(({ places, keep }) => {
    const other = content.slice(0, Math.ceil(content.length * keep));
    for (const [at, byte] of places) other[at % other.length] = byte;
    return other;
  });
}

/** Sixty folders, of which each is either refused in words or a student that can be trained. */
export function hostileFolders(): Hostile<Files>[] {
  const huge: [string, object][] = [
    ['1e9 layers', { num_layers: 1e9 }],
    ['1e9 layers that decode', { num_decoder_layers: 1e9 }],
    ['as many layers as are read', { num_layers: 256, num_decoder_layers: 256 }],
    ['a distance of 2^52', { relative_attention_max_distance: 2 ** 52 }],
    ['a width of 1e308', { d_model: 1e308 }],
    ['a vocabulary of 2^40', { vocab_size: 2 ** 40 }],
    ['a vocabulary as large as is read', { vocab_size: 2 ** 21 }],
    ['a negative width', { d_ff: -4 }],
    ['a width of half a number', { d_kv: 0.5 }],
    ['a width that is text', { d_model: '8' }],
    ['no heads', { num_heads: 0 }],
    ['an end token far away', { eos_token_id: 1e15 }],
    ['a hundred thousand end tokens', { eos_token_id: Array.from({ length: 100_000 }, (_, id) => id) }],
    ['a model type of 5 MB', { model_type: 'x'.repeat(5 * million) }],
    ['an activation of 5 MB', { feed_forward_proj: 'x'.repeat(5 * million) }],
    ['dropout of 1', { dropout_rate: 1 }],
  ];
  const whole = tinyFolder();
  const folders: Hostile<Files>[] = [
    ...huge.map(([name, keys]) => ({ name, content: withConfig(keys) })),
    { name: 'a configuration nested 100,000 deep', content: withFile('config.json', bytes(nested(100_000))) },
    {
      name: 'a configuration that is no UTF-8',
      content: withFile('config.json', new Uint8Array([0xff, 0xfe, 0x7b, 0])),
    },
    { name: 'an empty configuration', content: withFile('config.json', new Uint8Array()) },
    {
      name: 'a configuration with a prototype',
      content: withFile('config.json', bytes('{"__proto__":{"model_type":"t5"}}')),
    },
    {
      name: 'a generation configuration that is a list',
      content: withFile('generation_config.json', bytes('[1]')),
    },
    {
      name: 'a header of 2^63 bytes',
      content: withFile('model.safetensors', safetensors('{}', new Uint8Array(), 2n ** 63n)),
    },
    {
      name: 'a header larger than is read',
      content: withFile('model.safetensors', safetensors(' '.repeat(26 * million), new Uint8Array())),
    },
    { name: 'weights of no bytes', content: withFile('model.safetensors', new Uint8Array()) },
    {
      name: 'a header nested 100,000 deep',
      content: withFile('model.safetensors', safetensors(`{"a":${nested(100_000)}}`, new Uint8Array())),
    },
    {
      name: 'a header of 100,000 tensors',
      content: withHeader((header) => ({
        ...header,
        ...Object.fromEntries(
          Array.from({ length: 100_000 }, (_, at) => [
            `more.${at}`,
            { dtype: 'F32', shape: [0], data_offsets: [0, 0] },
          ]),
        ),
      })),
    },
    {
      name: 'a tensor of a million axes',
      content: withHeader((header) => ({
        ...header,
        'shared.weight': { ...header['shared.weight'], shape: Array.from({ length: million }, () => 1) },
      })),
    },
    {
      name: 'a tensor of 2^53 values',
      content: withHeader((header) => ({
        ...header,
        'shared.weight': { ...header['shared.weight'], shape: [2 ** 53 - 1, 2 ** 53 - 1] },
      })),
    },
    {
      name: 'a tensor before the file',
      content: withHeader((header) => ({
        ...header,
        'shared.weight': { ...header['shared.weight'], data_offsets: [-8, 8] },
      })),
    },
    {
      name: 'tensors over each other',
      content: withHeader((header) => ({ ...header, 'lm_head.weight': header['shared.weight'] })),
    },
    {
      name: 'a tensor of an unknown kind',
      content: withHeader((header) => ({
        ...header,
        'shared.weight': { ...header['shared.weight'], dtype: 'F4_E2M1' },
      })),
    },
    {
      name: 'a tensor called __proto__',
      content: withHeader(
        (header) => JSON.parse(JSON.stringify(header).replace('"shared.weight"', '"__proto__"')) as object,
      ),
    },
    {
      name: 'a tensor with a name of 1 MB',
      content: withHeader((header) => ({
        ...header,
        ['n'.repeat(million)]: { dtype: 'F32', shape: [0], data_offsets: [0, 0] },
      })),
    },
    { name: 'no embedding', content: withWeights((tensors) => tensors.delete('shared.weight')) },
    {
      name: 'an embedding that lies on its side',
      content: withWeights((tensors) =>
        tensors.set('shared.weight', { ...tensors.get('shared.weight')!, shape: [8, 40] }),
      ),
    },
    {
      name: 'a weight that is NaN',
      content: withWeights((tensors) => tensors.get('shared.weight')!.data.fill(NaN)),
    },
    {
      name: 'a weight that is infinite',
      content: withWeights((tensors) => tensors.get('lm_head.weight')!.data.fill(-Infinity)),
    },
    {
      name: 'an index of 100,000 files',
      content: withShards(
        Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`w${at}`, `model-${at}.safetensors`])),
      ),
    },
    { name: 'an index that leads out of the folder', content: withShards({ a: '../../../etc/passwd' }) },
    { name: 'an index that names itself', content: withShards({ a: 'model.safetensors.index.json' }) },
    { name: 'an index that is no object', content: withShards([1, 2]) },
    {
      name: 'PyTorch weights of zeros',
      content: (() => {
        const files = withFile('pytorch_model.bin', new Uint8Array(million));
        files.delete('model.safetensors');
        return files;
      })(),
    },
    {
      name: 'PyTorch weights that unpack to 50 MB of nothing',
      content: (() => {
        const files = withFile(
          'pytorch_model.bin',
          zipSync({ 'archive/data.pkl': new Uint8Array(50 * million) }),
        );
        files.delete('model.safetensors');
        return files;
      })(),
    },
    { name: 'a tokenizer of an unknown kind', content: withModel({ type: 'Oracle' }) },
    { name: 'a tokenizer without a model', content: withTokenizer({ model: null }) },
    {
      name: 'a piece of 5 MB',
      content: withModel({
        vocab: [
          ['<pad>', 0],
          ['</s>', 0],
          ['<unk>', 0],
          ['a'.repeat(5 * million), -1],
        ],
      }),
    },
    {
      name: 'more pieces than the vocabulary',
      content: withModel({ vocab: Array.from({ length: 100_000 }, (_, at) => [`p${at}`, -1]) }),
    },
    {
      name: 'pieces that are no texts',
      content: withModel({
        vocab: [
          [1, 0],
          [null, 0],
          [{}, 'x'],
        ],
      }),
    },
    { name: 'an unknown token far away', content: withModel({ unk_id: 1e12 }) },
    {
      name: 'an added token at 4,000,000,000',
      content: withTokenizer({ added_tokens: [{ id: 4e9, content: 'far', special: true }] }),
    },
    {
      name: 'an added token of no letters',
      content: withTokenizer({ added_tokens: [{ id: 3, content: '', special: false }] }),
    },
    {
      name: 'a broken pattern',
      content: withTokenizer({ normalizer: { type: 'Replace', pattern: { Regex: '(((' }, content: '' } }),
    },
    {
      name: 'normalizers nested 2,000 deep',
      content: withFile(
        'tokenizer.json',
        bytes(
          JSON.stringify(tinyTokenizer()).replace(
            '"normalizer":null',
            `"normalizer":${'{"type":"Sequence","normalizers":['.repeat(2000)}${']}'.repeat(2000)}`,
          ),
        ),
      ),
    },
    {
      name: 'rules of a charsmap that are none',
      content: withTokenizer({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAAAAAA////' } }),
    },
    {
      name: 'two folders of students',
      content: new Map(
        [...whole].flatMap(([name, content]): [string, Uint8Array][] => [
          [`a/${name}`, content],
          [`b/${name}`, content],
        ]),
      ),
    },
  ];
  const rest = 60 - folders.length;
  const names = ['config.json', 'tokenizer.json', 'model.safetensors'];
  const made = names.flatMap((name, at) =>
    spoilt(whole.get(name)!, 8, 10 + at).map((content) => ({
      name: `${name} spoilt`,
      content: withFile(name, content),
    })),
  );
  return [...folders, ...Array.from({ length: rest }, (_, at) => made[(at * 7) % made.length]!)].map(
    ({ name, content }, at) => ({ name: `${at + 1}: ${name}`, content }),
  );
}

// ── Runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const tally = { correct: 1, total: 2 };
const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const texts = Object.fromEntries(
  [...tinyFolder()].flatMap(([name, content]): [string, string][] =>
    name.endsWith('.json') ? [[name, text(content)]] : [],
  ),
);
const point = (step: number) => ({
  step,
  learningRate: 1e-3,
  answerLoss: 2.5,
  rationaleLoss: null,
  loss: 2.5,
  gradNorm: 1,
  tokens: 40,
  elapsedMs: step * 10,
});

function tinyRun(): RunArchive {
  const weights = new Map([...tinyTensors(tinyConfig(), 3)].map(([name, { data }]) => [name, data]));
  const zeros = () => new Map([...weights].map(([name, { length }]) => [name, new Float32Array(length)]));
  return {
    run: {
      name: 'heron',
      createdAt: 1_700_000_000_000,
      recipe: smallRecipe,
      datasetId: 'd',
      datasetName: 'rows',
      studentId: 's',
      studentName: 'tiny',
      testRows: null,
      state: { phase: 'done', step: 2, stopped: true },
      engine: null,
      evaluations: [{ step: 2, ...tally }],
      comparison: { base: tally, distilled: tally, teacher: null, step: 2 },
      step: 2,
      trainRows: 4,
      rowsSha256: 'ab',
      savedStep: 2,
    },
    config,
    student: texts,
    metrics: [point(1), point(2)],
    predictions: [
      {
        row: 0,
        input: 'a',
        label: 'x',
        teacher: null,
        base: '',
        distilled: 'x',
        rationale: null,
        teacherRationale: null,
      },
    ],
    weights,
    moments: { expAvg: zeros(), expAvgSq: zeros() },
  };
}

async function zipOf(run: RunArchive): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat([...zipChunks('heron', await archiveFiles(run))]));
}

/** Packs the files of a zip again, with another record; what the record lists stays listed. */
function withRecord(
  zip: Uint8Array,
  change: (record: Record<string, unknown>) => unknown,
  more: Record<string, Uint8Array> = {},
): Uint8Array {
  const files = unzipSync(zip);
  const record = JSON.parse(text(files['heron/record.json']!)) as Record<string, unknown>;
  return zipSync({ ...files, 'heron/record.json': jsonBytes(change(record)), ...more }, { level: 1 });
}

/** Writes a number into the entry of a file in the zip's list, at a place of the 46 bytes before its name. */
function inList(zip: Uint8Array, name: string, place: number, value: number, half = false): Uint8Array {
  const other = zip.slice();
  const at = Buffer.from(other.buffer).lastIndexOf(name) - 46 + place;
  if (half) new DataView(other.buffer).setUint16(at, value, true);
  else new DataView(other.buffer).setUint32(at, value, true);
  return other;
}

/** Sixty zips, of which each is either refused in words or a run that can be shown. */
export async function hostileArchives(): Promise<Hostile<Uint8Array>[]> {
  const run = tinyRun();
  const zip = await zipOf(run);
  const records: [string, (record: Record<string, unknown>) => unknown][] = [
    ['begun in 300,000 years', (record) => ({ ...record, createdAt: 1e16 })],
    ['begun before time', (record) => ({ ...record, createdAt: -1 })],
    ['begun at no number', (record) => ({ ...record, createdAt: 'NaN' })],
    ['a name of 5 MB', (record) => ({ ...record, name: 'n'.repeat(5 * million) })],
    ['no name', (record) => ({ ...record, name: '' })],
    ['a note of 5 MB', (record) => ({ ...record, note: 'n'.repeat(5 * million) })],
    [
      '100,000 evaluations',
      (record) => ({
        ...record,
        evaluations: Array.from({ length: 100_000 }, (_, step) => ({ step, ...tally })),
      }),
    ],
    [
      'evaluations that go back',
      (record) => ({
        ...record,
        evaluations: [
          { step: 2, ...tally },
          { step: 1, ...tally },
        ],
      }),
    ],
    ['more right than asked', (record) => ({ ...record, evaluations: [{ step: 1, correct: 3, total: 2 }] })],
    [
      'more right than compared',
      (record) => ({
        ...record,
        comparison: { base: { correct: 9, total: 1 }, distilled: tally, teacher: null, step: 1 },
      }),
    ],
    [
      'compared after the end',
      (record) => ({ ...record, comparison: { base: tally, distilled: tally, teacher: null, step: 1e9 } }),
    ],
    ['a step after the end', (record) => ({ ...record, step: 2 ** 50 })],
    ['saved after the end', (record) => ({ ...record, savedStep: 2 ** 50 })],
    ['ended after the end', (record) => ({ ...record, state: { phase: 'done', step: 1e9, stopped: false } })],
    ['still at work', (record) => ({ ...record, state: { phase: 'training', step: 1, steps: 2 } })],
    ['a step of half', (record) => ({ ...record, step: 0.5 })],
    ['rows below nothing', (record) => ({ ...record, trainRows: -1 })],
    [
      'watched 2,000 questions',
      (record) => ({
        ...record,
        watched: {
          questions: Array.from({ length: 2000 }, (_, row) => ({
            row,
            input: '',
            label: '',
            teacherRationale: null,
          })),
          moments: [],
        },
      }),
    ],
    [
      '20,000 watched moments',
      (record) => ({
        ...record,
        watched: {
          questions: [],
          moments: Array.from({ length: 20_000 }, (_, step) => ({ step, answers: [] })),
        },
      }),
    ],
    [
      'an engine that there is not',
      (record) => ({
        ...record,
        engine: { engine: 'abacus', backend: 'beads', adapter: '', reason: '', parameters: 1, bytesHeld: 1 },
      }),
    ],
    ['1e9 layers', (record) => ({ ...record, config: { ...tinyConfig(), num_layers: 1e9 } })],
    [
      'another student than its weights',
      (record) => ({ ...record, config: { ...tinyConfig(), d_model: 16 } }),
    ],
    ['a configuration that is no T5', (record) => ({ ...record, config: { model_type: 'bert' } })],
    ['another format', (record) => ({ ...record, format: 'stillroom-bomb' })],
    ['a version to come', (record) => ({ ...record, version: 99 })],
    ['a list for a record', () => [1, 2, 3]],
    ['nothing for a record', () => null],
    [
      'files that are not there',
      (record) => ({ ...record, files: [{ name: 'gone.bin', sizeBytes: 1, sha256: ['00'] }] }),
    ],
    [
      'a file listed twice',
      (record) => ({
        ...record,
        files: [...(record['files'] as unknown[]), ...(record['files'] as unknown[])],
      }),
    ],
    [
      '100,000 listed files',
      (record) => ({
        ...record,
        files: Array.from({ length: 100_000 }, (_, at) => ({ name: `f${at}`, sizeBytes: 0, sha256: [] })),
      }),
    ],
    [
      'listed files of 4 GB',
      (record) => ({
        ...record,
        files: [
          { name: 'a', sizeBytes: 2e9, sha256: [] },
          { name: 'b', sizeBytes: 2.4e9, sha256: [] },
        ],
      }),
    ],
    [
      'listed files of no size',
      (record) => ({ ...record, files: [{ name: 'metrics.jsonl', sizeBytes: -1, sha256: [] }] }),
    ],
    [
      'a listed file out of the folder',
      (record) => ({ ...record, files: [{ name: '../../etc/passwd', sizeBytes: 1, sha256: ['00'] }] }),
    ],
  ];
  const spoiltWeights = (value: number, of: 'weights' | 'moments'): RunArchive => {
    const other = tinyRun();
    const map = of === 'weights' ? other.weights! : other.moments!.expAvg;
    map.get('shared.weight')!.fill(value);
    return other;
  };
  const plain = zipSync(unzipSync(zip), { level: 1 });
  const archives: Hostile<Uint8Array>[] = [
    ...records.map(([name, change]) => ({ name, content: withRecord(zip, change) })),
    { name: 'weights that are NaN', content: await zipOf(spoiltWeights(NaN, 'weights')) },
    { name: 'weights that are infinite', content: await zipOf(spoiltWeights(Infinity, 'weights')) },
    { name: 'moments that are NaN', content: await zipOf(spoiltWeights(NaN, 'moments')) },
    {
      name: 'an answer of 5 MB',
      content: await zipOf({
        ...run,
        predictions: [{ ...run.predictions[0]!, distilled: 'word '.repeat(million) }],
      }),
    },
    { name: 'a curve that goes back', content: await zipOf({ ...run, metrics: [point(2), point(1)] }) },
    { name: 'a curve after the end', content: await zipOf({ ...run, metrics: [point(1), point(2 ** 40)] }) },
    {
      name: 'a student’s tokenizer that is none',
      content: await zipOf({ ...run, student: { ...texts, 'tokenizer.json': '{}' } }),
    },
    {
      name: 'a student of 1e9 layers',
      content: await zipOf({
        ...run,
        student: { ...texts, 'config.json': JSON.stringify({ ...tinyConfig(), num_layers: 1e9 }) },
      }),
    },
    {
      name: 'a file that nobody lists, which unpacks to 4 GB',
      content: inList(
        withRecord(zip, (record) => record, { 'heron/bomb': new Uint8Array(million) }),
        'heron/bomb',
        24,
        0xfffffff0,
      ),
    },
    {
      name: 'a listed file that unpacks to 1.9 GB',
      content: inList(plain, 'heron/metrics.jsonl', 24, 1_900_000_000),
    },
    {
      name: 'a record that unpacks to 1.9 GB',
      content: inList(plain, 'heron/record.json', 24, 1_900_000_000),
    },
    { name: 'zip64 sizes', content: inList(plain, 'heron/metrics.jsonl', 24, 0xffffffff) },
    { name: 'an unknown packing', content: inList(plain, 'heron/metrics.jsonl', 10, 99, true) },
    {
      name: 'an entry that lies beyond the file',
      content: inList(plain, 'heron/metrics.jsonl', 42, 0x7fffffff),
    },
    {
      name: 'a record nested 100,000 deep',
      content: zipSync({ 'heron/record.json': bytes(nested(100_000)) }),
    },
    {
      name: 'a record with a prototype',
      content: zipSync({
        'heron/record.json': bytes('{"__proto__":{"format":"stillroom-run","version":1}}'),
      }),
    },
    { name: 'no record', content: zipSync({ 'heron/run.json': bytes('{}') }) },
    { name: 'nothing', content: new Uint8Array() },
  ];
  const made = spoilt(zip, 60 - archives.length, 99).map((content) => ({ name: 'a zip spoilt', content }));
  return [...archives, ...made].map(({ name, content }, at) => ({ name: `${at + 1}: ${name}`, content }));
}

// ── Runs as folders ─────────────────────────────────────────────────────────────────────────────────────────────────

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** What `headless train` leaves of a run that was stopped after two of three steps, with a checkpoint there. */
function runFolder(weights: ReadonlyMap<string, WritableTensor> = tinyTensors(tinyConfig())): Files {
  const model = writeSafetensors(weights, { dtype: 'f32' });
  const both = ['exp_avg.', 'exp_avg_sq.'].flatMap((prefix) =>
    [...weights].map(([name, tensor]): [string, WritableTensor] => [prefix + name, tensor]),
  );
  const optimizer = writeSafetensors(new Map(both), { dtype: 'f32' });
  const files = [
    ['model.safetensors', model],
    ['optimizer.safetensors', optimizer],
  ] as const;
  const facts = {
    step: 2,
    elapsedMs: 20,
    engine: { engine: 'wasm', backend: 'wasm', adapter: 'SIMD' },
    files: files.map(([name, content]) => ({
      name,
      sizeBytes: content.length,
      sha256: [sha256(content)],
    })),
  };
  const job = { format: 'stillroom-run-1', student: '/s/tiny', train: '/r.jsonl', rowsSha256: 'ab' };
  const summary = {
    accuracy: { base: tally, distilled: tally, teacher: null },
    engine: 'wasm',
    backend: 'wasm',
    adapter: 'SIMD',
    reason: 'Because.',
    student: 'tiny',
    parameters: 1,
    trainRows: 4,
    steps: 2,
  };
  const lines = (...values: object[]): Uint8Array =>
    bytes(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  return new Map([
    ['run.json', jsonBytes({ steps: 3 })],
    ['job.json', jsonBytes(job)],
    ['metrics.jsonl', lines(point(1), point(2))],
    ['evaluations.jsonl', lines({ step: 2, ...tally })],
    ['summary.json', jsonBytes(summary)],
    ...Object.entries(texts).map(([name, content]): [string, Uint8Array] => [
      `checkpoint-2/${name}`,
      bytes(content),
    ]),
    ...files.map(([name, content]): [string, Uint8Array] => [`checkpoint-2/${name}`, content]),
    ['checkpoint-2/checkpoint.json', jsonBytes(facts)],
  ]);
}

/** Folders of runs, of which each is either refused in words or a run that can be shown. */
export function hostileRunFolders(): Hostile<Files>[] {
  const withTensors = (change: (tensors: ReturnType<typeof tinyTensors>) => void): Files => {
    const tensors = tinyTensors(tinyConfig());
    change(tensors);
    return runFolder(tensors);
  };
  const withText = (name: string, content: string): Files => runFolder().set(name, bytes(content));
  const changed = (name: string, keys: object): Files => {
    const files = runFolder();
    return files.set(name, jsonBytes({ ...(JSON.parse(text(files.get(name)!)) as object), ...keys }));
  };
  const without = (name: string): Files => {
    const files = runFolder();
    files.delete(name);
    return files;
  };
  return [
    { name: 'as the terminal leaves it', content: runFolder() },
    {
      name: 'weights that are NaN',
      content: withTensors((tensors) => tensors.get('shared.weight')!.data.fill(NaN)),
    },
    { name: 'a weight too few', content: withTensors((tensors) => tensors.delete('shared.weight')) },
    {
      name: 'a weight of another length',
      content: withTensors((tensors) =>
        tensors.set('shared.weight', { shape: [1, 8], data: new Float32Array(8) }),
      ),
    },
    { name: 'weights of nothing', content: withTensors((tensors) => tensors.clear()) },
    {
      name: 'another student than its weights',
      content: runFolder().set('checkpoint-2/config.json', jsonBytes({ ...tinyConfig(), d_ff: 64 })),
    },
    {
      name: '1e9 layers',
      content: runFolder().set('checkpoint-2/config.json', jsonBytes({ ...tinyConfig(), num_layers: 1e9 })),
    },
    { name: 'trained on no file', content: changed('job.json', { train: [] }) },
    { name: 'trained on a number', content: changed('job.json', { train: 5 }) },
    { name: 'a student of 5 MB', content: changed('job.json', { student: 's'.repeat(5 * million) }) },
    { name: 'a digest of 5 MB', content: changed('job.json', { rowsSha256: 's'.repeat(5 * million) }) },
    { name: 'half a test row', content: changed('job.json', { testRows: 0.5 }) },
    { name: 'a job nested 100,000 deep', content: withText('job.json', nested(100_000)) },
    { name: 'ended at step 1e300', content: changed('summary.json', { steps: 1e300 }) },
    { name: 'ended before its first step', content: changed('summary.json', { steps: -1 }) },
    { name: 'an engine that there is not', content: changed('summary.json', { engine: 'abacus' }) },
    { name: 'a reason of 5 MB', content: changed('summary.json', { reason: 'r'.repeat(5 * million) }) },
    {
      name: 'more right than asked',
      content: changed('summary.json', {
        accuracy: { base: { correct: 9, total: 1 }, distilled: tally, teacher: null },
      }),
    },
    { name: 'weights of a step that is not there', content: changed('summary.json', { takenStep: 9 }) },
    { name: 'more steps than its recipe', content: changed('run.json', { steps: 1 }) },
    { name: 'a recipe of no steps', content: changed('run.json', { steps: 0 }) },
    {
      name: 'a recipe of 200,000 unknown keys',
      content: runFolder().set(
        'run.json',
        jsonBytes(Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`k${at}`, at]))),
      ),
    },
    { name: 'a curve of no lines', content: withText('metrics.jsonl', '') },
    { name: 'a curve of 300,000 empty lines', content: withText('metrics.jsonl', '\n'.repeat(300_000)) },
    { name: 'a line of 20 MB', content: withText('metrics.jsonl', `${'x'.repeat(20 * million)}\n`) },
    { name: 'evaluations that are no objects', content: withText('evaluations.jsonl', '1\nnull\n[]\n') },
    {
      name: '100,000 evaluations',
      content: withText(
        'evaluations.jsonl',
        Array.from({ length: 100_000 }, (_, step) => `${JSON.stringify({ step, ...tally })}\n`).join(''),
      ),
    },
    { name: 'predictions that are none', content: withText('predictions.jsonl', '{}\n') },
    {
      name: 'a checkpoint of another step',
      content: changed('checkpoint-2/checkpoint.json', { step: 1 }),
    },
    { name: 'a checkpoint of no files', content: changed('checkpoint-2/checkpoint.json', { files: [] }) },
    { name: 'a checkpoint without its weights', content: without('checkpoint-2/model.safetensors') },
    { name: 'a checkpoint without its tokenizer', content: without('checkpoint-2/tokenizer.json') },
    {
      name: 'a checkpoint whose bytes changed',
      content: withText('checkpoint-2/model.safetensors', 'weights'),
    },
    {
      name: 'a checkpoint of 1e308',
      content: runFolder().set(`checkpoint-${'9'.repeat(308)}/checkpoint.json`, bytes('{}')),
    },
    {
      name: 'a project that calls it by 5 MB',
      content: runFolder().set('../scale.json', jsonBytes({ run: { name: 'n'.repeat(5 * million) } })),
    },
    { name: 'a recipe alone', content: new Map([['run.json', jsonBytes({ steps: 3 })]]) },
    { name: 'nothing', content: new Map() },
  ].map(({ name, content }, at) => ({ name: `${at + 1}: ${name}`, content }));
}
