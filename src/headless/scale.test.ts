import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { parseRecipe, recipeSchema, withLora } from '../distill/recipe.ts';
import { readState } from '../engine/state-source.ts';
import { scaleFolder } from '../export/scale-folder.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { initialiseAdapters } from '../student/lora/lora.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import { exportStudent } from './export.ts';
import { openRunInputs } from './run-inputs.ts';
import { openInputs } from './train-inputs.ts';

const place = mkdtempSync(join(tmpdir(), 'stillroom-scale-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const rows = [
  { id: 'a', input: '  why\nso? \u{1f426}', label: 'because ', rationale: 'it  is', teacherLabel: 'so' },
  { id: 'b', input: '', label: 'refused: it has no input' },
  { input: 'and "then"?', label: 'next', choices: ['next', 'last'] },
];
const data = join(place, 'rows.jsonl');
writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const recipe = recipeSchema.parse({ steps: 7, maxInputTokens: 32, maxTargetTokens: 16 });
writeFileSync(join(place, 'recipe.json'), JSON.stringify(recipe));

const names = {
  name: 'x',
  datasetId: 'd',
  datasetName: 'rows',
  testRows: null,
  studentId: 's',
  studentName: 'nano',
};

describe('export --scale', () => {
  it('has the rows as they are trained on, and its run is known again', async () => {
    const out = join(place, 'project');
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const inputs = ['--recipe', join(place, 'recipe.json'), '--train', data, '--test', data];
    await exportStudent(['--scale', ...inputs, '--test-rows', '1', '--out', out]);
    const text = (name: string): string => readFileSync(join(out, name), 'utf8');
    expect(text('train.jsonl').split('\n')).toHaveLength(3);
    expect(text('test.jsonl').split('\n')).toHaveLength(2);
    expect(parseRecipe(text('recipe.json'), 'recipe.json')).toEqual(recipe);
    const scale = JSON.parse(text('scale.json')) as { job: Record<string, unknown>; run: object };
    expect(scale.run).toMatchObject({ studentName: 'nano', datasetName: 'rows.jsonl', trainRows: 2 });

    // `ray up` and `ray job submit` need Ray's part "default", and would send a venv of gigabytes along.
    expect(text('requirements.txt')).toMatch(/^ray\[data,default,train\]==/m);
    expect(text('.rayignore')).toContain('venv/');

    // As train.py begins a run in it.
    mkdirSync(join(out, 'out'));
    const job = { ...scale.job, student: '../student', train: '../train.jsonl', test: '../test.jsonl' };
    writeFileSync(join(out, 'out', 'job.json'), JSON.stringify(job));
    writeFileSync(join(out, 'out', 'run.json'), text('recipe.json'));
    const { read } = await openRunInputs(join(out, 'out'), {});
    const { train } = await openInputs({ train: data }, recipe);
    expect(train.refused).toHaveLength(1);
    const texts = ({ input, label, rationale, teacherLabel }: Example) => [
      input,
      label,
      rationale,
      teacherLabel,
    ];
    expect(read.train.examples.map(texts)).toEqual(train.examples.map(texts));
    writeFileSync(join(out, 'train.jsonl'), text('train.jsonl').replace('next', 'last'));
    await expect(openRunInputs(join(out, 'out'), {})).rejects.toThrow(/training rows .* are not those/);
  });

  it('has the settings of generation that it is measured with, and keeps the student’s own beside them', async () => {
    const own = '{"num_beams": 4, "repetition_penalty": 2.0, "max_new_tokens": 300}';
    const folder = new Map(tinyFolder()).set('generation_config.json', new TextEncoder().encode(own));
    const student = await readStudentFolder(filesInMemory(folder), 'tiny');
    const { train } = await openInputs({ train: data }, recipe);
    const files = await scaleFolder({
      names,
      recipe,
      student,
      train: train.examples,
      test: [],
      begun: null,
    });
    const textOf = (path: string): string => {
      const file = files.find((one) => one.path === path);
      if (file === undefined) throw new Error(`There is no ${path}.`);
      return new TextDecoder().decode(file.bytes);
    };
    const settings = JSON.parse(textOf('student/generation_config.json')) as object;
    expect(settings).toMatchObject({
      num_beams: 1,
      do_sample: false,
      max_new_tokens: recipe.generationMaxTokens,
    });
    expect(settings).not.toHaveProperty('repetition_penalty');
    expect(textOf('student/generation_config.original.json')).toBe(own);
    expect(files.some(({ path }) => path === 'student/run.json')).toBe(false);
  });

  it('takes along the checkpoint that a run resumes from', async () => {
    const out = join(place, 'begun');
    const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
    const { train } = await openInputs({ train: data }, recipe);
    const point = { step: 1, learningRate: 1, answerLoss: 2, rationaleLoss: null, loss: 2, gradNorm: 1 };
    const files = await scaleFolder({
      names,
      recipe,
      student,
      train: train.examples,
      test: [],
      begun: {
        state: { weights: student.weights, expAvg: student.weights, expAvgSq: student.weights, step: 1 },
        elapsedMs: 9,
        engine: { engine: 'wasm', backend: 'wasm', adapter: 'SIMD' },
        metrics: [{ ...point, tokens: 3, elapsedMs: 9 }],
        evaluations: [],
      },
    });
    for (const { path, bytes } of files.filter(({ path }) => path.startsWith('out/'))) {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), bytes);
    }
    const found = await new CheckpointFolder(join(out, 'out')).newest(() => undefined);
    expect(found?.state.step).toBe(1);
    expect((await readState(found!.state)).expAvgSq).toEqual(student.weights);
    expect(found?.engine.adapter).toBe('SIMD');
  });

  it.each([
    ['Adafactor', { ...recipe, optimizer: 'adafactor' as const }],
    ['adapters', withLora(recipe, 4)],
  ])('takes along the state of a run with %s, and the weights that may yet be taken', async (what, asked) => {
    const out = join(place, what);
    const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
    const { train } = await openInputs({ train: data }, recipe);
    const weights = asked.lora === null ? student.weights : initialiseAdapters(student.config, asked.lora, 1);
    const vectors = new Map([...weights].filter(([name]) => name.includes('layer_norm')));
    const factors = new Map([...weights.keys()].map((name) => [name, Float32Array.of(1, 2, 3)]));
    const state =
      asked.lora === null
        ? {
            weights,
            expAvg: new Map(),
            expAvgSq: vectors,
            expAvgSqRow: factors,
            expAvgSqCol: factors,
            step: 4,
          }
        : { weights, expAvg: weights, expAvgSq: weights, step: 4 };
    const files = await scaleFolder({
      names: { ...names, testRows: 2 },
      recipe: { ...asked, take: '2' },
      student,
      train: train.examples,
      validation: train.examples.slice(0, 1),
      test: train.examples,
      begun: {
        state,
        elapsedMs: 9,
        engine: { engine: 'wasm', backend: 'wasm', adapter: 'SIMD' },
        kept: [{ step: 2, weights }],
        metrics: [],
        evaluations: [],
      },
    });
    for (const { path, bytes } of files) {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), bytes);
    }
    const checkpoints = new CheckpointFolder(join(out, 'out'));
    const newest = await checkpoints.newest(() => undefined);
    expect(await readState(newest!.state)).toEqual(state);
    expect((await readState((await checkpoints.openWeights(2))!)).weights).toEqual(weights);
    const { read } = await openRunInputs(join(out, 'out'), {});
    expect(read.validation?.examples).toHaveLength(1);
    expect(read.recipe.take).toBe('2');
  });

  it('refuses what does not go together', async () => {
    writeFileSync(join(place, 'lora.json'), JSON.stringify(withLora(recipe, 4)));
    const out = ['--out', join(place, 'none')];
    await expect(
      exportStudent([
        '--scale',
        '--recipe',
        join(place, 'recipe.json'),
        '--train',
        data,
        '--metric',
        'choice',
        ...out,
      ]),
    ).rejects.toThrow(/judges answers by equal texts/);
    writeFileSync(join(place, 'targets.json'), JSON.stringify({ ...recipe, lora: { targets: ['nothing'] } }));
    await expect(
      exportStudent(['--scale', '--recipe', join(place, 'targets.json'), '--train', data, ...out]),
    ).rejects.toThrow(/cannot target "nothing"/);
    await expect(
      exportStudent(['--scale', '--run', place, '--recipe', join(place, 'lora.json'), ...out]),
    ).rejects.toThrow(InputError);
  });
});
