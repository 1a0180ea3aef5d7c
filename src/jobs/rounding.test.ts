import { expect, it } from 'vitest';
import { notebookRecipe } from '../distill/recipe.ts';
import { createTwinEngine } from '../engine/plan/twin/twin-engine.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { checkRounding, type RoundingJob } from './rounding.ts';

const watch = { report: () => undefined, signal: new AbortController().signal };
const recipe = { ...notebookRecipe, generationMaxTokens: 6 };
const examples = ['a b', 'cd', 'e f g', 'hij'].map((input) => ({ input }));

async function job(changes: Partial<RoundingJob> = {}): Promise<RoundingJob> {
  const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
  const open = (one: RoundingJob['student']) => Promise.resolve(createTwinEngine(one));
  return { student, tokenizer: student.tokenizer, dtype: 'f16', recipe, examples, open, ...changes };
}

it('counts the answers that the rounded weights give otherwise', async () => {
  const plain = await job();
  expect(await checkRounding(plain, watch)).toMatchObject({ rows: 4 });
  // A leading logit that rounding takes away: two rows of the output a hair apart, equal as halves.
  const head = plain.student.weights.get('lm_head.weight')!.fill(0);
  const width = plain.student.config.d_model;
  head.fill(1, 5 * width, 6 * width).fill(1.0001, 7 * width, 8 * width);
  head.fill(-1, 6 * width, 7 * width).fill(-1.0001, 8 * width, 9 * width);
  expect(await checkRounding(plain, watch)).toEqual({ rows: 4, differing: 4 });
});

it('says how far it is over both times that the rows are answered', async () => {
  const told: number[][] = [];
  const report = (_: string, done: number, total: number) => void told.push([done, total]);
  await checkRounding(await job(), { ...watch, report });
  expect(told).toEqual([
    [4, 8],
    [8, 8],
  ]);
});

it('answers fifty rows at most, and ends between two batches where it is cancelled', async () => {
  const many = Array.from({ length: 51 }, () => ({ input: 'a b' }));
  const stop = new AbortController();
  const told: number[][] = [];
  const report = (_: string, done: number, total: number) => {
    told.push([done, total]);
    stop.abort(new Error('no longer'));
  };
  await expect(checkRounding(await job({ examples: many }), { report, signal: stop.signal })).rejects.toThrow(
    'no longer',
  );
  expect(told).toEqual([[32, 100]]);
});

it('has nothing to check where nothing is rounded, or no rows are there', async () => {
  expect(await checkRounding(await job({ dtype: 'f32' }), watch)).toBeNull();
  expect(await checkRounding(await job({ examples: [] }), watch)).toBeNull();
});
