import { expect, it } from 'vitest';
import { adviceFor, fittingPreset } from './fitting.ts';
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
  expect(adviceFor(smallRecipe, 77e6)?.why).toBe(
    'A student of 77 M parameters is usually begun at about 3e-4; this is 2e-3: so high a rate makes it forget what it knew.',
  );
});
