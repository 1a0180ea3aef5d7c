import { expect, it } from 'vitest';
import { smallRecipe } from './recipe.ts';
import type { Evaluation } from './run-state.ts';
import {
  bestEvaluation,
  choosesByMeasuring,
  hasStalled,
  isBestYet,
  keptSteps,
  takenStep,
} from './selection.ts';

const told = (step: number, correct: number, loss?: number): Evaluation => ({
  step,
  correct,
  total: 10,
  ...(loss === undefined ? {} : { loss }),
});

it('calls an evaluation the best where none before was better', () => {
  const one = (correct: number) => told(1, correct);
  expect([isBestYet(one(1), []), isBestYet(one(5), [one(5)]), isBestYet(one(4), [one(5)])]).toEqual([
    true,
    true,
    false,
  ]);
  expect(isBestYet(told(2, 5, 0.4), [told(1, 5, 0.3)])).toBe(false);
});

it.each([
  ['the highest accuracy', [told(1, 3, 0.1), told(2, 5, 0.9), told(3, 4, 0.1)], 2],
  ['of equals the lowest loss', [told(1, 5, 0.2), told(2, 5, 0.1), told(3, 5, 0.3)], 2],
  ['of equals without a loss the last', [told(1, 5), told(2, 5), told(3, 4)], 2],
])('takes %s', (_, evaluations, step) => {
  expect(bestEvaluation(evaluations)?.step).toBe(step);
  expect(takenStep({ take: 'best' }, evaluations, 9)).toBe(step);
  expect(keptSteps({ take: '7' }, evaluations)).toEqual([step, 7]);
});

it('takes the last or a named step, and the last where it did not come so far or nothing was measured', () => {
  const evaluations = [told(1, 5)];
  expect(takenStep({ take: 'last' }, evaluations, 9)).toBe(9);
  expect([takenStep({ take: '7' }, evaluations, 9), takenStep({ take: '7' }, [], 3)]).toEqual([7, 3]);
  expect([takenStep({ take: 'best' }, [], 9), keptSteps(smallRecipe, [])]).toEqual([9, []]);
});

it.each([
  [{ take: 'best', patience: 0 }, true],
  [{ take: 'last', patience: 2 }, true],
  [{ take: 'best', patience: 2 }, true],
  [{ take: 'last', patience: 0 }, false],
  [{ take: '7', patience: 0 }, false],
] as const)('with %o measuring decides something: %s', (recipe, decides) => {
  expect(choosesByMeasuring(recipe)).toBe(decides);
});

it('stalls after so many that are no better; equals without a loss are none', () => {
  const better = [told(1, 1), told(2, 2), told(3, 2), told(4, 1)];
  expect([1, 2, 3].map((patience) => hasStalled(better, patience))).toEqual([true, true, false]);
  expect(hasStalled(better, 0)).toBe(false);
  expect(hasStalled([told(1, 2, 0.5), told(2, 2, 0.4), told(3, 2, 0.3)], 1)).toBe(false);
  expect(hasStalled([], 1)).toBe(false);
});
