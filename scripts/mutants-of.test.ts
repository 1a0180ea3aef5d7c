import ts from 'typescript';
import { expect, it } from 'vitest';
import { mutantsOf, pick } from './mutants-of.mjs';

const mutants = (text: string): string[] =>
  mutantsOf(ts, text, 'a.ts').map(({ from, to, now }) => text.slice(0, from) + now + text.slice(to));

it('changes one operator, bound or boolean at a time', () => {
  expect(mutants('const is = a < 3 && !b;')).toEqual([
    'const is = a < 3 || !b;',
    'const is = a <= 3 && !b;',
    'const is = a < (3 + 1) && !b;',
    'const is = a < 3 && (b);',
  ]);
  expect(mutants('go(true);')).toEqual(['go(false);']);
});

it('leaves types, imports and joined texts alone', () => {
  expect(mutants("import a from './1.ts'; type T = 1 | true; interface I { a: 2 } 'a' + b;")).toEqual([]);
});

it('picks the same for the same seed, and none twice', () => {
  const all = Array.from({ length: 50 }, (_, index) => index);
  const some = pick(all, 20, 7);
  expect(new Set(some).size).toBe(20);
  expect(pick(all, 20, 7)).toEqual(some);
  expect(pick(all, 20, 8)).not.toEqual(some);
  expect(pick(all, 99, 1).sort((a, b) => a - b)).toEqual(all);
});
