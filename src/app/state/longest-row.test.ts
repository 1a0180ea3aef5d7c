import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import { longestRow } from './longest-row.ts';
import { dataset, student } from './testing/opened-studio.ts';

const recipe = { ...smallRecipe, maxInputTokens: 100, maxTargetTokens: 60 };
const measured = (label: number, rationale: number | null, input = 80) =>
  dataset('own', {
    lengths: {
      train: {
        studentId: 'mine',
        input: { max: input },
        label: { max: label },
        rationale: rationale === null ? null : { max: rationale },
      },
    } as never,
  });

it('the longest row is as measured, within the limits of the recipe', () => {
  const mine = student('mine');
  expect(longestRow(measured(5, 30), mine, recipe)).toEqual({ inputTokens: 80, targetTokens: 30 });
  expect(longestRow(measured(35, 30), mine, recipe)).toEqual({ inputTokens: 80, targetTokens: 35 });
  expect(longestRow(measured(7, null), mine, recipe)).toEqual({ inputTokens: 80, targetTokens: 7 });
  expect(longestRow(measured(5, 300, 900), mine, recipe)).toEqual({ inputTokens: 100, targetTokens: 60 });
});

it('one target holds label, rationale and the marker between them', () => {
  const one = { ...recipe, method: 'rationale-then-label' } as typeof recipe;
  expect(longestRow(measured(5, 30), student('mine'), one)).toEqual({ inputTokens: 80, targetTokens: 39 });
  expect(longestRow(measured(5, null), student('mine'), one)).toEqual({ inputTokens: 80, targetTokens: 9 });
});

it('where nothing was measured for this student, the limits stand', () => {
  const limits = { inputTokens: 100, targetTokens: 60 };
  expect(longestRow(null, student('mine'), recipe)).toEqual(limits);
  expect(longestRow(dataset('own'), student('mine'), recipe)).toEqual(limits);
  expect(longestRow(measured(5, 30), student('other'), recipe)).toEqual(limits);
});
