import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { accuracyOf } from '../distill/compare.ts';
import { smallRecipe } from '../distill/recipe.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import { parseT5Config, type T5Config } from '../student/config.ts';
import { expectedParameters, sizeOf } from '../student/parameters.ts';
import { tinyConfig, tinyFolder, tinyTensors } from '../student/testing/tiny-student.ts';
import { archiveFiles, readArchive, type RunArchive } from './run-archive.ts';
import type { FolderFile } from './model-folder.ts';
import { zipChunks } from './zip.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const weights = new Map([...tinyTensors(tinyConfig(), 3)].map(([name, { data }]) => [name, data]));
const point = (step: number, keys: Partial<MetricsPoint> = {}): MetricsPoint => ({
  step,
  learningRate: 1e-3,
  answerLoss: 2.5,
  rationaleLoss: null,
  loss: 2.5,
  gradNorm: 1,
  tokens: 40,
  elapsedMs: step * 10,
  ...keys,
});
const texts = Object.fromEntries(
  [...tinyFolder()].flatMap(([name, bytes]): [string, string][] =>
    name.endsWith('.json') ? [[name, new TextDecoder().decode(bytes)]] : [],
  ),
);
const tally = { correct: 1, total: 2 };
const predictions: Prediction[] = [
  {
    row: 0,
    input: 'a,\n"b"',
    label: '1',
    teacher: null,
    base: '',
    distilled: 'one',
    rationale: 'because',
    teacherRationale: 'because of it',
    judgedBy: 'number',
  },
];
const archive: RunArchive = {
  run: {
    name: '<b>heron</b>',
    note: 'alpha 0.1\n"quoted"',
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
    watched: {
      questions: [{ row: 4, input: 'why?', label: 'so', teacherRationale: null }],
      moments: [
        {
          step: 0,
          answers: [{ answer: '', rationale: 'it is' }],
          own: [{ question: 'and I?', answer: 'you', rationale: null }],
        },
      ],
    },
    ownQuestions: ['and I?'],
    comparison: { ...accuracyOf(predictions), step: 2 },
    studentHub: 'owner/tiny@0123456789012345678901234567890123456789',
    about: { licence: 'apache-2.0', dataset: 'cos_e' },
    step: 2,
    trainRows: 4,
    rowsSha256: 'ab',
    savedStep: 2,
  },
  config,
  student: texts,
  metrics: [point(1), point(2, { loss: NaN, gradNorm: Infinity })],
  predictions,
  weights,
  moments: null,
};

async function zipOf(from: RunArchive): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat([...zipChunks('heron', await archiveFiles(from))]));
}

