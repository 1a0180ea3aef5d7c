import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { anyText } from '../formats/arbitraries.ts';
import { filledText, genericRow } from './arbitraries.ts';
import { asDataset, asRationales, readDataFile } from './read-file.ts';

const lines = (...rows: unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const cosE = {
  id: '1',
  question: 'Where?',
  choices: ['a', 'b', 'c', 'd', 'e'],
  answer: 'c',
  abstractive_explanation: '',
};

/** The InputError that reading throws. */
function refusalOf(text: string): InputError {
  try {
    readDataFile('f.jsonl', text);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('recognises', () => {
  it('CoS-E rows, and composes the input as the authors do', () => {
    expect(readDataFile('train.jsonl', lines(cosE))).toEqual({
      kind: 'dataset',
      layout: 'cos-e',
      file: 'train.jsonl',
      container: 'jsonl',
      because: '1 of the first 1 rows are CoS-E rows: they have “question”, “choices” and “answer”.',
      positions: 1,
      refused: [],
      notes: [],
      rows: [
        {
          row: 0,
          line: 1,
          id: '1',
          input: 'Where?\nAnswer Choices:\n(a) a\n(b) b\n(c) c\n(d) d\n(e) e',
          label: 'c',
          rationale: null,
          teacherLabel: null,
          question: 'Where?',
          choices: ['a', 'b', 'c', 'd', 'e'],
        },
      ],
    });
  });

  it('rationales, and keeps a blank label', () => {
    const data = readDataFile(
      'r',
      lines({ rationale: 'Because.', label: ' ' }, { rationale: ' ', label: 'x' }),
    );
    expect(data).toMatchObject({
      kind: 'rationales',
      layout: 'rationales',
      rows: [
        { row: 0, line: 1, rationale: 'Because.', label: '' },
        { row: 1, line: 2, rationale: null, label: 'x' },
      ],
    });
  });

  it('generic rows, with or without the teacher’s columns', () => {
    const data = readDataFile(
      'r',
      JSON.stringify([
        { input: 'i', label: 'l' },
        { input: 'j', label: 'm', rationale: 'r', teacherLabel: '' },
      ]),
    );
    expect(data).toMatchObject({
      kind: 'dataset',
      layout: 'rows',
      rows: [
        { row: 0, rationale: null, teacherLabel: null, choices: null },
        { row: 1, rationale: 'r', teacherLabel: '' },
      ],
    });
  });

  it('{input, label, rationale} as rows', () => {
    expect(readDataFile('r', lines({ input: 'i', label: 'l', rationale: 'r' })).layout).toBe('rows');
  });

  it('by majority, so that one odd row does not decide', () => {
    const data = readDataFile('f', lines({ rationale: 'r', label: 'l' }, { x: 1 }, cosE, cosE));
    expect(data).toMatchObject({ layout: 'cos-e', positions: 4, rows: [{ row: 2 }, { row: 3 }] });
    expect(data.refused).toHaveLength(2);
  });
});

describe('containers of JSON', () => {
  const first = { input: 'a } {', label: 'x' };
  const second = { input: 'b', label: 'y', rationale: 'r' };

  it('reads pretty-printed objects one after another, each with its line', () => {
    const text = `${JSON.stringify(first, null, 2)}\n${JSON.stringify(second, null, 2)}\n`;
    expect(readDataFile('f', text)).toMatchObject({
      layout: 'rows',
      positions: 2,
      refused: [],
      rows: [
        { row: 0, line: 1, input: 'a } {' },
        { row: 1, line: 5, input: 'b' },
      ],
    });
    const cut = readDataFile('f', text.slice(0, -8));
    expect(cut.rows).toHaveLength(1);
    expect(cut.refused).toMatchObject([{ line: 5, reason: expect.stringContaining('cut off') as unknown }]);
  });

  it.each(['data', 'examples', '__proto__', 'a "b" \\'])('reads the one list of rows under %j', (key) => {
    const before = '{\n  "version": [1, "]"],\n  "about": {"data": [{"x": 1}]},\n';
    const text = `${before}  ${JSON.stringify(key)}: [\n    ${lines(first)},\n    ${lines(second)}\n  ],\n  "end": {}\n}`;
    expect(readDataFile('f', text)).toMatchObject({
      positions: 2,
      refused: [],
      rows: [
        { line: 5, label: 'x' },
        { line: 6, label: 'y' },
      ],
    });
  });

  it('asks for one of several lists by name', () => {
    expect(refusalOf(JSON.stringify({ version: 1, train: [first], test: [second] })).message).toContain(
      'This file is one object with 2 lists of rows in it: “train” and “test”.',
    );
  });
});

describe('refuses rows with a reason', () => {
  it.each([
    [
      { question: 'q', choices: cosE.choices },
      'the column “answer” is missing, which a CoS-E row needs; add it or leave the row out',
    ],
    [
      { id: 'x' },
      'the columns “question”, “choices” and “answer” are missing, which a CoS-E row needs; add them or leave the row out',
    ],
    [{ ...cosE, answer: {} }, '“answer” is an object, but has to be text; write it as such'],
    [{ ...cosE, answer: ' \n' }, '“answer” is blank; write the true answer, or leave the row out'],
    [{ ...cosE, question: null }, '“question” is null, but has to be text; write it as such'],
    [
      { ...cosE, choices: ['a'] },
      '“choices” has 1 entry, but there have to be 2 to 26 choices; fix the row or leave it out',
    ],
    [{ ...cosE, choices: 'a;b' }, '“choices” is text, not a list; write it as ["…", "…"]'],
    [{ ...cosE, choices: 7 }, '“choices” is a number (7), but has to be a list; write it as such'],
    [
      { ...cosE, choices: ['a', 'b', {}, 'd', 'e'] },
      'entry 3 of “choices” is an object, but has to be text; write it as such',
    ],
    [[1], 'it is a list, not an object with named columns'],
    ['text', 'it is text, not an object with named columns'],
  ])('%j', (odd, reason) => {
    const data = readDataFile('f', lines(cosE, odd, cosE));
    expect(data.refused).toEqual([{ line: 2, reason }]);
    expect(data.rows.map(({ row }) => row)).toEqual([0, 2]);
    expect(data.positions).toBe(3);
  });

  it('in generic rows and rationales too', () => {
    const generic = { input: 'i', label: 'l' };
    expect(
      readDataFile('f', lines(generic, { input: 'i', label: ' ' }, { ...generic, rationale: [] })).refused,
    ).toEqual([
      { line: 2, reason: '“label” is blank; write the true answer, or leave the row out' },
      { line: 3, reason: '“rationale” is a list, but has to be text; write it as such' },
    ]);
    const taught = { rationale: 'r', label: 'l' };
    expect(readDataFile('f', lines(taught, { rationale: 'r' }, { ...taught, label: null })).refused).toEqual([
      {
        line: 2,
        reason: 'the column “label” is missing, which a row of rationales needs; add it or leave the row out',
      },
      { line: 3, reason: '“label” is null, but has to be text; write it as such' },
    ]);
  });

  it('names what stands between rows without counting it as one', () => {
    const data = readDataFile('f', `[${JSON.stringify(cosE)},\n${JSON.stringify(cosE)}`);
    expect(data.positions).toBe(2);
    expect(data.refused).toEqual([
      { line: 2, reason: 'the list is not closed by “]”; the file may have been cut off' },
    ]);
  });
});

describe('throws InputError where nothing can be read', () => {
  it.each([
    ['', 'f.jsonl: The file is empty.'],
    [' \r\n\n', 'f.jsonl: The file is empty.'],
    ['[]', 'f.jsonl: The file holds no rows.'],
    ['<!DOCTYPE html><html>', 'f.jsonl: This is a web page'],
    ['PK\u0003\u0004\u0014\u0000', 'f.jsonl: This is a compressed archive'],
    ['PAR1\u0015', 'f.jsonl: This is a Parquet file'],
    ['\u0000\u0001\u0002', 'f.jsonl: This is a binary file'],
    ['{\u0000"\u0000a\u0000', 'f.jsonl: This is a binary file, or text that is not UTF-8'],
    ['\ufffd\ufffd\u0010J', 'f.jsonl: This is a binary file'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:1', 'f.jsonl: This is a Git LFS pointer'],
    [
      'question,answer\nWhere?,here\n',
      'f.jsonl, line 1: No row of this file can be read; the first: not valid JSON: it has the bare word “question”',
    ],
    [
      '[1, 2]',
      'f.jsonl, line 1: There are no rows with named columns in this file: the first record is a number (1).',
    ],
    [
      '{"question": "Wh',
      'f.jsonl, line 1: No row of this file can be read; the first: not valid JSON: it ends in the middle of a string',
    ],
    ['[', 'f.jsonl, line 1: No row of this file can be read; the first: the list is not closed'],
    [
      '{"a":{}}',
      'f.jsonl, line 1: Its columns are a, which is no known layout. Say which column is what (in a terminal: --map input=COLUMN,label=COLUMN), or rename columns, so that the rows are CoS-E rows {question, choices, answer}, generic rows {input, label, rationale?, teacherLabel?} or rationales {rationale, label}.',
    ],
    [
      '\n{"question":"q","choices":[]}',
      'f.jsonl, line 2: Its columns are question, choices, which is no known layout. As CoS-E rows it lacks “answer”.',
    ],
    ['{}', 'f.jsonl, line 1: Its first row has no columns at all, which is no known layout.'],
    [
      '{"input":"","label":"x"}\n{"input":"x","label":{}}',
      'f.jsonl, line 1: Every row was refused (2 in all); the first: “input” is blank; write what the student is given, or leave the row out.',
    ],
  ])('%j', (text, message) => {
    expect(refusalOf(text).message).toContain(message);
    expect(refusalOf(text).file).toBe('f.jsonl');
  });

  it('counts columns past the twelfth', () => {
    const wide = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`c${index}`, 1]));
    expect(refusalOf(JSON.stringify(wide)).message).toContain('c10, c11 and 3 more, which');
  });
});

it('tells datasets and rationales apart for those who need one of them', () => {
  const dataset = readDataFile('d', lines(cosE));
  const rationales = readDataFile('r', lines({ rationale: 'r', label: 'l' }));
  expect(asDataset(dataset)).toBe(dataset);
  expect(asRationales(rationales)).toBe(rationales);
  expect(() => asDataset(rationales)).toThrow(InputError);
  expect(() => asRationales(dataset)).toThrow('d: This file holds a dataset');
});

describe('properties', () => {
  it('any text of a file passes through untouched, markup too', () => {
    fc.assert(
      fc.property(filledText, filledText, anyText, (input, label, teacherLabel) => {
        const markup = `<img src=x onerror=alert(1)>${input}&lt;`;
        const data = asDataset(readDataFile('f', lines({ input: markup, label, teacherLabel })));
        expect(data.rows[0]).toMatchObject({
          input: markup,
          label: label.trim(),
          teacherLabel: teacherLabel.trim(),
        });
      }),
    );
  });

  it('a cut loses no row before it and throws nothing but InputError', () => {
    fc.assert(
      fc.property(
        fc.array(genericRow, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('lines', 0, 2),
        fc.nat(),
        (rows, form, at) => {
          const text = form === 'lines' ? lines(...rows) : JSON.stringify(rows, null, form);
          const cut = text.slice(0, at % (text.length + 1));
          const whole = rows.filter((_, index) => {
            const before = rows.slice(0, index + 1);
            const end =
              form === 'lines' ? lines(...before) : JSON.stringify(before, null, form).replace(/\n?\]$/, '');
            return cut.length >= end.length;
          });
          try {
            const data = asDataset(readDataFile('f', cut));
            expect(
              data.rows.map(({ input, label, rationale, teacherLabel }) => ({
                input,
                label,
                rationale,
                teacherLabel,
              })),
            ).toEqual(
              whole.map((row) => ({
                ...row,
                label: row.label.trim(),
                teacherLabel: row.teacherLabel.trim(),
              })),
            );
            expect(data.rows.map(({ row }) => row)).toEqual(whole.map((_, index) => index));
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
            expect(whole).toEqual([]);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
