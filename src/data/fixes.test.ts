import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Example } from './example.ts';
import { applyFixes, decodedBack, fixes, parseFixes } from './fixes.ts';

const choices = ['park', 'Country club'];
const example = (row: number, changes: Partial<Example> = {}): Example => ({
  row,
  input: `i${row}`,
  label: 'park',
  rationale: 'r',
  teacherLabel: 'park',
  question: null,
  choices,
  ...changes,
});

it.each([
  ['cut-labels', { teacherLabel: 'country club or' }, { teacherLabel: 'Country club' }],
  [
    'choice-spelling',
    { label: 'PARK', teacherLabel: 'country club' },
    { label: 'park', teacherLabel: 'Country club' },
  ],
  ['letters', { label: 'B', teacherLabel: '(a)' }, { label: 'Country club', teacherLabel: 'park' }],
  ['encoding', { label: 'ZÃ¼rich', rationale: 'itâ€™s' }, { label: 'Zürich', rationale: 'it’s' }],
  ['use-gold', { teacherLabel: 'beach' }, { teacherLabel: 'park' }],
  ['drop-no-value', { label: 'N/A' }, null],
  ['drop-no-choice', { label: 'beach' }, null],
  ['drop-repeated', { input: 'i0' }, null],
] as const)('%s', (fix, before, after) => {
  const sound = example(0);
  const { examples, notes } = applyFixes([sound, example(1, before)], [fix]);
  expect(examples).toEqual(after === null ? [sound] : [sound, example(1, { ...before, ...after })]);
  expect(notes).toMatchObject([{ kind: `fixed-${fix}`, count: 1, rows: [1] }]);
});

it('leaves sound rows as they are, whatever is switched on', () => {
  const rows = [example(0), example(1, { teacherLabel: null })];
  expect(applyFixes(rows, fixes)).toEqual({ examples: rows, notes: [] });
});

it('letters name the choices that stand in the input', () => {
  const row = example(0, { input: 'Which?\nOptions:\n(A) hive\n(B) pond', label: '(B)', choices: null });
  expect(applyFixes([row], ['letters']).examples[0]!.label).toBe('pond');
});

it('reads back whatever was encoded twice', () => {
  const twice = (text: string): string =>
    new TextDecoder('windows-1252').decode(new TextEncoder().encode(text), { stream: true });
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z ]*[à-ÿ][a-z]*$/), (text) => {
      expect(decodedBack(twice(text))).toBe(text);
      expect(decodedBack(text)).toBe(text);
    }),
  );
});

it('names what it does not know', () => {
  expect(parseFixes('letters, use-gold')).toEqual(['letters', 'use-gold']);
  expect(() => parseFixes('shine')).toThrow('The fix “shine” is not known.');
});
