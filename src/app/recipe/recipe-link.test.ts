import fc from 'fast-check';
import { expect, it } from 'vitest';
import { notebookRecipe, smallRecipe, type Recipe } from '../../distill/recipe.ts';
import { parseRoute } from '../routes.ts';
import { readDraft } from './recipe-draft.ts';
import { readRecipeHash, recipeHash } from './recipe-link.ts';

function throughLink(recipe: Recipe): Recipe | null {
  const reading = readRecipeHash(recipeHash(recipe));
  return reading?.draft ? readDraft(reading.draft).recipe : null;
}

const problemsOf = (hash: string): string => readRecipeHash(hash)?.problems.join(' ') ?? 'none';

it('a recipe is the same after the way through a link, which leads to Train', () => {
  const others: Partial<Recipe> = {
    method: 'standard',
    labels: 'teacher',
    shuffle: false,
    schedule: 'cosine',
  };
  for (const recipe of [
    smallRecipe,
    notebookRecipe,
    { ...smallRecipe, ...others, freeze: ['encoder'] as const },
  ]) {
    expect(throughLink(recipe as Recipe)).toEqual(recipe);
    expect(parseRoute(recipeHash(recipe as Recipe))).toBe('train');
  }
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      (alpha, seed) => {
        const recipe = { ...smallRecipe, alpha: alpha + 0, seed };
        expect(throughLink(recipe)).toEqual(recipe);
      },
    ),
  );
});

it('has the seed, and nothing that the notebook says already', () => {
  expect(recipeHash(notebookRecipe)).toBe('#/train?seed=0&recipe=1');
  expect(recipeHash({ ...notebookRecipe, alpha: 0.8, seed: 3 })).toBe('#/train?alpha=0.8&seed=3&recipe=1');
});

it('names what everybody can have, and nothing else', () => {
  const commit = '0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab';
  for (const places of [
    { student: 'nano', data: 'sample' },
    { student: `hub:google/flan-t5-small@${commit}`, data: null },
    { student: null, data: `hub:owner/rows@${commit}` },
    { student: null, data: `hub:cos_e@${commit}:v1.11` },
  ]) {
    const hash = recipeHash(smallRecipe, places);
    expect(hash.endsWith('&recipe=1')).toBe(true);
    expect(readRecipeHash(hash)).toMatchObject({ places });
  }
  for (const text of [
    'sample',
    '/home/me/model',
    'hub:google/flan-t5-small',
    'hub:a/b@main',
    `hub:a/b@${commit}:rows`,
    `hub:../x@${commit}`,
    `https://x@${commit}`,
  ])
    expect(problemsOf(`#/train?student=${encodeURIComponent(text)}&recipe=1`), text).toContain(
      'that a link can name',
    );
});

it('an address without a recipe is none', () => {
  for (const hash of ['', '#/train', '#/data?recipe=1', '#/compare/x/3'])
    expect(readRecipeHash(hash)).toBeNull();
});

it('a link that was cut off anywhere is found out', () => {
  const whole = recipeHash(smallRecipe);
  for (let length = '#/train?'.length; length < whole.length; length += 1) {
    expect(readRecipeHash(whole.slice(0, length))?.draft).toBeNull();
  }
});

it('says everything that is wrong, in the words of the form', () => {
  expect(problemsOf('#/train?alpha=2&learningRate=x&foo=1&shuffle=maybe&recipe=1')).toBe(
    '“foo” is no setting. Shuffle rows must be true or false. Alpha must be at most 1. Learning rate must be a number.',
  );
  const many = Array.from({ length: 200_000 }, (_, at) => `k${at}=1`).join('&');
  const words = problemsOf(`#/train?${many}&recipe=1`);
  expect(words).toContain('“k9” is no setting. So it is with 199990 more.');
  expect(words).not.toContain('k10');
  for (const wrong of ['student=zz', 'shuffle=zz', 'alpha=2'])
    expect(problemsOf(`#/train?${`${wrong}&`.repeat(2000)}recipe=1`).length, wrong).toBeLessThan(1000);
  expect(problemsOf(`#/train?freeze=${'x,'.repeat(200_000)}&recipe=1`)).toContain('Freeze must be');
  expect(problemsOf('#/train?alpha=0.1&alpha=0.2&recipe=1')).toContain('“alpha” is in it twice');
  expect(problemsOf('#/train?freeze=encoder,head&recipe=1')).toContain('Freeze must be');
  expect(problemsOf('#/train?warmupSteps=9&steps=3&recipe=1')).toContain('more than steps');
  expect(problemsOf('#/train?alpha=0.5')).toContain('cut off');
  expect(problemsOf('#/train?recipe=7')).toContain('does not know (7)');
  expect(problemsOf(`#/train?${'x'.repeat(500)}=1&recipe=1`).length).toBeLessThan(80);
  // Names of Object's own properties are no settings.
  expect(problemsOf('#/train?__proto__=1&toString=2&recipe=1')).toContain('“toString” is no setting');
});
