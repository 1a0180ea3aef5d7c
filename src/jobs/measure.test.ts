import { expect, it, vi } from 'vitest';
import type { Example } from '../data/example.ts';
import { recipeSchema } from '../distill/recipe.ts';
import { stateOf } from '../engine/engine.ts';
import type { Student } from '../student/folder.ts';
import { parseTiny } from '../engine/plan/testing/tiny-engine.ts';
import { measureReduction, type MeasureJob } from './measure.ts';
import { madeUpEngine, rowsWith, student, weightsOf } from './testing/made-up-run.ts';

// A loss is what the made-up weight is; a look at the clock takes 250 ms, so that an evaluation does.
function scene(examples: readonly Example[], changes: Partial<MeasureJob> = {}) {
  const stop = new AbortController();
  const told: [string, number, number][] = [];
  const done: string[] = [];
  const studentOf = (name: string, layers: number) => (): Promise<Student> => {
    done.push(`read ${name}`);
    const config = parseTiny({ num_layers: layers, num_decoder_layers: layers });
    return Promise.resolve({ ...student, config, weights: weightsOf(layers) });
  };
  const job: MeasureJob = {
    before: studentOf('whole', 3),
    after: studentOf('reduced', 1),
    examples,
    recipe: recipeSchema.parse({ method: 'step-by-step' }),
    open: ({ weights }) => {
      const { engine } = madeUpEngine();
      engine.restore(stateOf(weights));
      done.push('open');
      return Promise.resolve({ ...engine, dispose: () => void done.push('dispose') });
    },
    ...changes,
  };
  let onReport: (done: number) => void = () => undefined;
  const report = (what: string, count: number, total: number): void => {
    told.push([what, count, total]);
    onReport(count);
  };
  let nowMs = 0;
  const run = async () => {
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 250));
    try {
      return await measureReduction(job, { report, signal: stop.signal });
    } finally {
      clock.mockRestore();
    }
  };
  return { stop, told, done, run, on: (act: typeof onReport) => void (onReport = act) };
}

it('measures the whole student, then the reduced one, of which never both are open', async () => {
  const { told, done, run } = scene(rowsWith('2', 12));
  const found = await run();
  expect(found).toMatchObject({
    rows: 12,
    answer: { before: 3, after: 1 },
    rationale: { before: 3, after: 1 },
    engine: 'wgsl on webgpu',
  });
  expect(done).toEqual(['read whole', 'open', 'dispose', 'read reduced', 'open', 'dispose']);
  expect(told).toEqual([
    ['loss before', 0, 24],
    ['loss before', 10, 24],
    ['loss before', 12, 24],
    ['loss after', 12, 24],
    ['loss after', 22, 24],
    ['loss after', 24, 24],
  ]);
});

it('counts the work of a second in the engine', async () => {
  const once = await scene(rowsWith('2', 10)).run();
  const twice = await scene(rowsWith('2', 20)).run();
  // Twice the work takes twice the time.
  expect(twice.flopsPerSecond.before).toBeCloseTo(once.flopsPerSecond.before, 0);
  // Two evaluations of 10 rows with one token each, in half a second: at least two for each weight and token.
  const config = parseTiny({ num_layers: 3, num_decoder_layers: 3 });
  expect(once.flopsPerSecond.before).toBeGreaterThan(2 * config.d_model * config.vocab_size * 10 * 2 * 2);
  expect(once.flopsPerSecond.before / once.flopsPerSecond.after).toBeGreaterThan(1);
  expect(once.flopsPerSecond.before / once.flopsPerSecond.after).toBeLessThan(3);
});

it('has no loss of rationales where rows have none', async () => {
  const bare = rowsWith('2', 3).map((row) => ({ ...row, rationale: null }));
  const { run } = scene(bare, { recipe: recipeSchema.parse({ method: 'standard' }) });
  expect(await run()).toMatchObject({ answer: { before: 3, after: 1 }, rationale: null });
});

it('that is cancelled closes its engine and opens no other', async () => {
  const { stop, done, run, on } = scene(rowsWith('2', 12));
  on((count) => count === 10 && stop.abort(new Error('no longer')));
  await expect(run()).rejects.toThrow('no longer');
  expect(done).toEqual(['read whole', 'open', 'dispose']);
  const before = scene(rowsWith('2', 12));
  before.stop.abort(new Error('no longer'));
  await expect(before.run()).rejects.toThrow('no longer');
  expect(before.done).toEqual(['read whole']);
});
