import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { detectDialect, type AskedDialect } from './csv-dialect.ts';
import { CsvRecordReader } from './csv-records.ts';
import { CsvRowReader, type CsvSyntax } from './csv-rows.ts';

const isKnownName = (name: string): boolean => ['input', 'label', 'question'].includes(name);
const dialectOf = (text: string, asked: AskedDialect = {}) =>
  detectDialect('f.csv', text, true, isKnownName, asked);
const shown = (text: string, asked: AskedDialect = {}) => {
  const dialect = dialectOf(text, asked);
  return dialect === null
    ? null
    : [dialect.separator, dialect.columns.join(' '), ...dialect.notes.map(({ kind }) => kind)].join(' | ');
};
function recordsOf(text: string, pieces = 1) {
  const reader = new CsvRecordReader('f.csv', dialectOf(text)!);
  const size = Math.ceil(text.length / pieces);
  const records = Array.from({ length: pieces }, (_, at) =>
    reader.next(text.slice(at * size, (at + 1) * size), at === pieces - 1),
  ).flat();
  return {
    records: records.map((one) => [one.line, one.kind === 'value' ? one.value : one.reason]),
    notes: reader.notes().map(({ text: words }) => words),
  };
}

describe('how a table is written', () => {
  it.each<[string, string | null]>([
    ['input,label\na,b\n', ', | input label'],
    ['input;label\na,x;b\n', '; | input label | separator'],
    ['input\tlabel\na\tb', '\t | input label | separator'],
    ['input|label\na|b', '| | input label | separator'],
    ['sep=;\ninput;label\na;b', '; | input label'],
    ['input,label\ra,b\rc,d', ', | input label'],
    // The head is known by its names, or by cells that are short, distinct, and come nowhere else.
    ['one,two\na,b\nc,d', ', | one two'],
    ['one,one\na,b', ', | column 1 column 2 | no-head'],
    ['one,2\na,3', ', | column 1 column 2 | no-head'],
    ['What?,two\na,b', ', | column 1 column 2 | no-head'],
    ['one,two\none,b', ', | column 1 column 2 | no-head'],
    [`${'x'.repeat(40)},two\na,b`, `, | ${'x'.repeat(40)} two`],
    [`${'x'.repeat(41)},two\na,b`, ', | column 1 column 2 | no-head'],
    [',two\n0,b', ', | column 1 two'],
    [',,two\n0,1,b', ', | column 1 column 2 column 3 | no-head'],
    ['one,two', ', | column 1 column 2 | no-head'],
    // Of one column.
    ['input\na\nb', ', | input'],
    ['one\n"a"\n"b"', ', | one'],
    ['one\na\nb', null],
    ['', null],
    ['input;label\n1,5;b', '; | input label | separator | decimal-comma'],
    ['input\tlabel\n"a\tb\n"c\td', '\t | input label | separator | quotes-as-text'],
    ['input\tlabel\n"a\tx"\tb', '\t | input label | separator'],
    // Nine of ten rows fit commas.
    [`input,label\n${'a,b\n'.repeat(8)}c`, ', | input label'],
    // Half of the rows, and no names that are known.
    ['one,two\na,b\nc\nd', ', | one two'],
    ['one,two\na\nb\nc', null],
    ['input,label\na\nb\nc', ', | input label'],
    // More cells first, of steady ones.
    ['a;b,c;d;e\n1;2,3;4;5', '; | a b,c d e | separator | decimal-comma'],
  ])('%j', (text, expected) => expect(shown(text)).toBe(expected));

  it('is as a person says', () => {
    expect(shown('a;b,c;d', { separator: ',' })).toBe(', | column 1 column 2 | no-head');
    expect(shown('a,b\nc,d', { header: false })).toBe(', | column 1 column 2 | no-head');
    expect(shown('1,2\n3,4', { header: true })).toBe(', | 1 2');
  });

  it('two columns of one name are refused by their places', () => {
    expect(() => dialectOf('input,label,input\na,b,c')).toThrow(
      'Two columns are called “input”: the 1. and the 3.',
    );
  });
});

