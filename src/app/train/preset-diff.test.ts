import { expect, it } from 'vitest';
import { notebookRecipe, presets, smallRecipe } from '../../distill/recipe.ts';
import { differencesFrom, nearestPreset } from './preset-diff.ts';
import { draftOf } from '../recipe/recipe-draft.ts';

it('a preset differs from itself in nothing', () => {
  for (const preset of presets) {
    expect(nearestPreset(draftOf(preset.recipe))).toEqual({ preset, differences: [] });
  }
});

it('names each field that says something else, as typed, and the preset’s text', () => {
  const draft = { ...draftOf(smallRecipe), alpha: '0.8', steps: '60 0', freeze: 'encoder', shuffle: 'false' };
  const { preset, differences } = nearestPreset(draft);
  expect(preset.name).toBe('small');
  expect(differences).toEqual([
    { key: 'alpha', text: '0.8', presetText: '0.1' },
    { key: 'steps', text: '60 0', presetText: '600' },
    { key: 'freeze', text: 'encoder', presetText: '' },
    { key: 'shuffle', text: 'false', presetText: 'true' },
  ]);
});

it('a number is the same however it is written, an empty field is none', () => {
  const draft = { ...draftOf(smallRecipe), alpha: '0.10', learningRate: '0.002', seed: '' };
  expect(nearestPreset(draft).differences).toEqual([{ key: 'seed', text: '', presetText: '0' }]);
});

it('takes the preset with the fewest differences, the first of two as near', () => {
  expect(nearestPreset({ ...draftOf(notebookRecipe), alpha: '0.1' }).preset.name).toBe('notebook');
  // Half of what sets the two apart.
  const apart = differencesFrom(presets[1], draftOf(smallRecipe)).slice(0, 5);
  expect(differencesFrom(presets[1], draftOf(smallRecipe))).toHaveLength(10);
  const between = { ...draftOf(smallRecipe) };
  for (const { key, presetText } of apart) between[key] = presetText;
  expect(nearestPreset(between).preset.name).toBe('small');
});
