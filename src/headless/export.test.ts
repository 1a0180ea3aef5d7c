import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import { formatRecipe, notebookRecipe } from '../distill/recipe.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { exportStudent } from './export.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-export-'));
  writeFolder('student', tinyFolder());
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function writeFolder(name: string, files: ReadonlyMap<string, Uint8Array>): void {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, bytes] of files) writeFileSync(join(folder, name, file), bytes);
}

const run = (...args: string[]): Promise<void> =>
  exportStudent(args.map((arg) => (arg.startsWith('./') ? join(folder, arg) : arg)));

it('writes a student for ONNX runtimes, and as a Hugging Face folder', async () => {
  await run('--student', './student', '--onnx', 'w8', '--out', './new/onnx');
  expect(readdirSync(join(folder, 'new/onnx/onnx')).sort()).toEqual([
    'decoder_model_merged_int8.onnx',
    'encoder_model_int8.onnx',
  ]);
  // Nothing half-made stays beside it.
  expect(readdirSync(join(folder, 'new'))).toEqual(['onnx']);
  await run('--student', './student', '--model', 'f16', '--out', './half');
  const weights = parseSafetensors(readFileSync(join(folder, 'half/model.safetensors')), 'model');
  expect(weights.tensors.get('shared.weight')?.dtype).toBe('F16');
});

it('writes what a run trained, with the settings it was measured with', async () => {
  const text = formatRecipe({ ...notebookRecipe, generationMaxTokens: 17 });
  writeFolder('run/model', new Map([...tinyFolder(), ['run.json', new TextEncoder().encode(text)]]));
  await run('--run', './run', '--onnx', 'f32', '--out', './out');
  const generation = JSON.parse(readFileSync(join(folder, 'out/generation_config.json'), 'utf8')) as object;
  expect(generation).toMatchObject({ max_new_tokens: 17, num_beams: 1 });
  expect(readFileSync(join(folder, 'out/run.json'), 'utf8')).toBe(text);
});

it('writes with a run a card of its figures, its curves and its rows, and what a person says', async () => {
  const text = formatRecipe(notebookRecipe);
  writeFolder('run/model', new Map([...tinyFolder(), ['run.json', new TextEncoder().encode(text)]]));
  const tally = { correct: 3, total: 4 };
  const summary = {
    accuracy: { base: tally, distilled: tally, teacher: null },
    engine: 'wasm',
    backend: 'wasm',
    adapter: '2 threads',
    student: '/somewhere/tiny',
    dataset: 'trips.csv',
    baseModel: 'owner/tiny',
    reading: { fix: 'letters' },
    notes: ['2 labels were blank'],
    trainRows: 9,
    steps: 3,
    elapsedMs: 1000,
  };
  const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const point = { learningRate: 1, rationaleLoss: null, loss: 1, gradNorm: 1, tokens: 1, elapsedMs: 1 };
  const row = {
    row: 0,
    input: 'what',
    label: 'x',
    teacher: null,
    base: 'y',
    distilled: 'x',
    rationale: null,
  };
  writeFileSync(join(folder, 'run/summary.json'), JSON.stringify(summary));
  writeFileSync(join(folder, 'run/predictions.jsonl'), lines([row, { ...row, row: 1, distilled: 'z' }]));
  writeFileSync(
    join(folder, 'run/metrics.jsonl'),
    lines([1, 2, 3].map((step) => ({ ...point, step, answerLoss: 3 / step }))),
  );
  const said = ['--licence', 'apache-2.0', '--dataset', 'cos_e'];
  for (const [form, place] of [
    [['--model', 'f32'], '.'],
    [['--onnx', 'f32'], '.'],
    [['--serve'], 'model'],
  ] as const) {
    const out = `./${form[0]}`;
    await run('--run', './run', ...form, ...said, '--out', out);
    const read = (file: string) => readFileSync(join(folder, out, place, file), 'utf8');
    for (const words of [
      'license: apache-2.0',
      'datasets:\n  - cos_e',
      'base_model: owner/tiny',
      '# run\n',
      '| 3 of 4 |',
      '9 rows of trips.csv',
      '- Corrected in the rows: letters',
      '  - 2 labels were blank',
      'predict: what',
      'as WebAssembly on the CPU; wasm on wasm, 2 threads',
    ])
      expect(read('README.md'), form[0]).toContain(words);
    expect(read('curves.svg')).toContain('answer loss from 3.000 to 1.000');
    expect(
      read('examples.jsonl')
        .split('\n')
        .slice(0, 2)
        .map((one) => (JSON.parse(one) as { right: boolean }).right),
    ).toEqual([true, false]);
  }
  await expect(
    run('--run', './run', '--model', 'f32', '--licence', 'Mine!', '--out', './no'),
  ).rejects.toThrow('Licence of the model: “Mine!”');
  expect(existsSync(join(folder, 'no'))).toBe(false);
});

