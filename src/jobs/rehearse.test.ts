import { expect, it } from 'vitest';
import { recipeSchema } from '../distill/recipe.ts';
import { rehearseRun, type RehearsalJob } from './rehearse.ts';
import { madeUpEngine, rowsWith, student } from './testing/made-up-run.ts';

// How the times are made of what was timed: `src/distill/rehearsal.test.ts`.
function scene(changes: Partial<RehearsalJob> = {}) {
  const made = madeUpEngine();
  const stop = new AbortController();
  const told: [string, number, number][] = [];
  let onReport: (what: string, done: number) => void = () => undefined;
  const job: RehearsalJob = {
    tokenizer: student.tokenizer,
    recipe: recipeSchema.parse({ steps: 3, batchSize: 2, evalEvery: 1 }),
    train: rowsWith('2', 6),
    test: rowsWith('2', 2),
    open: (_, tellCompiling) => {
      tellCompiling(2, 9);
      return Promise.resolve(made.engine);
    },
    request: { engine: null, backend: null },
    ...changes,
  };
  const report = (what: string, done: number, total: number): void => {
    told.push([what, done, total]);
    onReport(what, done);
  };
  const run = () => rehearseRun(job, { report, signal: stop.signal });
  return { made, stop, told, run, on: (act: typeof onReport) => void (onReport = act) };
}

it('times steps and answers on the engine that the run would have, says how far it is, and closes it', async () => {
  const { made, told, run } = scene();
  const found = await run();
  expect(found).toMatchObject({ timedSteps: 2, engine: { engine: 'wgsl', backend: 'webgpu' } });
  expect(found.rowMs).not.toBeNull();
  expect(told.slice(0, 3)).toEqual([
    ['opening the engine', 0, 1],
    ['compiling kernels', 2, 9],
    ['timing steps', 0, 7],
  ]);
  expect(told.slice(3, 6).map(([, done]) => done)).toEqual([1, 2, 3]);
  expect(made.done).toEqual(['step 1', 'step 2', 'step 3', 'answer 3', 'answer 3', 'dispose']);
});

it('that is cancelled before it begins opens no engine', async () => {
  let opened = 0;
  const { stop, told, run } = scene({
    open: () => {
      opened += 1;
      return Promise.reject(new Error('opened'));
    },
  });
  stop.abort(new Error('no longer'));
  await expect(run()).rejects.toThrow('no longer');
  expect([opened, told]).toEqual([0, []]);
});

it('that is cancelled on the way ends between two steps, and closes its engine', async () => {
  const opening = scene();
  opening.on((what) => what === 'compiling kernels' && opening.stop.abort(new Error('no longer')));
  await expect(opening.run()).rejects.toThrow('no longer');
  expect(opening.made.done).toEqual(['dispose']);
  const timing = scene();
  timing.on(
    (what, done) => what === 'timing steps' && done === 2 && timing.stop.abort(new Error('no longer')),
  );
  await expect(timing.run()).rejects.toThrow('no longer');
  expect(timing.made.done).toEqual(['step 1', 'step 2', 'dispose']);
});

it('closes its engine where a step fails', async () => {
  const { made, run } = scene();
  made.before = (what) => {
    if (what === 'step 2') throw new Error('no memory');
  };
  await expect(run()).rejects.toThrow('no memory');
  expect(made.done.at(-1)).toBe('dispose');
});
