import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { datasetOf, rationalesOf } from './fixtures.ts';
import { inspection } from './inspect.ts';
import { joinTeacher, tallyTeacher } from './join.ts';
import { asDataset, asRationales, readDataFile } from './read-file.ts';

const dataset = asDataset(
  readDataFile(
    'd.jsonl',
    '{"input":"a","label":"A"}\n{"input":"b"}\n{"input":"c","label":"C"}\n{"input":"d","label":"D"}',
  ),
);
const rationales = asRationales(
  readDataFile(
    'r.jsonl',
    '{"rationale":"x","label":"A"}\n{"rationale":"y","label":"B"}\n{"rationale":"z"}\n{"rationale":"w","label":"d"}',
  ),
);

describe('joinTeacher', () => {
  it('joins by position, refused rows counted on both sides', () => {
    const { examples, refused, teacher } = joinTeacher(dataset, rationales);
    expect(
      examples.map(({ row, label, rationale, teacherLabel }) => [row, label, rationale, teacherLabel]),
    ).toEqual([
      [0, 'A', 'x', 'A'],
      [2, 'C', null, null],
      [3, 'D', 'w', 'd'],
    ]);
    expect(examples[0]).not.toHaveProperty('line');
    expect(refused.map(({ file, line }) => [file, line])).toEqual([
      ['d.jsonl', 2],
      ['r.jsonl', 3],
    ]);
    // Case counts: “d” is not “D”. The example without a teacher's label is not counted.
    expect(teacher).toEqual({ correct: 1, total: 2 });
  });

  it('has no teacher where there is none', () => {
    expect(joinTeacher(dataset, null).teacher).toBeNull();
  });

  it('keeps what rows carry themselves', () => {
    const own = asDataset(readDataFile('o', '{"input":"a","label":"A","rationale":"r","teacherLabel":""}'));
    const { examples, teacher } = joinTeacher(own, null);
    expect(examples[0]).toMatchObject({ rationale: 'r', teacherLabel: '' });
    expect(teacher).toEqual({ correct: 0, total: 1 });
  });

  it('refuses files of different length, naming both and both counts', () => {
    const join = () => joinTeacher(datasetOf('train.jsonl', 1200), rationalesOf('why.json', 1));
    expect(join).toThrow(InputError);
    expect(join).toThrow('why.json: This file of rationales has 1 row, but train.jsonl has 1,200 rows.');
    expect(join).toThrow('choose the rationales that were made from this dataset');
  });

  it('trims nothing when it counts', () => {
    const [example] = joinTeacher(datasetOf('d', 1), null).examples;
    expect(tallyTeacher([{ ...example!, teacherLabel: 'l0 ' }])).toEqual({ correct: 0, total: 1 });
    expect(tallyTeacher([{ ...example!, teacherLabel: 'l0' }])).toEqual({ correct: 1, total: 1 });
  });
});

describe('inspection', () => {
  it('has exactly the keys that are promised', () => {
    expect(inspection(dataset, rationales, { examples: 2 })).toEqual({
      layout: 'rows',
      container: 'jsonl',
      rows: 3,
      refused: [
        {
          file: 'd.jsonl',
          line: 2,
          reason: 'the column “label” is missing, which a generic row needs; add it or leave the row out',
        },
        {
          file: 'r.jsonl',
          line: 3,
          reason:
            'the column “label” is missing, which a row of rationales needs; add it or leave the row out',
        },
      ],
      notes: [
        {
          kind: 'teacher-spelling',
          count: 1,
          rows: [3],
          text: '1 teacher’s label is the true one but for case, spaces or a final stop',
        },
        { kind: 'rationale-missing', count: 1, rows: [2], text: '1 row has no rationale' },
      ],
      join: { by: 'row', moved: 0 },
      teacher: { correct: 1, total: 2 },
      examples: [
        { row: 0, id: null, input: 'a', label: 'A', rationale: 'x', teacherLabel: 'A', choices: null },
        { row: 2, id: null, input: 'c', label: 'C', rationale: null, teacherLabel: null, choices: null },
      ],
    });
    expect(inspection(dataset, null)).toMatchObject({ join: null, teacher: null });
  });

  it('sums up rationales alone', () => {
    expect(inspection(rationales, null)).toMatchObject({ layout: 'rationales', rows: 3, teacher: null });
  });

  it('refuses rationales in place of a dataset', () => {
    expect(() => inspection(rationales, rationales)).toThrow(InputError);
  });
});
