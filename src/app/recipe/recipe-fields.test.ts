import { expect, test } from 'vitest';
import { recipeSchema } from '../../distill/recipe.ts';
import { issueWords, meaningWords, rangeWords, recipeGroups, valueWords } from './recipe-fields.ts';
import { recipeKeys } from './recipe-draft.ts';

test('every setting of the recipe has exactly one field, with its meaning', () => {
  const fields = recipeGroups.flatMap((group) => group.fields);
  expect(fields.map((field) => field.key).sort()).toEqual([...recipeKeys].sort());
  for (const field of fields) expect(field.meaning).toMatch(/\.$/);
});

test('choices offer what the schema allows, no more and no less', () => {
  for (const { key, options, parts } of recipeGroups.flatMap((group) => group.fields)) {
    for (const option of options ?? [])
      expect(recipeSchema.shape[key].safeParse(option.value).success).toBe(true);
    for (const part of parts ?? [])
      expect(recipeSchema.shape[key].safeParse([part.value]).success).toBe(true);
  }
  const method = recipeGroups[0]!.fields[0]!;
  expect(method.options).toHaveLength(4);
});

test('ranges come from the schema', () => {
  expect(rangeWords('alpha')).toBe('0 to 1, notebook 0.5');
  expect(rangeWords('steps')).toBe('from 1, notebook 4,000');
  expect(rangeWords('learningRate')).toBe('0 to 10, notebook 5e-5');
  expect(rangeWords('method')).toBe('notebook step by step');
  expect(rangeWords('shuffle')).toBe('notebook yes');
  expect(rangeWords('freeze')).toBe('notebook none');
  for (const field of recipeGroups.flatMap((group) => group.fields)) {
    expect(meaningWords(field)).toMatch(/\. .*\b[Nn]otebook \S.*\.$/);
  }
});

test('values are told in the words of the form, half-typed ones as they stand', () => {
  expect(valueWords('labels', 'teacher')).toBe('by the teacher');
  expect(valueWords('freeze', 'embeddings,encoder')).toBe('embeddings and encoder');
  expect(valueWords('steps', '4000')).toBe('4,000');
  expect(valueWords('steps', '')).toBe('empty');
  expect(valueWords('steps', '1e999')).toBe('1e999');
  expect(valueWords('alpha', '0.')).toBe('0.');
});

test('a problem is told under the name that the field has on the screen', () => {
  expect(issueWords({ key: 'learningRate', problem: 'learningRate must be a number' })).toBe(
    'Learning rate must be a number',
  );
  expect(issueWords({ key: 'foo', problem: '"foo" is not a setting' })).toBe('"foo" is not a setting');
});
