import { describe, expect, test } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { Engine } from '../engine/engine.ts';
import { recipeSchema, type Recipe } from './recipe.ts';
import { rehearse } from './rehearsal.ts';

// How long it measures is decided by a clock, so the clock is the test's: the engine only lets it continue.
const tokenizer = { encode: () => Int32Array.of(1), decode: () => 'one' };
const rows = Array.from({ length: 8 }, (_, row) => ({
  row,
  input: 'one and one',
  label: 'two',
  rationale: 'they add up',
  teacherLabel: null,
})) as unknown as Example[];

async function measure(stepMs: (step: number) => number, answerMs: readonly number[], keys: Partial<Recipe>) {
  let clockMs = 0;
  const steps: number[] = [];
  const asked: number[] = [];
  const engine = {
    step: (_batches: unknown, { step }: { step: number }) => {
      steps.push(step);
      clockMs += stepMs(step);
      return Promise.resolve({});
    },
    generate: (inputs: readonly unknown[]) => {
      clockMs += answerMs[asked.length] ?? 0;
      asked.push(inputs.length);
      return Promise.resolve(inputs.map(() => ({ ids: new Int32Array() })));
    },
  } as unknown as Engine;
  const recipe = recipeSchema.parse({ steps: 1000, batchSize: 2, ...keys });
  const work = rehearse({
    engine,
    tokenizer,
    recipe,
    train: rows,
    test: rows.slice(0, 4),
    now: () => clockMs,
  });
  let last = 0;
  for (;;) {
    const next = await work.next();
    if (next.done) return { ...next.value, steps: steps.length, asked };
    expect(next.value.done).toBeGreaterThanOrEqual(last);
    expect(next.value.done).toBeLessThanOrEqual(next.value.total);
    last = next.value.done;
  }
}

describe('a rehearsal', () => {
  test('leaves the first step out, which compiles, and takes the median of enough others', async () => {
    const found = await measure((step) => (step === 1 ? 9000 : step === 4 ? 5000 : 400), [], {
      evalEvery: 0,
    });
    expect(found).toMatchObject({ stepMs: 400, timedSteps: 5, steps: 6, rowMs: null, asked: [] });
  });

  test('takes more of quick steps, and few of slow ones', async () => {
    expect(await measure(() => 10, [], { evalEvery: 0 })).toMatchObject({ stepMs: 10, steps: 41 });
    expect(await measure(() => 30_000, [], { evalEvery: 0 })).toMatchObject({
      stepMs: 30_000,
      timedSteps: 1,
    });
  });

  test('of a run of one step is that step', async () => {
    expect(await measure(() => 70, [], { steps: 1, evalEvery: 0 })).toMatchObject({ stepMs: 70, steps: 1 });
  });

  test('asks for answers where accuracy is measured: twice where the first was quick', async () => {
    expect(await measure(() => 400, [900, 200], { evalEvery: 5 })).toMatchObject({
      rowMs: 50,
      asked: [4, 4],
    });
    expect(await measure(() => 400, [8000], { evalEvery: 5 })).toMatchObject({ rowMs: 2000, asked: [4] });
  });

  test('refuses rows that the recipe cannot train on', async () => {
    await expect(measure(() => 1, [], { labels: 'teacher' })).rejects.toThrow(InputError);
  });
});
