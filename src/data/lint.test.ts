import { expect, it } from 'vitest';
import type { Example } from './example.ts';
import { lint } from './lint.ts';

const choices = ['country club', 'Michigan', 'park', 'ice cream ', 'and'];
function example(row: number, changes: Partial<Example>): Example {
  return {
    row,
    input: `i${row}`,
    label: 'park',
    rationale: 'r',
    teacherLabel: 'park',
    question: 'q',
    choices,
    ...changes,
  };
}

it('notes nothing where nothing is odd', () => {
  expect(
    lint([
      example(0, {}),
      example(1, { teacherLabel: null }),
      example(2, { choices: null, teacherLabel: 'x' }),
    ]),
  ).toEqual([]);
});

it('sorts teacher’s labels that are no choice', () => {
  const labels = [
    'country club or',
    'Country club and',
    'park,',
    'michigan',
    'ice cream',
    'or',
    '',
    'and',
    'parks',
  ];
  const notes = lint(labels.map((teacherLabel, row) => example(row, { teacherLabel })));
  const teacher = notes.filter(({ kind }) => kind.startsWith('teacher-label'));
  expect(teacher.map(({ kind, count, rows }) => ({ kind, count, rows }))).toEqual([
    { kind: 'teacher-label-blank', count: 1, rows: [6] },
    { kind: 'teacher-label-cut', count: 3, rows: [0, 1, 2] },
    { kind: 'teacher-label-case', count: 1, rows: [3] },
    { kind: 'teacher-label-unknown', count: 4, rows: [4, 5, 6, 8] },
  ]);
});

it('notes labels that are no choice of their row, white space aside', () => {
  const notes = lint([
    example(0, { label: ' ice cream', teacherLabel: null }),
    example(1, { label: 'parks', teacherLabel: null }),
  ]);
  expect(notes.map(({ kind, rows }) => ({ kind, rows }))).toEqual([{ kind: 'label-no-choice', rows: [1] }]);
});

it('notes inputs that come again and rows without a rationale, by row', () => {
  const notes = lint([
    example(3, { input: 'x' }),
    example(5, { input: 'x', rationale: null }),
    example(9, { input: 'x' }),
  ]);
  expect(notes).toEqual([
    { kind: 'input-repeated', count: 2, rows: [5, 9], text: '2 inputs are in an earlier row too' },
    { kind: 'rationale-missing', count: 1, rows: [5], text: '1 row has no rationale' },
  ]);
});
