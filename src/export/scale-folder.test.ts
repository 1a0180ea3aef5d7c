import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { digestRows, digestStudent } from '../distill/checkpoint.ts';
import { parseRecipe, recipeIdentity, recipeSchema, withLora } from '../distill/recipe.ts';
import type { EngineState } from '../engine/engine.ts';
import { readStudentFolder } from '../student/folder.ts';
import { initialiseAdapters } from '../student/lora/lora.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { hasMoments, scaleFolder, type BegunRun, type ScaleJob } from './scale-folder.ts';

const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
const row = (input: string, more: Partial<Example> = {}): Example => ({
  row: 0,
  input,
  label: 'l',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
  ...more,
});
const train = [
  row('a', { rationale: 'r', teacherLabel: 't', choices: ['l', 'm'] }),
  row('b', { rationale: 'so' }),
];
const names = {
  name: 'x',
  datasetId: 'd',
  datasetName: 'rows',
  testRows: 1,
  studentId: 's',
  studentName: 'tiny',
};
const recipe = recipeSchema.parse({ steps: 7, method: 'standard' });
const job: ScaleJob = { names, recipe, student, train, test: [], begun: null };

async function project(more: Partial<ScaleJob> = {}) {
  const files = await scaleFolder({ ...job, ...more });
  const paths = files.map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
  const text = (path: string): string => {
    const file = files.find((one) => one.path === path);
    if (file === undefined) throw new Error(`There is no ${path}.`);
    return new TextDecoder().decode(file.bytes);
  };
  return { paths, text, json: (path: string) => JSON.parse(text(path)) as Record<string, object> };
}

const sha256 = async (text: string): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('hex');

/** A run that stands at step 4, and its weights of step 2. */
function begunWith(state: Partial<EngineState> = {}): BegunRun {
  const { weights } = student;
  return {
    state: { weights, expAvg: weights, expAvgSq: weights, step: 4, ...state },
    elapsedMs: 9,
    engine: { engine: 'wasm', backend: 'wasm', adapter: 'SIMD' },
    metrics: [],
    evaluations: [
      { step: 2, correct: 1, total: 2 },
      { step: 4, correct: 2, total: 2 },
    ],
    kept: [{ step: 2, weights: state.weights ?? weights }],
  };
}

describe('a project for more machines', () => {
  it('has of each row what it has, and nothing of what it has not', async () => {
    const { text } = await project();
    expect(text('train.jsonl')).toBe(
      '{"input":"a","label":"l","rationale":"r","teacherLabel":"t","choices":["l","m"]}\n' +
        '{"input":"b","label":"l","rationale":"so"}\n',
    );
  });

  it('without rows to measure on names none', async () => {
    const { paths, json } = await project({ validation: [] });
    expect(paths).not.toContain('test.jsonl');
    expect(paths).not.toContain('validation.jsonl');
    const { job: said, sha256: sums } = json('scale.json');
    expect(said).toMatchObject({ test: null, testRows: null, engine: null, backend: null });
    expect(said).not.toHaveProperty('validation');
    expect(said).not.toHaveProperty('metric');
    expect(said).toHaveProperty('digests.test', null);
    expect(said).not.toHaveProperty('digests.validation');
    expect(Object.keys(sums!)).toEqual(['recipe.json', 'train.jsonl']);
  });

  it('says what every file and the rows, the student and the recipe are known by', async () => {
    const { text, json } = await project({ validation: [row('v')], test: [row('w')], metric: 'number' });
    const { job: said, sha256: sums, run } = json('scale.json');
    const files = ['recipe.json', 'train.jsonl', 'validation.jsonl', 'test.jsonl'];
    const found = await Promise.all(files.map(async (file) => [file, await sha256(text(file))]));
    expect(sums).toEqual(Object.fromEntries(found));
    expect(parseRecipe(text('recipe.json'), 'recipe.json')).toEqual(recipe);
    expect(said).toMatchObject({
      train: 'train.jsonl',
      validation: 'validation.jsonl',
      test: 'test.jsonl',
      metric: 'number',
      digests: { student: await digestStudent(student), recipe: await digestRows([recipeIdentity(recipe)]) },
    });
    const { digests } = said as { digests: Record<string, string> };
    expect(new Set(Object.values(digests)).size).toBe(4);
    expect(run).toMatchObject({ ...names, trainRows: 2, rowsSha256: await digestRows(train) });
    expect(run).toHaveProperty('config.d_model', student.config.d_model);
  });

  it.each(['choice', 'normalised'] as const)('refuses the metric %s', async (metric) => {
    await expect(project({ metric })).rejects.toThrow(`and this run by "${metric}"`);
  });

  it('refuses adapters that do not suit the student, and answers that are not greedy', async () => {
    const lora = withLora(recipe, 4).lora!;
    const bare = { ...recipe, lora: { ...lora, targets: ['nothing'] } };
    await expect(project({ recipe: bare })).rejects.toThrow('LoRA cannot target "nothing"');
    const beams = recipeSchema.parse({ ...recipe, generation: { numBeams: 2 } });
    await expect(project({ recipe: beams })).rejects.toThrow('settings of its own for answers');
  });
});

