import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { RowLengths } from '../../distill/memory-of-run.ts';
import { memoryQuestion } from './use-run-memory.ts';

it('asks what a run takes once both its recipe and its rows are known, and not before', () => {
  const lengths = {} as RowLengths;
  const request = { engine: null, backend: null };
  expect(memoryQuestion([], smallRecipe, lengths, request)).toEqual({
    configs: [],
    recipe: smallRecipe,
    lengths,
    request,
  });
  expect(memoryQuestion([], null, lengths, request)).toBeNull();
  expect(memoryQuestion([], smallRecipe, null, request)).toBeNull();
});
