import { describe, expect, it } from 'vitest';
import { checkRecipe } from '../distill/recipe.ts';
import { plannedRuns, quickScale, recipeOf, runId, wholeScale } from './design.ts';

describe('plannedRuns', () => {
  const runs = plannedRuns(wholeScale);

  it('plans every run once: sizes, labels, methods and seeds, alphas, the control and SVAMP', () => {
    // 3 sizes × 2 labels × 2 methods × 5 seeds; 9 alphas beside the preset’s × 5; 5; 2 × 2 × 3.
    expect(runs).toHaveLength(60 + 45 + 5 + 12);
    expect(new Set(runs.map(runId)).size).toBe(runs.length);
  });

  it('grows all cells of the main table alike', () => {
    expect(new Set(runs.slice(0, 12).map(({ seed }) => seed))).toEqual(new Set([1]));
  });

  it.each([
    ['whole', wholeScale],
    ['quick', quickScale],
  ])('%s: every recipe is valid', (_, scale) => {
    for (const run of plannedRuns(scale)) expect(checkRecipe(recipeOf(run)).issues).toEqual([]);
  });
});
