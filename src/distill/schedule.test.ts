import { describe, expect, it } from 'vitest';
import { recipeSchema } from './recipe.ts';
import { learningRateAt, updateOf } from './schedule.ts';

// Values by transformers' get_linear_schedule_with_warmup, get_constant_schedule_with_warmup and
// get_cosine_schedule_with_warmup: multiplier of `step - 1` finished steps.
describe('learningRateAt', () => {
  const recipe = (keys: object) => recipeSchema.parse({ learningRate: 0.003, steps: 20, ...keys });

  it('falls linearly from the full rate', () => {
    expect(learningRateAt(recipe({}), 1)).toBe(0.003);
    expect(learningRateAt(recipe({}), 2)).toBeCloseTo(0.00285, 12);
    expect(learningRateAt(recipe({}), 20)).toBeCloseTo(0.00015, 12);
  });

  it('warms up from zero', () => {
    const warm = recipe({ warmupSteps: 4 });
    [0, 0.00075, 0.0015, 0.00225, 0.003].forEach((rate, finished) => {
      expect(learningRateAt(warm, finished + 1)).toBeCloseTo(rate, 12);
    });
    expect(learningRateAt(warm, 13)).toBeCloseTo(0.0015, 12);
  });

  it('stays constant', () => {
    expect(learningRateAt(recipe({ schedule: 'constant', warmupSteps: 2 }), 2)).toBeCloseTo(0.0015, 12);
    expect(learningRateAt(recipe({ schedule: 'constant', warmupSteps: 2 }), 20)).toBe(0.003);
  });

  it('falls as half a cosine', () => {
    const cosine = recipe({ schedule: 'cosine' });
    expect(learningRateAt(cosine, 1)).toBe(0.003);
    expect(learningRateAt(cosine, 6)).toBeCloseTo(0.003 * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(learningRateAt(cosine, 11)).toBeCloseTo(0.0015, 12);
  });
});

it('tells an engine what the recipe asks of a step; Adafactor with its own rate that of transformers', () => {
  const keys = {
    alpha: 0.3,
    weightDecay: 0.1,
    maxGradNorm: 2,
    dropout: 0.2,
    seed: 7,
    learningRate: 0.003,
    steps: 20,
  };
  const recipe = recipeSchema.parse(keys);
  const { learningRate, steps: _, ...rest } = keys;
  expect(updateOf(recipe, 1)).toEqual({ ...rest, step: 1, learningRate });
  const own = { ...recipe, optimizer: 'adafactor-relative' as const };
  const rates = [1, 10_000, 40_000].map((step) => updateOf(own, step).learningRate);
  expect(rates).toEqual([0.01, 0.01, 0.005]);
});
