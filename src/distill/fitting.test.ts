import { expect, it } from 'vitest';
import { adviceFor, fittingPreset, usualRate } from './fitting.ts';
import { checkRecipe, notebookRecipe, smallRecipe } from './recipe.ts';

it.each([
  ['the small preset, for the bundled student', smallRecipe, 1_100_000, null],
  ['the small preset, for flan-t5-small', smallRecipe, 77e6, 'Notebook'],
  ['the notebook, for flan-t5-base', notebookRecipe, 248e6, null],
  ['the notebook, for the bundled student', notebookRecipe, 1_100_000, 'Small'],
  ['Adafactor, which has rates of its own', { ...smallRecipe, optimizer: 'adafactor' as const }, 77e6, null],
])('%s', (_, recipe, parameters, title) => {
  expect(adviceFor(recipe, parameters)?.preset.title ?? null).toBe(title);
});

it('advises what itself needs no advice, and is a valid recipe', () => {
  for (const parameters of [1e5, 1e6, 1e7, 77e6, 2e8, 1e9]) {
    const { recipe } = fittingPreset(parameters);
    expect(checkRecipe(recipe).issues).toEqual([]);
    expect(adviceFor(recipe, parameters)).toBeNull();
  }
  expect(adviceFor(smallRecipe, 77e6)?.why).toEqual([
    'A student of 77 M parameters is usually begun at about 3e-4; this is 2e-3: so high a rate makes it forget what it knew.',
  ]);
});

it('leaves rows whole that the preset would cut, up to a bound', () => {
  expect(adviceFor(smallRecipe, 1e6, { input: 128, target: 96 })).toBeNull();
  const advice = adviceFor(smallRecipe, 1e6, { input: 210, target: 97 });
  expect(advice?.settings).toEqual({ maxInputTokens: 224, maxTargetTokens: 112 });
  expect(advice?.why).toHaveLength(2);
  expect(adviceFor(advice!.preset.recipe, 1e6, { input: 210, target: 97 })).toBeNull();
  expect(adviceFor(notebookRecipe, 248e6, { input: 5000, target: 20 })).toBeNull();
  expect(fittingPreset(1e6, { input: 5000, target: 20 }).recipe.maxInputTokens).toBe(1024);
});

it('says nothing of a rate of 0, which trains nothing on purpose, nor of one that is within a factor', () => {
  expect(adviceFor({ ...smallRecipe, learningRate: 0 }, 77e6)).toBeNull();
  expect(adviceFor({ ...smallRecipe, learningRate: 1 }, 77e6)?.why[0]).toContain('so high a rate');
  expect(adviceFor({ ...smallRecipe, learningRate: 1e-7 }, 77e6)?.why[0]).toContain('so low a rate');
});

it('bounds belong to what is below them: the size of a student, the length of rows, a factor of four', () => {
  expect(fittingPreset(30e6).title).toBe('Small');
  expect(fittingPreset(30e6 + 1).title).toBe('Notebook');
  const sizes = [3e6, 30e6, 150e6, 220e6];
  expect(sizes.map(usualRate)).toEqual([2e-3, 1e-3, 3e-4, 1e-4]);
  expect(sizes.map((size) => usualRate(size + 1))).toEqual([1e-3, 3e-4, 1e-4, 5e-5]);
  const room = (input: number) => fittingPreset(1e6, { input, target: 1 }).recipe.maxInputTokens;
  expect([128, 129, 144, 145, 1024, 1025].map(room)).toEqual([128, 144, 144, 160, 1024, 1024]);
  const at = (factor: number) => adviceFor({ ...smallRecipe, learningRate: 2e-3 * factor }, 1e6);
  expect([3.9, 1 / 3.9].map(at)).toEqual([null, null]);
  expect(at(4)?.settings.learningRate).toBe(2e-3);
  expect(at(1 / 4)?.settings.learningRate).toBe(2e-3);
});
