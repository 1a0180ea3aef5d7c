import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markDifferences, type Piece } from './rationale-diff.ts';

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');
const marks = (pieces: readonly Piece[]): string[] =>
  pieces.filter(({ differs }) => differs).map(({ text }) => text.trim());

test('the words that differ are marked on both sides', () => {
  const { first, second, firstWords, secondWords } = markDifferences(
    'beach has palm, farm has plough, so beach.',
    'beach has palm, school has chalk, so beach.',
  );
  expect(marks(first)).toEqual(['farm', 'plough']);
  expect(marks(second)).toEqual(['school', 'chalk']);
  expect([firstWords, secondWords]).toEqual([2, 2]);
});

test('equal texts have no mark; against nothing everything is marked', () => {
  expect(marks(markDifferences('so beach.', 'so beach.').first)).toEqual([]);
  expect(marks(markDifferences('so beach.', '').first)).toEqual(['so beach.']);
});

test('nothing of either text is lost, in any script', () => {
  const words = fc.array(fc.constantFrom('so', 'beach', ',', ' ', '\n', 'é', '海', '🙂', "it's", '<b>'), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(words, words, (one, other) => {
      const marked = markDifferences(one.join(''), other.join(''));
      expect(textOf(marked.first)).toBe(one.join(''));
      expect(textOf(marked.second)).toBe(other.join(''));
    }),
  );
});