/** The zip with one file changed, its name being that in the folder; undefined removes it. */
async function changed(
  name: string,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<Uint8Array> {
  const files = unzipSync(await zipOf(archive));
  const after = change(files[`heron/${name}`]!);
  if (after === undefined) Reflect.deleteProperty(files, `heron/${name}`);
  else files[`heron/${name}`] = new Uint8Array(after);
  return zipSync(files);
}

const text = (change: (text: string) => string) => (bytes: Uint8Array) =>
  new TextEncoder().encode(change(new TextDecoder().decode(bytes)));

describe('a run as a zip', () => {
  it('comes back as it was, numbers that JSON does not have among them', async () => {
    expect(await readArchive(await zipOf(archive), 'heron.zip')).toEqual(archive);
  });

  it('has what it would go on from, where it ended before its last step', async () => {
    const moments = (by: number) =>
      new Map([...weights].map(([name, values]) => [name, values.map((value) => value * by)]));
    const begun = { ...archive, moments: { expAvg: moments(0.5), expAvgSq: moments(2) } };
    const bytes = await zipOf(begun);
    expect(await readArchive(bytes, 'heron.zip')).toEqual(begun);
    const files = unzipSync(bytes);
    files['heron/optimizer.safetensors'] = files['heron/model.safetensors']!;
    await expect(readArchive(zipSync(files), 'heron.zip')).rejects.toThrow(/optimizer\.safetensors/);
  });

  it('without its whole curve it is not resumed', async () => {
    const moments = { expAvg: weights, expAvgSq: weights };
    const holed = await readArchive(await zipOf({ ...archive, moments, metrics: [point(2)] }), 'x.zip');
    expect(holed).toMatchObject({ moments: null, metrics: [{ step: 2 }] });
    expect(holed.weights?.size).toBe(weights.size);
  });

  it('may lack weights, answers and a note', async () => {
    const { note: _, ...run } = archive.run;
    const bare = {
      ...archive,
      run: { ...run, savedStep: null },
      config: null,
      weights: null,
      predictions: [],
      metrics: [],
    };
    expect(await readArchive(await zipOf(bare), 'heron.zip')).toEqual(bare);
  });

  it('holds a file for each thing, weights readable by others', async () => {
    const files = unzipSync(await zipOf(archive));
    expect(Object.keys(files)).toEqual(
      [
        'record.json',
        'run.json',
        'metrics.jsonl',
        'predictions.jsonl',
        ...Object.keys(texts).map((name) => `student/${name}`),
        'model.safetensors',
      ].map((one) => `heron/${one}`),
    );
    const record = JSON.parse(new TextDecoder().decode(files['heron/record.json'])) as Record<
      string,
      unknown
    >;
    expect([record['format'], record['version']]).toEqual(['stillroom-run', 1]);
  });

  it.each<[string, string, (bytes: Uint8Array) => Uint8Array | undefined, RegExp]>([
    [
      'a weight that changed',
      'model.safetensors',
      (bytes) => bytes.with(bytes.length - 3, 77),
      /^heron\.zip\/model\.safetensors: this file has other bytes/,
    ],
    [
      'weights cut off',
      'model.safetensors',
      (bytes) => bytes.slice(0, -9),
      /model\.safetensors: this file has \d+ bytes where \d+ were written/,
    ],
    [
      'no weights',
      'model.safetensors',
      () => undefined,
      /heron\.zip\/model\.safetensors: this file is missing/,
    ],
    ['no metrics', 'metrics.jsonl', () => undefined, /heron\.zip\/metrics\.jsonl: this file is missing/],
    ['no recipe', 'run.json', () => undefined, /heron\.zip\/run\.json: this file is missing/],
    [
      'a loss that changed',
      'metrics.jsonl',
      text((was) => was.replace('2.5', '1.5')),
      /metrics\.jsonl: this file has other bytes/,
    ],
    ['no record', 'record.json', () => undefined, /heron\.zip: there is no record\.json in this zip/],
    [
      'a later version',
      'record.json',
      text((was) => was.replace('"version": 1', '"version": 9')),
      /exported in version 9 .* Reload the page/,
    ],
    ['another format', 'record.json', text((was) => was.replace('stillroom-run', 'x')), /no record of a run/],
    [
      'a record that is no JSON',
      'record.json',
      text((was) => was.slice(0, -5)),
      /record\.json: this is not valid JSON/,
    ],
    [
      'a record with a wrong key',
      'record.json',
      text((was) => was.replace('"trainRows": 4', '"trainRows": "four"')),
      /record\.json: "trainRows" is not as it should be/,
    ],
  ])('with %s fails with a clear message', async (_what, name, change, words) => {
    const refusal = await readArchive(await changed(name, change), 'heron.zip').catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(InputError);
    expect((refusal as Error).message).toMatch(words);
  });

  it('that is no zip, or one cut off, fails with a clear message', async () => {
    const whole = await zipOf(archive);
    for (const bytes of [new Uint8Array([1, 2, 3]), whole.slice(0, whole.length >> 1)]) {
      await expect(readArchive(bytes, 'x.zip')).rejects.toThrow(/^x\.zip: this zip could not be unpacked/);
    }
  });

  it('names the line of metrics that are not in order', async () => {
    const wrong = { ...archive, metrics: [point(1), point(3), point(2)] };
    await expect(readArchive(await zipOf(wrong), 'x.zip')).rejects.toThrow(
      /metrics\.jsonl, line 3: step 2 does not come after/,
    );
  });

  it('of another student than its weights is refused', async () => {
    const other = new Map([...weights].slice(1));
    await expect(readArchive(await zipOf({ ...archive, weights: other }), 'x.zip')).rejects.toThrow(
      /model\.safetensors: weight ".*" is missing/,
    );
  });

  const withRecord = async (change: object): Promise<unknown> => {
    const bytes = await changed(
      'record.json',
      text((was) => JSON.stringify({ ...(JSON.parse(was) as object), ...change })),
    );
    return readArchive(bytes, 'x.zip').catch((error: unknown) => error);
  };

  it.each<[string, object, RegExp]>([
    ['a date that is none', { createdAt: 1e16 }, /"createdAt" .*between the year 2000 and tomorrow/],
    ['a date of before computers', { createdAt: 5 }, /"createdAt" /],
    [
      'more right answers than questions',
      { evaluations: [{ step: 1, correct: 3, total: 2 }] },
      /"evaluations\.0" .*more right answers/,
    ],
    [
      'such a comparison',
      { comparison: { base: { correct: 2, total: 1 }, distilled: tally, teacher: null, step: 1 } },
      /"comparison\.base" .*more right/,
    ],
    [
      'steps that do not rise',
      {
        evaluations: [
          { step: 2, ...tally },
          { step: 1, ...tally },
        ],
      },
      /"evaluations" .*after the one before/,
    ],
    ['half a step', { evaluations: [{ step: 1.5, ...tally }] }, /"evaluations\.0\.step" /],
    [
      'a step after the last',
      { evaluations: [{ step: smallRecipe.steps + 1, ...tally }] },
      /"evaluations" is at step \d+, after the recipe’s last/,
    ],
    ['weights of after the last step', { savedStep: 1e9 }, /"savedStep" is at step/],
    [
      'weights of after the steps that were taken',
      { savedStep: 3 },
      /"savedStep" is at step 3, and only 2 were/,
    ],
    ['weights of no step', { savedStep: null }, /has weights, and "savedStep" names no step/],
    [
      'an end after its steps',
      { state: { phase: 'done', step: 3, stopped: true } },
      /"state.step" .* only 2 were/,
    ],
    ['evaluations after its steps', { evaluations: [{ step: 3, ...tally }] }, /"evaluations" .* only 2 were/],
    [
      'a comparison of other rows',
      { comparison: { base: { correct: 0, total: 9 }, distilled: tally, teacher: null, step: 2 } },
      /"comparison" is of 2 rows and of 9 at once/,
    ],
    [
      'a teacher of more rows',
      { comparison: { base: tally, distilled: tally, teacher: { correct: 3, total: 4 }, step: 2 } },
      /"comparison" is of 2 rows and of 4 at once/,
    ],
    [
      'too many evaluations',
      { evaluations: Array.from({ length: 10_001 }, (_, step) => ({ step, ...tally })) },
      /"evaluations" /,
    ],
    ['a name as long as a book', { studentName: 'x'.repeat(5000) }, /"studentName" /],
  ])('with %s fails with a clear message', async (_what, change, words) => {
    const refusal = await withRecord(change);
    expect(refusal).toBeInstanceOf(InputError);
    expect((refusal as Error).message).toMatch(/^x\.zip\/record\.json: /);
    expect((refusal as Error).message).toMatch(words);
  });

  it('never comes in with a date that cannot be shown', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (createdAt) => {
        const read = await withRecord({ createdAt });
        if (read instanceof InputError) return;
        expect(() => new Date((read as RunArchive).run.createdAt).toISOString()).not.toThrow();
      }),
      { numRuns: 30 },
    );
  });

  it.each([NaN, Infinity])('with a weight of %s is refused', async (value) => {
    const [[name, data]] = [...weights] as [[string, Float32Array]];
    const broken = new Map(weights).set(name, data.with(1, value));
    await expect(readArchive(await zipOf({ ...archive, weights: broken }), 'x.zip')).rejects.toThrow(
      /model\.safetensors: weight ".*" has values that are no numbers/,
    );
  });

  it('whose curve goes on after the last step is refused', async () => {
    const wrong = { ...archive, metrics: [point(1), point(smallRecipe.steps + 1)] };
    await expect(readArchive(await zipOf(wrong), 'x.zip')).rejects.toThrow(
      /metrics\.jsonl, line 2: step \d+ is after the recipe’s last/,
    );
  });

  it('unpacks nothing that its record does not list', async () => {
    const files = unzipSync(await zipOf(archive));
    const stray = 'heron/stray.bin';
    const zip = zipSync({ ...files, [stray]: new Uint8Array(50_000) });
    // The size in the zip's own list, made to be what no machine has room for.
    setSize(zip, stray, 0xfffffff0);
    expect(await readArchive(zip, 'x.zip')).toEqual(archive);
  });

  it.each<[string, string, number, RegExp]>([
    [
      'a record too large',
      'record.json',
      2 ** 31,
      /^x\.zip\/record\.json: this file unpacks to .*, more than a record can have/,
    ],
    [
      'a larger file than listed',
      'metrics.jsonl',
      2 ** 31,
      /^x\.zip\/metrics\.jsonl: this file has 2147483648 bytes where \d+ were written/,
    ],
    ['a file of zip64', 'metrics.jsonl', 0xffffffff, /^x\.zip: heron\/metrics\.jsonl is packed as zip64/],
  ])('with %s is refused before that is unpacked', async (_what, name, size, words) => {
    const zip = zipSync(unzipSync(await zipOf(archive)));
    setSize(zip, `heron/${name}`, size);
    await expect(readArchive(zip, 'x.zip')).rejects.toThrow(words);
  });

  it('of which a file unpacks to more than the zip says is refused', async () => {
    const zip = zipSync(unzipSync(await zipOf(archive)));
    setSize(zip, 'heron/metrics.jsonl', 10);
    await expect(readArchive(zip, 'x.zip')).rejects.toThrow(/metrics\.jsonl: this file has 10 bytes/);
  });
});

