import { describe, expect, it } from 'vitest';
import { tinyTokenizer } from '../student/testing/tiny-student.ts';
import { Tokenizer } from '../student/tokenizer.ts';
import { accuracyOf } from './compare.ts';
import type { Prediction } from './run-state.ts';
import {
  lostLabels,
  lostLabelWords,
  sumOfLostLabels,
  writtenLabel,
  writtenLabelOf,
} from './written-labels.ts';

// Knows small letters and single spaces: braces and signs become <unk>, which is not decoded.
const tokenizer = new Tokenizer(tinyTokenizer(), {}, { endId: 1 });
const limits = { maxTargetTokens: 20 };

describe('written labels', () => {
  it('are what comes back from the tokenizer, cut as targets are', () => {
    expect(writtenLabel('a bc', tokenizer, limits)).toBe('a bc');
    expect(writtenLabel('{a}', tokenizer, limits)).toBe('a');
    expect(writtenLabel('abcdef', tokenizer, { maxTargetTokens: 4 })).toBe('ab');
    expect(writtenLabelOf('a bc', tokenizer, limits)).toEqual({});
    expect(writtenLabelOf('{a}', tokenizer, limits)).toEqual({ writtenLabel: 'a' });
  });

  it('count the labels that are lost, with examples and a remedy', () => {
    const rows = ['a', '{a}', '{a}', 'b<', '{c', '~d', 'f'].map((label) => ({ label }));
    const lost = lostLabels(rows, tokenizer, limits);
    expect(lost).toEqual({
      rows: 5,
      total: 7,
      examples: [
        { label: '{a}', written: 'a' },
        { label: 'b<', written: 'b' },
        { label: '{c', written: 'c' },
      ],
      // "{a}" comes back as "a".
      alike: 1,
    });
    expect(lostLabelWords(lost)).toMatch(
      /^5 of 7 labels cannot be written back .*"\{a\}" comes back as "a".* 1 label comes back as the text of another\. .*replace these characters/,
    );
    expect(lostLabelWords(lostLabels([{ label: 'a' }], tokenizer, limits))).toBeNull();
    expect(sumOfLostLabels([lost, lost])).toMatchObject({ rows: 10, total: 14, alike: 2 });
    expect(sumOfLostLabels([])).toEqual({ rows: 0, total: 0, examples: [], alike: 0 });
  });
});

describe('accuracyOf', () => {
  const row = (label: string, base: string, distilled: string, teacher: string | null): Prediction => ({
    row: 0,
    input: '',
    label,
    ...writtenLabelOf(label, tokenizer, limits),
    base,
    distilled,
    teacher,
    rationale: null,
    teacherRationale: null,
  });

  it('judges students by what they can write and the teacher by the label, and keeps raw equality beside it', () => {
    const rows = [row('{a}', 'x', 'a', '{a}'), row('{b}', 'b', '{b}', 'b'), row('c', 'x', 'c', null)];
    expect(accuracyOf(rows)).toMatchObject({
      base: { correct: 1, total: 3 },
      distilled: { correct: 2, total: 3 },
      teacher: { correct: 1, total: 2 },
      rawText: { base: { correct: 0, total: 3 }, distilled: { correct: 2, total: 3 } },
    });
  });

  it('has no second figure where every label comes back', () => {
    const accuracy = accuracyOf([row('c', 'x', 'c', null)]);
    expect(accuracy).not.toHaveProperty('rawText');
    expect(accuracy).toMatchObject({
      base: { correct: 0, total: 1 },
      distilled: { correct: 1, total: 1 },
      teacher: null,
    });
  });

  it('judges by what suits the labels, or by what is asked for, with every other metric beside it', () => {
    const said = (label: string, base: string, distilled: string, teacher: string): Prediction => ({
      ...row('c', base, distilled, teacher),
      label,
    });
    const rows = [said('1,200', '7', '1200', '$1,200.00'), said('12', '12', '12 ', '12')];
    const accuracy = accuracyOf(rows);
    expect(accuracy).toMatchObject({
      distilled: { correct: 2, total: 2 },
      teacher: { correct: 2, total: 2 },
      metrics: {
        main: 'number',
        by: { exact: { distilled: { correct: 0 } }, normalised: { distilled: { correct: 1 } } },
      },
    });
    expect(accuracyOf(rows, 'exact')).toMatchObject({
      distilled: { correct: 0, total: 2 },
      metrics: { main: 'exact', because: 'it was asked for' },
    });
  });
});
