import { expect, it } from 'vitest';
import { csvTable, latexTable, markdownTable } from './text-table.ts';

const table = {
  heads: ['student', '95 % interval'],
  rows: [
    ['a|b_c', '−1.0 to +2.0'],
    ['says "x", y', '1 ± 2\\^~'],
  ],
};

it('is Markdown with its columns in line', () => {
  expect(markdownTable(table)).toEqual([
    '| student     | 95 % interval |',
    '| ----------- | ------------- |',
    '| a\\|b_c      | −1.0 to +2.0  |',
    '| says "x", y | 1 ± 2\\^~      |',
  ]);
});

it('is CSV with quotes where they are needed', () => {
  expect(csvTable(table)).toBe(
    'student,95 % interval\r\na|b_c,−1.0 to +2.0\r\n"says ""x"", y",1 ± 2\\^~\r\n',
  );
});

it('is LaTeX in which nothing is a command', () => {
  const lines = latexTable(table).split('\n');
  expect(lines.slice(2, 7)).toEqual([
    'student & 95 \\% interval \\\\',
    '\\hline',
    'a|b\\_c & $-$1.0 to +2.0 \\\\',
    'says "x", y & 1 $\\pm$ 2\\textbackslash{}\\textasciicircum{}\\textasciitilde{} \\\\',
    '\\hline',
  ]);
});
