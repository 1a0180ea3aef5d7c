import { expect, it } from 'vitest';
import { rateSteps } from '../distill/rate-test.ts';
import { recipeSchema } from '../distill/recipe.ts';
import { testRatesOfRun } from './rate-test.ts';
import { madeUpEngine, rowsWith, student } from './testing/made-up-run.ts';

// What is made of the losses: `src/distill/rate-test.test.ts`.
function scene(on: (what: string, done: number, stop: AbortController) => void = () => undefined) {
  const made = madeUpEngine();
  const stop = new AbortController();
  const told: [string, number, number][] = [];
  const job = {
    tokenizer: student.tokenizer,
    recipe: recipeSchema.parse({ steps: 3, batchSize: 2 }),
    train: rowsWith('2', 6),
    open: (_: unknown, tellCompiling: (done: number, total: number) => void) => {
      tellCompiling(2, 9);
      return Promise.resolve(made.engine);
    },
    request: { engine: null, backend: null },
  };
  const report = (what: string, done: number, total: number): void => {
    told.push([what, done, total]);
    on(what, done, stop);
  };
  return { made, stop, told, run: () => testRatesOfRun(job, { report, signal: stop.signal }) };
}

it('tries the rates on an engine of its own, says how far it is, and closes it', async () => {
  const { made, told, run } = scene();
  expect((await run()).points).toHaveLength(rateSteps);
  expect(told.slice(0, 3)).toEqual([
    ['opening the engine', 0, 1],
    ['compiling kernels', 2, 9],
    ['trying rates', 0, rateSteps],
  ]);
  expect(told.at(-1)).toEqual(['trying rates', rateSteps - 1, rateSteps]);
  expect([made.updates.length, made.done.at(-1)]).toEqual([rateSteps, 'dispose']);
});

it('that is cancelled ends between two steps and closes its engine; before it begins it opens none', async () => {
  const trying = scene(
    (what, done, stop) => what === 'trying rates' && done === 2 && stop.abort(new Error('no longer')),
  );
  await expect(trying.run()).rejects.toThrow('no longer');
  expect(trying.made.done).toEqual(['step 1', 'step 2', 'dispose']);
  const before = scene();
  before.stop.abort(new Error('no longer'));
  await expect(before.run()).rejects.toThrow('no longer');
  expect([before.told, before.made.done]).toEqual([[], []]);
});
