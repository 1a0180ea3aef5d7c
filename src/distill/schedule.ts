/** What a recipe asks of each step; the learning rate as Hugging Face's schedules have it (transformers `optimization.py`). */
import type { Update } from '../engine/engine.ts';
import type { Recipe } from './recipe.ts';

/**
 * Learning rate used in a step.
 * @param step From 1; the schedule counts finished steps, so that step 1 of a linear schedule has the full rate.
 */
export function learningRateAt(recipe: Recipe, step: number): number {
  const finished = step - 1;
  const { learningRate, warmupSteps, steps } = recipe;
  if (finished < warmupSteps) return learningRate * (finished / warmupSteps);
  const progress = (finished - warmupSteps) / Math.max(1, steps - warmupSteps);
  switch (recipe.schedule) {
    case 'constant':
      return learningRate;
    case 'linear':
      return learningRate * Math.max(0, 1 - progress);
    case 'cosine':
      return learningRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    default:
      return recipe.schedule satisfies never;
  }
}

/** The rate of a step that Adafactor takes by itself, as transformers has it without warm-up. @param step From 1. */
function relativeRateAt(step: number): number {
  return Math.min(1e-2, step ** -0.5);
}

/** What an engine is told with the rows of a step. @param step From 1. */
export function updateOf(recipe: Recipe, step: number): Update {
  const { alpha, weightDecay, maxGradNorm, dropout, seed } = recipe;
  const relative = recipe.optimizer === 'adafactor-relative';
  const learningRate = relative ? relativeRateAt(step) : learningRateAt(recipe, step);
  return { step, learningRate, alpha, weightDecay, maxGradNorm, dropout, seed };
}
