import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Prediction } from '../../distill/run-state.ts';
import { countViews, everything, filterLedger, verdictOf, type LedgerView } from './ledger.ts';

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
