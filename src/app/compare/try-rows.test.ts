import { expect, it } from 'vitest';
import type { Prediction } from '../../distill/run-state.ts';
import { rowsToTry, teacherIsRight } from './try-rows.ts';

const row = (index: number, teacher: string | null, base: string, distilled: string): Prediction => ({
  row: index,
  input: `q${index}`,
  label: 'a',
  teacher,
  base,
  distilled,
  rationale: null,
  teacherRationale: null,
});

it('takes rows of each kind once, the fixed ones first', () => {
  const rows = [
    row(0, 'a', 'a', 'a'),
    row(1, 'b', 'b', 'b'),
    row(2, 'b', 'b', 'a'),
    row(3, 'a', 'a', 'b'),
    row(4, 'b', 'a', 'a'),
    row(5, null, 'b', 'a'),
    row(6, 'a', 'b', 'a'),
  ];
  expect(rowsToTry(rows).map(({ why, row: { row: at } }) => [why, at])).toEqual([
    ['fixed', 2],
    ['fixed', 5],
    ['broken', 3],
    ['teacher wrong', 4],
    ['still wrong', 1],
  ]);
  expect(rowsToTry(rows.slice(0, 2)).map(({ why }) => why)).toEqual(['still wrong', 'test row']);
  expect(rowsToTry([])).toEqual([]);
});

it('holds a teacher against the label itself, not against what the student can write', () => {
  expect(teacherIsRight({ ...row(0, '{a}', '', ''), label: '{a}', writtenLabel: 'a' })).toBe(true);
  expect(teacherIsRight(row(0, null, '', ''))).toBeNull();
});