describe('records', () => {
  it('are whole however the text comes, each with its line', () => {
    const text = 'input,label\n"a\nb",c\r\n\nd,"e ""f"""\n';
    const expected = [
      [2, { input: 'a\nb', label: 'c' }],
      [5, { input: 'd', label: 'e "f"' }],
    ];
    for (const pieces of [1, 2, 5, text.length])
      expect(recordsOf(text, pieces)).toEqual({ records: expected, notes: [] });
    expect(recordsOf('sep=;\ninput;label\na;b', 4).records).toEqual([[3, { input: 'a', label: 'b' }]]);
  });

  it('of another width are refused, empty cells at their end aside', () => {
    expect(recordsOf('input,label\na\nb,c,\nd,e,f\ng,h').records).toEqual([
      [2, expect.stringMatching(/^it has 1 cell, but the head names 2 columns;/)],
      [3, { input: 'b', label: 'c' }],
      [4, expect.stringMatching(/^it has 3 cells, but the head names 2 columns;/)],
      [5, { input: 'g', label: 'h' }],
    ]);
    expect(recordsOf('A b.,1\nC d.,2\nE').records[2]).toEqual([
      3,
      expect.stringMatching(/^it has 1 cell, but the other rows have 2;/),
    ]);
  });

  it('of empty cells count where others follow, and are left out at the end', () => {
    expect(recordsOf('input,label\na,b\n,\nc,d\n,\n , \n')).toEqual({
      records: [
        [2, { input: 'a', label: 'b' }],
        [3, { input: '', label: '' }],
        [4, { input: 'c', label: 'd' }],
      ],
      notes: ['Rows of empty cells at the end were left out: 2.'],
    });
  });

  it('are none where files were joined: the head again, and a mark', () => {
    const { records, notes } = recordsOf('input,label\na,b\n\ufeffinput,label\nc,d\n\ufeff"e",f\n');
    expect(records).toEqual([
      [2, { input: 'a', label: 'b' }],
      [3, expect.stringContaining('it is the head again')],
      [4, { input: 'c', label: 'd' }],
      [5, { input: 'e', label: 'f' }],
    ]);
    expect(notes).toEqual([
      'A byte order mark in the middle, as where files were joined, was left out: 2 times.',
    ]);
  });

  it('of a Markdown table do not have its rule', () => {
    const { records } = recordsOf('|input|label|\n|:--|---:|\n|a|b|\n|--|--|\n');
    expect(records[0]).toEqual([2, expect.stringContaining('the rule under the head')]);
    expect(records[2]).toEqual([4, expect.objectContaining({ input: '--' })]);
  });

  it('without a head have line breaks that were written, and their commands of LaTeX', () => {
    const { records, notes } = recordsOf('A b.\\nC.,1\n$\\neq$ d.,2\n');
    expect(records[0]).toEqual([1, { 'column 1': 'A b.\nC.', 'column 2': '1' }]);
    expect(records[1]).toEqual([2, { 'column 1': '$\\neq$ d.', 'column 2': '2' }]);
    expect(notes).toEqual(['“\\n” written in a cell became a line break, in 1 cell.']);
  });
});

describe('rows', () => {
  const rows = (text: string, syntax: Partial<CsvSyntax> = {}) =>
    new CsvRowReader('f', { separator: ',', quotes: 'around cells', lineEnd: '\n', ...syntax }).next(
      text,
      true,
    );

  it('have no carriage return of their line’s end, and keep the cell’s own', () => {
    expect(rows('a,b\r\nc,"d\r"\r\ne,f\r').map(({ cells }) => cells)).toEqual([
      ['a', 'b'],
      ['c', 'd\r'],
      ['e', 'f'],
    ]);
    expect(rows('a\r\nb').map(({ cells }) => cells)).toEqual([['a'], ['b']]);
    expect(rows('a\rb\r\rc', { lineEnd: '\r' }).map(({ line, cells }) => [line, ...cells])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [4, 'c'],
    ]);
  });

  it('say whether quotes are around a cell, and what is wrong with them', () => {
    expect(rows('"a",b\nc,d').map(({ quoted }) => quoted)).toEqual([true, false]);
    expect(rows('"a",b', { quotes: 'text' })).toEqual([
      { line: 1, cells: ['"a"', 'b'], quoted: false, fault: null },
    ]);
    const [first] = rows('x,"a" b"\n');
    expect(first?.fault).toMatch(/^text follows a closing quote;[^;]*$/);
    const [second] = rows('x,"a\nb" c",d\n');
    expect(second?.fault).toMatch(/; it was read through line 2$/);
  });

  it('behind a quote that never closes are refused by its line', () => {
    const refusal = (text: string) => {
      try {
        return rows(text);
      } catch (error) {
        return error instanceof InputError ? error.line : error;
      }
    };
    expect(refusal('a,b\nc,"d\ne')).toBe(2);
    expect(refusal('a,b\nc,d\n\n"e')).toBe(4);
  });
});