describe('a project of a run that was begun', () => {
  it('has its folder, whose job names the files beside it', async () => {
    const { paths, json, text } = await project({ begun: begunWith(), test: [row('w')] });
    expect(json('out/job.json')).toMatchObject({
      student: '../student',
      train: '../train.jsonl',
      test: '../test.jsonl',
    });
    expect(json('out/job.json')).not.toHaveProperty('validation');
    expect(text('out/run.json')).toBe(text('recipe.json'));
    expect(text('out/evaluations.jsonl')).toBe(
      '{"step":2,"correct":1,"total":2}\n{"step":4,"correct":2,"total":2}\n',
    );
    const weightsOf = (step: number) =>
      paths.filter((path) => path.startsWith(`out/checkpoint-${step}/`) && path.endsWith('.safetensors'));
    expect(weightsOf(2)).toEqual(['out/checkpoint-2/model.safetensors']);
    expect(weightsOf(4)).toEqual([
      'out/checkpoint-4/model.safetensors',
      'out/checkpoint-4/optimizer.safetensors',
    ]);
    expect(json('out/checkpoint-4/checkpoint.json')).toMatchObject({
      step: 4,
      elapsedMs: 9,
      engine: { adapter: 'SIMD' },
      files: [{ name: 'model.safetensors' }, { name: 'optimizer.safetensors' }],
    });
  });

  it('names no test rows where there are none, and its validation where there is one', async () => {
    const { json } = await project({ begun: begunWith(), validation: [row('v')] });
    expect(json('out/job.json')).toMatchObject({ test: null, validation: '../validation.jsonl' });
  });

  it('with adapters has those beside its checkpoint, and no model', async () => {
    const adapted = withLora(recipe, 2);
    const weights = initialiseAdapters(student.config, adapted.lora!, 1);
    const state = { weights, expAvg: weights, expAvgSq: weights };
    const { paths } = await project({ recipe: adapted, begun: begunWith(state) });
    const files = paths.filter((path) => path.startsWith('out/checkpoint-4/'));
    expect(files).toContain('out/checkpoint-4/adapter_config.json');
    expect(files).toContain('out/checkpoint-4/adapter_model.safetensors');
    expect(files).not.toContain('out/checkpoint-4/model.safetensors');
  });

  it.each([
    ['nothing but weights', {}, false],
    ['averages of Adam', { expAvg: student.weights }, true],
    ['averages of squares', { expAvgSq: student.weights }, true],
    ['averages of rows', { expAvgSqRow: student.weights }, true],
    ['no averages of rows yet', { expAvgSqRow: new Map() }, false],
  ])('goes on where its state has averages: %s', (_, more, expected) => {
    const none = { weights: student.weights, expAvg: new Map(), expAvgSq: new Map(), step: 0 };
    expect(hasMoments({ ...none, ...more })).toBe(expected);
  });
});