/** Changes the unpacked size of an entry in the zip's list at its end. */
function setSize(zip: Uint8Array, name: string, size: number): void {
  const at = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength).lastIndexOf(name);
  // The name follows 46 bytes of its entry, the size begins at 24 of them.
  new DataView(zip.buffer, zip.byteOffset).setUint32(at - 46 + 24, size, true);
}

it.each<[string, object]>([
  ['tied without scaling', { tie_word_embeddings: true, scale_decoder_outputs: false }],
  ['with a bias in every layer', { bias_in_every_layer: true }],
])('a student %s comes back as it was', async (_, keys) => {
  const other: T5Config = { ...config, ...keys };
  const values = new Map(
    expectedParameters(other).map(({ name, shape }, at): [string, Float32Array] => [
      name,
      new Float32Array(sizeOf(shape)).fill(at + 1),
    ]),
  );
  const zip = await zipOf({ ...archive, config: other, weights: values, student: null, moments: null });
  const back = await readArchive(zip, 'heron.run.zip');
  expect(back.config).toEqual(other);
  expect(back.weights).toEqual(values);
});

it('whose student’s files are of another student than its record is refused', async () => {
  const student = { ...texts, 'config.json': JSON.stringify({ ...tinyConfig(), d_ff: 64 }) };
  await expect(readArchive(await zipOf({ ...archive, student }), 'x.run.zip')).rejects.toThrow(
    /student\/config\.json: it is of another student than the record/,
  );
});

