import { describe, expect, it } from 'vitest';
import { joinTeacher, type TeacherFile } from './join.ts';
import { asDataset, asRationales, readDataFile } from './read-file.ts';
import { formatTeachers, parseTeachers, teachersOf, type TeacherChoice } from './teachers.ts';

const lines = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const dataset = asDataset(
  readDataFile('d', lines(...['a', 'b', 'c'].map((id) => ({ id, input: `is ${id}?`, label: 'yes' })))),
);
const says = (file: string, ...rows: [label: string, rationale: string, id?: string][]) =>
  asRationales(
    readDataFile(
      file,
      lines(
        ...rows.map(([label, rationale, id]) => ({ ...(id === undefined ? {} : { id }), label, rationale })),
      ),
    ),
  );
const one = says('one', ['yes', 'one a'], ['no', 'one b'], ['no', 'one c']);
const two = says('two', ['no', 'two a'], ['yes', 'two b'], ['no', 'two c']);
const three = says('three', ['no', 'three a'], ['yes', 'three b'], ['maybe', 'three c']);
const taught = (teachers: readonly TeacherFile[], choice?: TeacherChoice) =>
  joinTeacher(dataset, teachers, choice === undefined ? {} : { teachers: choice });
const answers = (...args: Parameters<typeof taught>) =>
  taught(...args).examples.map(({ teacherLabel, rationale }) => [teacherLabel, rationale]);
const all = [one, two, three].map((rationales) => ({ rationales }));

describe('of several teachers', () => {
  it('the first counts unless another is named, and all are told', () => {
    expect(answers(all).map(([, rationale]) => rationale)).toEqual(['one a', 'one b', 'one c']);
    expect(answers(all, { file: 'two' })[1]).toEqual(['yes', 'two b']);
    const note = taught(all).notes.find(({ kind }) => kind === 'teachers');
    expect(note?.text).toBe(
      '3 teachers’ files answer these rows (“one”, “two” and “three”): those of “one” count',
    );
  });

  it('rows take turns', () => {
    expect(answers(all, 'cycle').map(([, rationale]) => rationale)).toEqual(['one a', 'two b', 'three c']);
  });

  it('the label that most give counts, with the first reason for it', () => {
    expect(answers(all, 'vote')).toEqual([
      ['no', 'two a'],
      ['yes', 'two b'],
      ['no', 'one c'],
    ]);
    expect(taught(all, 'vote').notes.find(({ kind }) => kind === 'teachers-differ')?.rows).toEqual([0, 1, 2]);
  });

  it('only right ones give reasons; where none is right the row goes without', () => {
    const joined = taught(all, 'right');
    expect(answers(all, 'right')).toEqual([
      ['yes', 'one a'],
      ['yes', 'two b'],
      ['no', null],
    ]);
    expect(joined.notes.find(({ kind }) => kind === 'teacher-none-right')?.rows).toEqual([2]);
    expect(joined.teacher).toEqual({ correct: 2, total: 3 });
  });
});

describe('several answers to a row in one file', () => {
  const many = says(
    'many',
    ['no', 'first a', 'a'],
    ['yes', 'second a', 'a'],
    ['yes', 'third a', 'a'],
    ['yes', 'only b', 'b'],
    ['no', 'only c', 'c'],
  );
  it('are refused with what to do, until a rule is said', () => {
    expect(() => joinTeacher(dataset, many)).toThrow('“a” stands 3 times (lines 1, 2 and 3)');
    expect(() => joinTeacher(dataset, many)).toThrow('--teachers cycle, vote or right');
    expect(answers([{ rationales: many }], 'vote')).toEqual([
      ['yes', 'second a'],
      ['yes', 'only b'],
      ['no', 'only c'],
    ]);
  });

  it('also rows’ own answers: wrong ones give no reason', () => {
    const own = asDataset(
      readDataFile(
        'o',
        lines(
          { input: 'a', label: 'x', rationale: 'r', teacherLabel: 'x' },
          { input: 'b', label: 'x', rationale: 's', teacherLabel: 'y' },
        ),
      ),
    );
    const { examples } = joinTeacher(own, null, { teachers: 'right' });
    expect(examples.map(({ rationale, teacherLabel }) => [rationale, teacherLabel])).toEqual([
      ['r', 'x'],
      [null, 'y'],
    ]);
  });
});

it('tells teachers from pieces of one', () => {
  expect(teachersOf(dataset, [one, two])).toEqual([one, two]);
  const pieces = [says('p0', ['yes', 'x']), says('p1', ['yes', 'y'], ['no', 'z'])];
  expect(teachersOf(dataset, pieces).map(({ positions }) => positions)).toEqual([3]);
  const byId = [says('i0', ['yes', 'x', 'a'], ['yes', 'x', 'b']), says('i1', ['yes', 'y', 'b'])];
  expect(teachersOf(dataset, byId)).toEqual(byId);
});

it('is written as it is read', () => {
  for (const text of ['cycle', 'vote', 'right', 'a.json'])
    expect(formatTeachers(parseTeachers(text))).toBe(text);
});
