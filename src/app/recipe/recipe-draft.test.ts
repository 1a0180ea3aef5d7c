import fc from 'fast-check';
import { expect, test } from 'vitest';
import { notebookRecipe, smallRecipe } from '../../distill/recipe.ts';
import { draftOf, issueOf, numberText, parseDraft, readDraft, readTestRows } from './recipe-draft.ts';

test('presets survive the form', () => {
  const freezing = { ...smallRecipe, freeze: ['embeddings' as const, 'encoder' as const] };
  for (const recipe of [smallRecipe, notebookRecipe, freezing])
    expect(readDraft(draftOf(recipe)).recipe).toEqual(recipe);
});

test('any valid number is read back as the number it was', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 10, noNaN: true }), (learningRate) => {
      expect(readDraft(draftOf({ ...smallRecipe, learningRate })).recipe?.learningRate).toBe(learningRate);
    }),
  );
});

test('numbers read as people write them', () => {
  expect(numberText(0.002)).toBe('2e-3');
  expect(numberText(5e-5)).toBe('5e-5');
  expect(numberText(0.1)).toBe('0.1');
  expect(numberText(0)).toBe('0');
  expect(numberText(4000)).toBe('4000');
});

test('each mistake is told at its own field', () => {
  const { recipe, issues } = readDraft({
    ...draftOf(smallRecipe),
    alpha: '2',
    steps: '',
    seed: '1.5',
    dropout: '1e999',
  });
  expect(recipe).toBeNull();
  expect(issueOf(issues, 'alpha')?.problem).toContain('at most 1');
  expect(issueOf(issues, 'steps')?.problem).toContain('whole number');
  expect(issueOf(issues, 'seed')?.problem).toContain('whole number');
  expect(issueOf(issues, 'dropout')).not.toBeNull();
  expect(issueOf(issues, 'batchSize')).toBeNull();
});

test('contradictions between fields are told at one of them', () => {
  const { issues } = readDraft({ ...draftOf(smallRecipe), steps: '10', warmupSteps: '20' });
  expect(issueOf(issues, 'warmupSteps')?.problem).toContain('more than steps');
  const frozen = readDraft({ ...draftOf(smallRecipe), freeze: 'embeddings,encoder,decoder' });
  expect(issueOf(frozen.issues, 'freeze')?.problem).toContain('nothing would be trained');
});

test('a stored draft is read back, a foreign value is not', () => {
  const draft = { ...draftOf(smallRecipe), alpha: '0.' };
  expect(parseDraft(JSON.stringify(draft))).toEqual(draft);
  expect(parseDraft('{"alpha":3}')).toEqual(draftOf(notebookRecipe));
  for (const text of [null, '', '7', 'null', '{']) expect(parseDraft(text)).toBeNull();
});

test('test rows are a count, or all of them', () => {
  expect(readTestRows('')).toBeNull();
  expect(readTestRows(' all ')).toBeNull();
  expect(readTestRows('200')).toBe(200);
  for (const text of ['0', '-3', '1.5', 'some']) expect(readTestRows(text)).toBeUndefined();
});