const bytesOf = (file: FolderFile): Uint8Array => new Uint8Array(Buffer.concat([...file.chunks()]));

it('of which a listed file unpacks to far more than weights ever do is refused before it is unpacked', async () => {
  const [record, ...files] = await archiveFiles(archive);
  const sizeBytes = 100 * 2 ** 20;
  const told = JSON.parse(new TextDecoder().decode(bytesOf(record!))) as { files: object[] };
  told.files.push({ name: 'optimizer.safetensors', sizeBytes, sha256: [] });
  const zip = zipSync(
    {
      'heron/record.json': new TextEncoder().encode(JSON.stringify(told)),
      ...Object.fromEntries(files.map((file) => [`heron/${file.path}`, bytesOf(file)])),
      'heron/optimizer.safetensors': new Uint8Array(sizeBytes),
    },
    { level: 1 },
  );
  await expect(readArchive(zip, 'x.run.zip')).rejects.toThrow(/more than a run of [\d.]+ KB can be/);
});

it('with more faults in one list than can be told is refused', async () => {
  const zip = unzipSync(await zipOf(archive));
  const name = Object.keys(zip).find((path) => path.endsWith('record.json'))!;
  const record = JSON.parse(new TextDecoder().decode(zip[name])) as object;
  const files = Array.from({ length: 200_000 }, () => ({}));
  zip[name] = new TextEncoder().encode(JSON.stringify({ ...record, files }));
  await expect(readArchive(zipSync(zip), 'x.run.zip')).rejects.toThrow(/more faults than can be told/);
});
