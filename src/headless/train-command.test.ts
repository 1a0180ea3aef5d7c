/** What the studio copies as a command is read here as the terminal reads it: by a shell, then by `train`'s options. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { notebookRecipe, parseRecipe, smallRecipe } from '../distill/recipe.ts';
import { backendNames } from '../engine/engine.ts';
import { engineChoices } from '../engine/choose.ts';
import { recipeFileName, trainCommand } from '../export/train-command.ts';
import type { TrainJob } from '../export/train-job.ts';
import { oneOf, readOptions, trainOptions, wholeNumber } from './arguments.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-command-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bundled: TrainJob = {
  recipe: smallRecipe,
  student: null,
  studentIsReduced: false,
  data: null,
  testRows: null,
  engine: null,
  backend: null,
};

/** The words that `npm` would get. */
function run(command: string): string[] {
  const script = `npm() { for word; do printf '%s\\0' "$word"; done; }\n${command}`;
  return execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' }).split('\0').slice(0, -1);
}

function read(job: TrainJob) {
  const words = run(trainCommand(job));
  expect(words.slice(0, 4)).toEqual(['run', 'headless', '--', 'train']);
  const { recipe, ...options } = readOptions('train', words.slice(4), trainOptions);
  expect(recipe).toBe(recipeFileName);
  expect(parseRecipe(readFileSync(join(folder, recipeFileName), 'utf8'), recipeFileName)).toEqual(job.recipe);
  return options;
}

it('the bundled student on the sample needs the recipe alone', () => {
  expect(read(bundled)).toEqual({});
});

it('names files, test rows and machine, whatever the files are called', () => {
  const data = {
    train: 'my “rows” $(date) `x`.jsonl',
    trainRationales: "teacher's\nrationales.json",
    test: '-dash.jsonl',
    testRationales: 'PaLM_CoT_test.json',
  };
  const options = read({
    recipe: { ...notebookRecipe, alpha: 0.8, freeze: ['encoder'] },
    student: 'flan-t5-small',
    studentIsReduced: false,
    data,
    testRows: 200,
    engine: 'wgsl',
    backend: 'webgpu',
  });
  expect(options).toEqual({
    student: 'flan-t5-small',
    train: [data.train],
    'train-rationales': [data.trainRationales],
    test: ['./-dash.jsonl'],
    'test-rationales': [data.testRationales],
    'test-rows': '200',
    engine: 'wgsl',
    backend: 'webgpu',
  });
  expect(oneOf('engine', options.engine, engineChoices)).toBe('wgsl');
  expect(oneOf('backend', options.backend, backendNames)).toBe('webgpu');
  expect(wholeNumber('test-rows', options['test-rows'])).toBe(200);
});

it('says where a file or a student has to be found or made', () => {
  expect(trainCommand(bundled)).not.toContain('paths');
  const command = trainCommand({ ...bundled, student: 'nano-small', studentIsReduced: true });
  expect(command).toContain('write the paths');
  expect(command).toContain('npm run headless -- reduce');
  expect(read({ ...bundled, student: 'nano-small', studentIsReduced: true })).toEqual({
    student: 'nano-small',
  });
});
