import { expect, it } from 'vitest';
import type { Example } from './example.ts';
import { lintTokens, type TextCoder } from './lint-tokens.ts';

const limits = { maxTargetTokens: 8, generationMaxTokens: 4 };
/** A coder of letters and spaces; all else is unknown (0), and 1 ends a text. */
const letters: TextCoder = {
  unknownId: 0,
  encode: (text) =>
    Int32Array.from([...Array.from(text, (one) => (/[a-z ]/.test(one) ? one.charCodeAt(0) : 0)), 1]),
};
const example = (row: number, changes: Partial<Example>): Example => ({
  row,
  input: 'a',
  label: 'a',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
  ...changes,
});

it('notes what a tokenizer does not know, or cuts', () => {
  const notes = lintTokens(
    [
      example(0, {}),
      example(1, { label: 'a<b' }),
      example(2, { input: '水的a' }),
      example(3, { label: 'abcd' }),
      example(4, { rationale: 'abcdefgh'.repeat(4) }),
      example(5, { input: 'abc 水' }),
    ],
    letters,
    limits,
  );
  expect(notes.map(({ kind, rows }) => [kind, rows])).toEqual([
    ['input-unknown', [2]],
    ['label-long', [3]],
    ['rationale-long', [4]],
  ]);
  expect(notes.at(-1)!.text).toBe('1 rationale is cut at 8 tokens: 76 % of it is lost');
});

it('has nothing to say of texts that it knows', () =>
  expect(lintTokens([example(0, { rationale: 'abc' })], letters, limits)).toEqual([]));
