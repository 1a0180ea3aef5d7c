import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Prediction } from '../../distill/run-state.ts';
import {
  againstDistilled,
  countViews,
  everything,
  filterLedger,
  tallyByLabel,
  verdictOf,
  type LedgerView,
} from './ledger.ts';

function row(number: number, base: string, distilled: string, teacher: string | null): Prediction {
  return {
    row: number,
    input: `question ${number}`,
    label: 'yes',
    teacher,
    base,
    distilled,
    rationale: 'Because.',
    teacherRationale: null,
  };
}

const rows = [
  row(0, 'no', 'yes', 'yes'),
  row(1, 'yes', 'no', 'no'),
  row(2, 'no', 'yes', 'no'),
  row(3, 'no', 'no', 'yes'),
  row(4, 'yes', 'yes', null),
];

function shown(filter: Partial<typeof everything>): number[] {
  return filterLedger(rows, { ...everything, ...filter }).map(({ row: number }) => number);
}

test('views are what their names say', () => {
  expect(shown({})).toEqual([0, 1, 2, 3, 4]);
  expect(shown({ view: 'fixed' })).toEqual([0, 2]);
  expect(shown({ view: 'broken' })).toEqual([1]);
  expect(shown({ view: 'distilled-wrong' })).toEqual([1, 3]);
  expect(shown({ view: 'beats-teacher' })).toEqual([2]);
});

test('columns and search narrow further; a row without a teacher is neither right nor wrong there', () => {
  expect(shown({ columns: { teacher: 'wrong', base: 'any', distilled: 'any' } })).toEqual([1, 2]);
  expect(shown({ columns: { teacher: 'any', base: 'right', distilled: 'right' } })).toEqual([4]);
  expect(shown({ search: 'QUESTION 3' })).toEqual([3]);
  expect(shown({ search: '3 because' })).toEqual([3]);
  expect(shown({ search: 'absent' })).toEqual([]);
  expect(verdictOf(rows[4]!, 'teacher')).toBeNull();
});

test('case and spaces count, as they do for the method’s authors', () => {
  expect(verdictOf(row(0, 'Yes', ' yes', 'yes'), 'base')).toBe(false);
  expect(verdictOf(row(0, 'Yes', ' yes', 'yes'), 'distilled')).toBe(false);
});

test('counts agree with what the views show', () => {
  const answer = fc.constantFrom('yes', 'no', 'Yes');
  fc.assert(
    fc.property(fc.array(fc.tuple(answer, answer, fc.option(answer))), (answers) => {
      const some = answers.map(([base, distilled, teacher], index) => row(index, base, distilled, teacher));
      const counts = countViews(some);
      for (const view of Object.keys(counts) as LedgerView[]) {
        expect(filterLedger(some, { ...everything, view })).toHaveLength(counts[view]);
      }
    }),
  );
});

test('the paired tests see the same rows as the filters', () => {
  expect(againstDistilled(rows, 'base')).toEqual({ lost: 1, won: 2, p: 1 });
  // The row that no teacher answered does not count.
  expect(againstDistilled(rows, 'teacher')).toMatchObject({ lost: 1, won: 1 });
});

test('few answers are counted by label, the most frequent first; one or many are not', () => {
  const labelled = (label: string, index: number, distilled = label): Prediction => ({
    ...row(index, 'x', distilled, index === 0 ? null : label),
    label,
  });
  const few = [labelled('b', 0), labelled('a', 1, 'no'), labelled('b', 2), labelled('c', 3)];
  expect(tallyByLabel(few)).toEqual([
    { label: 'b', rows: 2, base: 0, distilled: 2, teacher: { correct: 1, total: 1 } },
    { label: 'a', rows: 1, base: 0, distilled: 0, teacher: { correct: 1, total: 1 } },
    { label: 'c', rows: 1, base: 0, distilled: 1, teacher: { correct: 1, total: 1 } },
  ]);
  expect(filterLedger(few, { ...everything, label: 'b' })).toHaveLength(2);
  expect(tallyByLabel(rows)).toBeNull();
  const many = Array.from({ length: 13 }, (_, index) => labelled(`label ${index}`, index));
  expect(tallyByLabel(many.slice(0, 12))).toHaveLength(12);
  expect(tallyByLabel(many)).toBeNull();
});