it('writes the two decoders of older programs on wish', async () => {
  await run('--student', './student', '--onnx', 'f16', '--with-past', '--out', './out');
  expect(readdirSync(join(folder, 'out/onnx')).sort()).toEqual([
    'decoder_model_fp16.onnx',
    'decoder_model_merged_fp16.onnx',
    'decoder_with_past_model_fp16.onnx',
    'encoder_model_fp16.onnx',
  ]);
  await expect(
    run('--student', './student', '--model', 'f32', '--with-past', '--out', './no'),
  ).rejects.toThrow('a part of an ONNX folder');
});

it('writes a folder that serves the student by itself', async () => {
  await run('--student', './student', '--serve', '--onnx', 'w8', '--out', './served');
  const read = (name: string): string => readFileSync(join(folder, 'served', name), 'utf8');
  expect(readdirSync(join(folder, 'served/model/onnx'))).toHaveLength(2);
  expect(existsSync(join(folder, 'served/model/model.safetensors'))).toBe(true);
  // Every module that another one imports is there.
  const modules = readdirSync(join(folder, 'served/serve'));
  for (const name of modules) {
    for (const [, imported] of read(`serve/${name}`).matchAll(/^from \.(\w+) import/gm)) {
      expect(modules).toContain(`${imported}.py`);
    }
  }
  expect(read('Dockerfile')).toMatch(/^USER \d+$/m);
  expect(read('Dockerfile')).toMatch(/^HEALTHCHECK /m);
  // Pins and their hashes, nothing else: no registry's address.
  for (const line of read('requirements.txt').trim().split('\n')) {
    expect(line).toMatch(/^(?:[\w-]+==[\w.]+ \\| {4}--hash=sha256:[0-9a-f]{64}(?: \\)?)$/);
  }
});

it('replaces nothing', async () => {
  const before = readFileSync(join(folder, 'student/config.json'), 'utf8');
  for (const out of ['./student', './taken']) {
    writeFolder('taken', new Map([['notes.txt', new Uint8Array(1)]]));
    const refused = run('--student', './student', '--onnx', 'f32', '--out', out);
    await expect(refused).rejects.toThrow('this folder is not empty, and nothing in it is replaced.');
  }
  expect(readFileSync(join(folder, 'student/config.json'), 'utf8')).toBe(before);
  expect(readdirSync(join(folder, 'taken'))).toEqual(['notes.txt']);
  // An empty folder is as good as none.
  mkdirSync(join(folder, 'empty'));
  await run('--student', './student', '--model', 'f32', '--out', './empty');
  expect(existsSync(join(folder, 'empty/model.safetensors'))).toBe(true);
});

it.each([
  [['--student', './student', '--onnx', 'f32'], 'needs a folder to write to'],
  [['--student', './student', '--out', './out'], 'was not told what to write'],
  [['--student', './student', '--onnx', 'f32', '--model', 'f32', '--out', './out'], 'are two folders'],
  [['--student', './student', '--onnx', 'bf16', '--out', './out'], '--onnx bf16 is not known'],
  [['--student', './student', '--demo', './a.html', '--out', './out'], 'is one file by itself'],
  [['--student', './student', '--demo', './student/config.json'], 'is there already and is not replaced'],
  [['--demo', './a.html'], 'needs a run or a student'],
  [['--student', './student', '--serve', '--model', 'f32', '--out', './out'], '--serve and --model'],
  [['--student', './student', '--serve', '--onnx', 'q8', '--out', './out'], '--onnx q8 is not known'],
  [['--onnx', 'f32', '--out', './out'], 'needs a run or a student'],
  [['--run', './a', '--student', './student', '--onnx', 'f32', '--out', './out'], 'name two students'],
  [['--run', './student', '--onnx', 'f32', '--out', './out'], 'there is no model/ in it'],
  [['--student', './absent', '--onnx', 'f32', '--out', './out'], 'there is no such file'],
])('says what is wrong with %j', async (args, words) => {
  const refused = run(...args);
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(words);
  expect(existsSync(join(folder, 'out'))).toBe(false);
});

it('answers the run’s test rows with 16-bit weights, and the card says how many answers differ', async () => {
  const recipe = { ...notebookRecipe, generationMaxTokens: 3 };
  const bytes = (text: string) => new TextEncoder().encode(text);
  writeFolder('run/model', new Map([...tinyFolder(), ['run.json', bytes(formatRecipe(recipe))]]));
  const tally = { correct: 1, total: 2 };
  const summary = {
    accuracy: { base: tally, distilled: tally, teacher: null },
    engine: 'wasm',
    backend: 'wasm',
    adapter: 'one thread',
    student: 'tiny',
    trainRows: 1,
    steps: 1,
    elapsedMs: 1,
  };
  const rows = ['a', 'b c'].map((input, row) => {
    const answers = { base: '', distilled: '', teacher: null, rationale: null, teacherRationale: null };
    return JSON.stringify({ row, input, label: 'a', ...answers });
  });
  writeFolder(
    'run',
    new Map([
      ['summary.json', bytes(JSON.stringify(summary))],
      ['predictions.jsonl', bytes(`${rows.join('\n')}\n`)],
    ]),
  );
  await run('--run', './run', '--model', 'f16', '--out', './half-run');
  const said = /Of the answers to the first 2 test rows, \d differs? from those of the float32 weights/;
  expect(readFileSync(join(folder, 'half-run/README.md'), 'utf8')).toMatch(said);
});
