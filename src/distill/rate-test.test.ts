import { expect, it } from 'vitest';
import { NonFiniteError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { Engine } from '../engine/engine.ts';
import { suggestedRate, testRates, rateSteps, type RatePoint } from './rate-test.ts';
import { recipeSchema } from './recipe.ts';

const tokenizer = { encode: () => Int32Array.of(1), decode: () => 'one' };
const rows = Array.from({ length: 8 }, (_, row) => ({
  row,
  input: 'one and one',
  label: 'two',
  rationale: 'they add up',
  teacherLabel: null,
})) as unknown as Example[];

/** Tests an engine whose loss follows the rates that it was told. */
async function found(lossAfter: (rates: readonly number[]) => number) {
  const rates: number[] = [];
  const engine = {
    step: (_batches: unknown, { learningRate, step }: { learningRate: number; step: number }) => {
      const loss = lossAfter(rates);
      if (!Number.isFinite(loss)) return Promise.reject(new NonFiniteError(step, 'answer loss'));
      rates.push(learningRate);
      return Promise.resolve({ loss });
    },
  } as unknown as Engine;
  const recipe = recipeSchema.parse({ steps: 3, batchSize: 2 });
  const work = testRates({ engine, tokenizer, recipe, train: rows });
  for (;;) {
    const next = await work.next();
    if (next.done) return { ...next.value, rates };
    expect(next.value.total).toBe(rateSteps);
  }
}

it('takes rates that grow evenly on a logarithmic scale, whatever the recipe’s schedule and steps', async () => {
  const { rates } = await found(() => 1);
  expect(rates).toHaveLength(rateSteps);
  expect(rates[0]).toBeCloseTo(1e-6, 12);
  expect(rates.at(-1)).toBeCloseTo(1, 9);
  for (let at = 1; at < rates.length; at += 1) expect(rates[at]! / rates[at - 1]!).toBeCloseTo(10 ** 0.1, 6);
});

it('suggests a rate below the one that drives the loss up, and stops there', async () => {
  // A rate does good by its size up to 0.03 and harm above.
  const { suggested, rates, points } = await found((taken) =>
    taken.reduce((loss, rate) => (rate <= 0.03 ? loss * (1 - 8 * rate) : loss * 2), 4),
  );
  expect(rates.length).toBeLessThan(rateSteps);
  expect(points.at(-1)!.smoothed).toBeGreaterThan(Math.min(...points.map(({ smoothed }) => smoothed)));
  expect(suggested).toBeGreaterThanOrEqual(0.005);
  expect(suggested).toBeLessThanOrEqual(0.03);
});

it('suggests nothing where no rate made the loss fall, and ends at a loss that is no number', async () => {
  expect((await found(() => 2)).suggested).toBeNull();
  const broken = await found((taken) => (taken.length === 10 ? NaN : 2));
  expect(broken.points).toHaveLength(10);
  expect(suggestedRate([])).toBeNull();
});

it.each([
  [6e-3, 2e-3],
  [9e-4, 3e-4],
  [4.5e-4, 1e-4],
  [0.15, 0.05],
])('rounds a third of %d down to %d', (least, rate) => {
  const points: RatePoint[] = [
    { learningRate: 1e-6, loss: 4, smoothed: 4 },
    { learningRate: least, loss: 1, smoothed: 1 },
    { learningRate: 1, loss: 9, smoothed: 9 },
  ];
  expect(suggestedRate(points)).toBe(rate);
});

it.each([
  [0.97, 0.002],
  [0.9701, null],
])('a mean loss that is least at %d of where it began suggests %s', (least, suggested) => {
  const points: RatePoint[] = [
    { learningRate: 1e-6, loss: 1, smoothed: 1 },
    { learningRate: 6e-3, loss: least, smoothed: least },
    { learningRate: 1, loss: 9, smoothed: 9 },
  ];
  expect(suggestedRate(points)).toBe(suggested);
});

it.each([
  [4.59, rateSteps],
  [4.61, 2],
])(
  'a second loss of %d, whose mean with the first of 1 is about 3, ends it after %i steps',
  async (second, steps) => {
    // As Adam has it: (0.8 · 0.2 · 1 + 0.2 · 4.6) / (1 - 0.8²) is 3.
    const { points } = await found((taken) => (taken.length === 1 ? second : 1));
    expect(points).toHaveLength(steps);
  },
);

it('is not driven up where every loss is 0', async () => {
  const { points, suggested } = await found(() => 0);
  expect([points.length, suggested]).toEqual([rateSteps, 1e-7 * 3]);
});
