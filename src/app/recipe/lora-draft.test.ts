import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import { loraText, loraTexts, loraWords, textOfLora } from './lora-draft.ts';
import { readRecipeHash, recipeHash } from './recipe-link.ts';
import { draftOf, issueOf, readDraft } from './recipe-draft.ts';

const loras = fc.record({
  rank: fc.integer({ min: 1, max: 256 }),
  alpha: fc.integer({ min: 1, max: 512 }),
  dropout: fc.constantFrom(0, 0.05, 0.1),
  targets: fc.constantFrom<'all-linear' | string[]>('all-linear', ['q'], ['q', 'v'], ['wi_0', 'o']),
  baseDtype: fc.constantFrom('float32' as const, 'float16' as const),
});

test('adapters survive the form, and a link', () => {
  fc.assert(
    fc.property(loras, (lora) => {
      const recipe = { ...smallRecipe, lora };
      expect(readDraft(draftOf(recipe)).recipe).toEqual(recipe);
      const link = readRecipeHash(recipeHash(recipe));
      expect(link?.draft && readDraft(link.draft).recipe?.lora).toEqual(lora);
    }),
  );
  expect(readDraft(draftOf(smallRecipe)).recipe?.lora).toBeNull();
});

test('what is half typed is kept, and told at the field', () => {
  const texts = loraTexts(loraText({ rank: 8, alpha: 8, dropout: 0, targets: ['q', 'v'] }))!;
  const half = textOfLora({ ...texts, rank: '', dropout: '0.' });
  expect(loraTexts(half)).toEqual({ ...texts, rank: '', dropout: '0.' });
  const { issues } = readDraft({ ...draftOf(smallRecipe), lora: half });
  expect(issueOf(issues, 'lora')?.problem).toContain('lora rank');
  const frozen = readDraft({ ...draftOf(smallRecipe), lora: textOfLora(texts), freeze: 'encoder' });
  expect(issueOf(frozen.issues, 'freeze')?.problem).toContain('lora');
});

test('in words', () => {
  expect(loraWords('')).toBe('none');
  expect(loraWords('rank=4 alpha=8 dropout=0 targets=q,v')).toBe('rank 4, alpha 8, on q, v');
  expect(loraWords('rank=4 dropout=0.1 targets=all-linear')).toBe(
    'rank 4, alpha 8, dropout 0.1, on all linear layers',
  );
  expect(loraWords('rank=4 baseDtype=float16')).toBe('rank 4, alpha 8, on q, v, base in half precision');
});
