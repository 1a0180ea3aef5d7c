/**
 * What is copied as Python runs, and its losses are those of `headless train`. It takes a Python with torch, transformers
 * and accelerate: `STILLROOM_PYTHON=venv/bin/python npm test -- gpu python-recipe`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { formatRecipe, recipeSchema, type Recipe } from '../../src/distill/recipe.ts';
import type { Evaluation } from '../../src/distill/run-state.ts';
import { pythonRecipe } from '../../src/export/python-recipe.ts';
import type { JobData } from '../../src/export/train-job.ts';
import { headless, projectRoot } from '../support/headless.ts';

const python = process.env['STILLROOM_PYTHON'] ?? 'python3';
const probe = spawnSync(python, ['-c', 'import torch, transformers, accelerate'], { encoding: 'utf8' });
const able = probe.status === 0;
if (!able)
  console.log(`Skipped: ${python} has no torch, transformers and accelerate (set STILLROOM_PYTHON).`);

const folder = mkdtempSync(join(tmpdir(), 'stillroom-python-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Losses {
  step: number;
  answerLoss: number;
  rationaleLoss: number | null;
}

function losses(file: string): Losses[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Losses);
}

/** The same run twice: by the terminal, and by the Python that is copied. */
function both(name: string, recipe: Recipe, data: JobData | null): [ours: Losses[], theirs: Losses[]] {
  const out = join(folder, name);
  writeFileSync(`${out}.json`, formatRecipe(recipe));
  const files = [
    ['--train', data?.train],
    ['--train-rationales', data?.trainRationales],
    ['--validation', data?.validation],
    ['--validation-rationales', data?.validationRationales],
  ].flatMap(([option, file]) => (file === undefined || file === null ? [] : [option!, file]));
  const ended = headless([
    'train',
    '--recipe',
    `${out}.json`,
    '--out',
    `${out}-ours`,
    '--engine',
    'wasm',
    '--test-rows',
    '2',
    ...files,
  ]);
  expect(ended.code, ended.stderr).toBe(0);

  const bundled = { student: null, studentIsReduced: false, engine: null, backend: null };
  const program = pythonRecipe({ ...bundled, recipe, data, testRows: 2 });
  writeFileSync(`${out}.py`, program.replace('OUT = "out"', `OUT = ${JSON.stringify(`${out}-theirs`)}`));
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: '', HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' };
  const run = spawnSync(python, [`${out}.py`], { cwd: projectRoot, encoding: 'utf8', env });
  expect(run.status, run.stderr).toBe(0);
  expect(run.stdout).toContain(`The student is in ${out}-theirs/model.`);
  return [losses(`${out}-ours/metrics.jsonl`), losses(`${out}-theirs/metrics.jsonl`)];
}

/** What both measured on the validation rows: the right answers, and losses as those of later steps. */
function expectSameEvaluations(name: string): void {
  const [ours, theirs] = ['ours', 'theirs'].map((whose) =>
    readFileSync(join(folder, `${name}-${whose}`, 'evaluations.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Evaluation),
  );
  expect(ours).not.toEqual([]);
  ours!.forEach((our, index) => {
    const their = theirs![index]!;
    expect(their).toMatchObject({ step: our.step, correct: our.correct, total: our.total });
    for (const key of ['answerLoss', 'rationaleLoss', 'loss'] as const) {
      expect(Math.abs(their[key]! / our[key]! - 1)).toBeLessThan(5e-4);
    }
  });
}

/** Sums of a few hundred logarithms in another order: the sixth digit of the first step, the fourth after updates. */
function expectSame([ours, theirs]: [Losses[], Losses[]]): void {
  expect(theirs.map(({ step }) => step)).toEqual(ours.map(({ step }) => step));
  ours.forEach((our, index) => {
    const their = theirs[index]!;
    const tolerance = index === 0 ? 5e-6 : 5e-4;
    expect(Math.abs(their.answerLoss / our.answerLoss - 1)).toBeLessThan(tolerance);
    if (our.rationaleLoss === null) expect(their.rationaleLoss).toBeNull();
    else expect(Math.abs(their.rationaleLoss! / our.rationaleLoss - 1)).toBeLessThan(tolerance);
  });
}

const short = {
  steps: 3,
  batchSize: 3,
  accumulation: 2,
  dropout: 0,
  shuffle: false,
  learningRate: 2e-3,
  weightDecay: 0.1,
  maxInputTokens: 96,
  maxTargetTokens: 48,
  generationMaxTokens: 4,
  evalEvery: 2,
  saveEvery: 0,
};

it.skipIf(!able)('step by step on the sample, with accumulated batches', () => {
  const recipe = recipeSchema.parse({ ...short, alpha: 0.3, warmupSteps: 1, schedule: 'cosine' });
  expectSame(both('steps', recipe, null));
});

it.skipIf(!able)('rationale and label as one text, some of them cut', () => {
  const recipe = recipeSchema.parse({
    ...short,
    steps: 2,
    maxTargetTokens: 24,
    method: 'rationale-then-label',
  });
  expectSame(both('one-target', recipe, null));
});

it.skipIf(!able)('step by step on files of two layouts, by the teacher’s labels, with a frozen part', () => {
  const recipe = recipeSchema.parse({
    ...short,
    labels: 'teacher',
    freeze: ['embeddings'],
    batchSize: 2,
    saveEvery: 2,
  });
  const mini = (name: string): string => join(projectRoot, 'tests/fixtures/cos-e', name);
  expectSame(
    both('files', recipe, {
      train: mini('mini_train.jsonl'),
      trainRationales: mini('mini_CoT_train.json'),
      validation: mini('mini_train.jsonl'),
      validationRationales: mini('mini_CoT_train.json'),
      test: null,
      testRationales: null,
    }),
  );
  expectSameEvaluations('files');
});
