import { expect, it } from 'vitest';
import { openBundledStudent } from '../../tests/support/sample.ts';
import type { Example } from '../data/example.ts';
import { oneTarget, readTarget, type OneTarget } from './methods.ts';
import { recipeSchema } from './recipe.ts';
import { sampleExamples } from '../../tests/support/sample.ts';
import { taskRow } from './tasks.ts';

const airport: Example = {
  ...sampleExamples('train')[0]!,
  input: 'where?',
  label: 'airport',
  rationale: 'hospital has nurses, so airport.',
};

// Ids by `tasks` of src/export/python/train.py with the tokenizer of transformers 5.24: the last two columns are targets
// that fit, and that are cut after 8 tokens.
it.each([
  ['rationale-then-label', true, [89, 5, 252, 3, 26, 77, 4, 397, 7, 77, 1], [89, 5, 252, 3, 397, 7, 77, 1]],
  ['rationale-then-label', false, [397, 7, 77, 1], [397, 7, 77, 1]],
  ['label-then-rationale', true, [77, 677, 7, 89, 5, 252, 3, 26, 77, 4, 1], [77, 677, 7, 89, 5, 252, 3, 1]],
  ['label-then-rationale', false, [77, 1], [77, 1]],
] as const)('%s, rationale %s: one target with the ids of Hugging Face', async (method, has, whole, cut) => {
  const { tokenizer } = await openBundledStudent();
  const example = has ? airport : { ...airport, rationale: null };
  const row = (maxTargetTokens: number) =>
    taskRow(recipeSchema.parse({ method, maxTargetTokens }), example, tokenizer);
  expect([...row(96).answerTarget]).toEqual(whole);
  expect([...row(8).answerTarget]).toEqual(cut);
  // The bare input, and no task for rationales.
  expect(row(96)).toMatchObject({ answerInput: tokenizer.encode('where?'), rationaleInput: null });
  for (const ids of [whole, cut]) {
    expect(readTarget(method, tokenizer.decode(Int32Array.from(ids))).answer).toBe('airport');
  }
});

it.each<[OneTarget, string, string, string | null]>([
  ['rationale-then-label', 'the answer: none, so. answer: airport', 'airport', 'the answer: none, so.'],
  ['rationale-then-label', 'it never came to the word', '', 'it never came to the word'],
  ['rationale-then-label', 'it ended there answer:', '', 'it ended there'],
  ['label-then-rationale', 'airport because: of that, because: so', 'airport', 'of that, because: so'],
  ['label-then-rationale', 'airport', 'airport', null],
  ['label-then-rationale', ' a  because: b', ' a ', 'b'],
])('%s reads %j', (method, text, answer, rationale) => {
  expect(readTarget(method, text)).toEqual({ answer, rationale });
});

it('reads what it wrote', () => {
  for (const method of ['rationale-then-label', 'label-then-rationale'] as const) {
    for (const rationale of ['since so', null]) {
      const written = { answer: 'b c', rationale };
      expect(readTarget(method, oneTarget(method, written))).toEqual(written);
    }
  }
});
