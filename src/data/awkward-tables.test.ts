/** Awkward delimited texts, and texts that are no table: each has its rows and its refusals by line, or one clear error. */
import { describe, expect, it } from 'vitest';
import { EncodingError } from '../formats/encoding.ts';
import { outcomeOf } from './fixtures.ts';

const table = 'input,label\na,x\nb,y\n';
const rowA: [string, string] = ['a', 'x'];
const rowB: [string, string] = ['b', 'y'];
const long = 'w'.repeat(300_000);
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
const utf16 = (text: string, order: 'le' | 'be' = 'le'): number[] => {
  const pairs = Buffer.from(text, 'utf16le');
  return [...(order === 'le' ? pairs : pairs.swap16())];
};
const narrow = 'it has 1 cell, but the head names 2 columns';
const wide = 'it has 3 cells, but the head names 2 columns';

type Rows = [input: string, label: string | null][];
type Refused = [line: number, words: string][];

describe('is read', () => {
  it.each<[string, string | Uint8Array, Rows, Refused?, string[]?]>([
    [
      'cells of 300,000 characters',
      `input,label\n${long},x\n"${long}\n,",y\n`,
      [
        [long, 'x'],
        [`${long}\n,`, 'y'],
      ],
    ],
    [
      'names of JavaScript’s own',
      'input,label,constructor,__proto__\na,x,c,p\n',
      [rowA],
      [],
      ['columns-unused'],
    ],
    ['markup', 'input,label\n<script>1</script>,x\n', [['<script>1</script>', 'x']]],
    [
      'formulas',
      'input,label\n=1+1,x\n@a,y\n',
      [
        ['=1+1', 'x'],
        ['@a', 'y'],
      ],
    ],
    [
      'what looks like numbers',
      'input,label\n1e400,007\n0x10,1_000\n',
      [
        ['1e400', '007'],
        ['0x10', '1_000'],
      ],
    ],
    [
      'NUL in a cell',
      `input,label\na\0,x\n${'b,y\n'.repeat(20)}`,
      [['a\0', 'x'], ...Array.from({ length: 20 }, () => rowB)],
    ],
    ['a byte order mark', `\ufeff${table}`, [rowA, rowB], [], ['byte-order-mark']],
    [
      'two files joined end to end, each with its mark and head',
      `\ufeff${table}\ufeff${table}`,
      [rowA, rowB, rowA, rowB],
      [[4, 'it is the head again, as where two files were joined']],
      ['byte-order-mark', 'mark-in-the-middle'],
    ],
    [
      'a mark before a row in quotes',
      `${table}\ufeff"a","x"\n`,
      [rowA, rowB, rowA],
      [],
      ['mark-in-the-middle'],
    ],
    ['two byte order marks', `\ufeff\ufeff${table}`, [rowA, rowB], [], ['byte-order-mark']],
    ['UTF-16', bytes([0xff, 0xfe], utf16(table)), [rowA, rowB], [], ['byte-order-mark']],
    ['UTF-16, big-endian, without a mark', bytes(utf16(table, 'be')), [rowA, rowB], [], ['utf-16-guessed']],
    [
      'rows of other widths',
      'input,label\na\nb,y\nc,z,w\na,x\n',
      [rowB, rowA],
      [
        [2, narrow],
        [4, wide],
      ],
    ],
    ['empty cells past the head', 'input,label\na,x,,\nb,y,\n', [rowA, rowB]],
    ['names that differ in case', 'input,Label,label\na,z,x\n', [rowA], [], ['columns-unused']],
    ['a column without a name', ',input,label\n0,a,x\n', [rowA], [], ['columns-unused']],
    ['semicolons around commas', 'input;label\na,c;x\nb;y\n', [['a,c', 'x'], rowB], [], ['separator']],
    ['CR alone at the ends of lines', table.replaceAll('\n', '\r'), [rowA, rowB]],
    ['CR within quotes', 'input,label\n"a\rb",x\n', [['a\rb', 'x']]],
    [
      'line ends of two kinds',
      'input,label\r\n"a\r\nb",x\r\nb,y\nc\n',
      [['a\r\nb', 'x'], rowB],
      [[5, narrow]],
    ],
    [
      'line separators of Unicode',
      'input,label\na\u2028b,x\nc\u0085d,y\n',
      [
        ['a\u2028b', 'x'],
        ['c\u0085d', 'y'],
      ],
    ],
    ['form feeds', 'input,label\na\fb,x\nb,y\n', [['a\fb', 'x'], rowB]],
    [
      'tabs, and quotes that enclose nothing',
      'input\tlabel\na "b" c\tx\n"b\ty\n',
      [
        ['a "b" c', 'x'],
        ['"b', 'y'],
      ],
      [],
      ['separator', 'quotes-as-text'],
    ],
    ['a tab in a cell', 'input,label\na\tb,x\nb,y\n', [['a\tb', 'x'], rowB]],
    ['quotes in the middle of a cell', 'input,label\na "b" c,x\nb,y\n', [['a "b" c', 'x'], rowB]],
    ['quotes written twice', 'input,label\n"a ""b"" c",x\n', [['a "b" c', 'x']]],
    [
      'quotes after a backslash',
      'input,label\n"a \\"c\\" d",x\nb,y\n',
      [rowB],
      [[2, 'a quote inside a cell in quotes is written twice']],
    ],
    ['single quotes', "input,label\n'a,c',x\nb,y\n", [rowB], [[2, wide]]],
    ['curly quotes', 'input,label\n“a, c”,x\nb,y\n', [rowB], [[2, wide]]],
    ['the line that Excel writes', 'sep=;\ninput;label\na;x\n', [rowA]],
    ['blank lines', '\n\ninput,label\n\na,x\n\n\nb\n', [rowA], [[8, narrow]]],
    [
      'rows of empty cells',
      'input,label\na,x\n,\nb,y\n,\n',
      [rowA, rowB],
      [[3, '“input” is blank']],
      ['empty-rows'],
    ],
    ['blank labels', 'input,label\na,\nb,y\n', [rowB], [[2, '“label” is blank']]],
    ['white space after commas', 'input, label\na, x\n', [rowA], [], ['label-trimmed']],
    [
      'a table of Markdown',
      '|input|label|\n|---|:--:|\n|a|x|\n',
      [rowA],
      [[2, 'it is the rule under the head of a Markdown table']],
      ['separator'],
    ],
    ['ORC as a column', 'ORC,input,label\n1,a,x\n', [rowA], [], ['columns-unused']],
    ['RIFF as a column', 'RIFF,input,label\n1,a,x\n', [rowA], [], ['columns-unused']],
    ['PAR1 as a column', 'PAR1,input,label\n1,a,x\n', [rowA], [], ['columns-unused']],
  ])('%s', async (_, content, rows, refused = [], notes = []) => {
    expect(await outcomeOf(content)).toEqual({
      rows,
      refused: refused.map(([line, words]) => [line, expect.stringContaining(words) as unknown]),
      notes,
    });
  });
});

const noTable = 'f: This is text, but neither JSON nor a table';
const neverClosed = 'A quote opens on this line and is never closed';

describe('is refused in words, and never called JSON', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'f: The file is empty.'],
    ['white space', ' \t\r\n\n', 'f: The file is empty: it holds white space only.'],
    ['a byte order mark alone', '\ufeff', 'f: The file is empty: it holds white space only.'],
    ['the mark of UTF-16 alone', bytes([0xff, 0xfe]), 'f: The file is empty: it holds white space only.'],
    ['one word', 'hello', noTable],
    ['prose', 'Once upon a time.\nThere was a row.\n', noTable],
    ['YAML', '- input: a\n  label: x\n- input: b\n  label: y\n', noTable],
    ['settings in sections', '[row]\ninput = a\nlabel = x\n', noTable],
    ['columns of a fixed width', 'input   label\na       x\nb       y\n', noTable],
    ['a piece of a web page', '<table><tr><td>a</td></tr></table>', noTable],
    ['XML', '<?xml version="1.0"?><rows/>', 'f: This is a web page or another marked-up document'],
    [
      'a pointer of Git LFS',
      'version https://git-lfs.github.com/spec/v1\noid sha256:1\n',
      'f: This is a Git LFS pointer',
    ],
    ['a pickle of text', "(dp0\nS'a'\np1\nS'b'\np2\ns.", noTable],
    ['a head alone', 'input,label\n', 'f: This table has a head and no rows.'],
    ['a head without a line end', 'input,label', 'f: This table has a head and no rows.'],
    [
      'one column',
      'input\na\nb\n',
      'f, line 2: Its columns are input, which is no known layout. As generic rows it lacks “label”.',
    ],
    [
      'no head',
      'Is it one?,yes\nIs it two?,no\n',
      'f, line 1: Its columns are column 1, column 2, which is no known layout.',
    ],
    [
      'two columns of one name',
      'input,label,label\na,x,y\n',
      'f, line 1: Two columns are called “label”: the 2. and the 3.',
    ],
    ['a quote that never closes', 'input,label\na,x\n"b,y\nc,z\n', `f, line 3: ${neverClosed}`],
    ['a quote that never closes in the last cell', 'input,label\na,x\nb,"y\n', `f, line 3: ${neverClosed}`],
    ['a quote that never closes in the head', '"input,label\na,x\n', `f, line 1: ${neverClosed}`],
    [
      'half a character in UTF-8',
      bytes('input,label\na', [0xed, 0xa0, 0x80], ',x\n'),
      'f, line 2: This line holds bytes that are not UTF-8',
    ],
    [
      'a letter of Windows-1252',
      bytes('input,label\nb,y\ncaf', [0xe9], ',x\n'),
      'f, line 3: This line holds bytes that are not UTF-8',
    ],
    [
      'half a character in UTF-16',
      bytes([0xff, 0xfe], utf16('input,label\na\ud800,x\n')),
      'f, line 2: This line holds bytes that are no text in utf-16le.',
    ],
    [
      'half a character in UTF-16, big-endian',
      bytes([0xfe, 0xff], utf16('input,label\na,x\n\udc00,y\n', 'be')),
      'f, line 3: This line holds bytes that are no text in utf-16be.',
    ],
    [
      'an odd number of bytes in UTF-16',
      bytes([0xff, 0xfe], utf16(table), [0x41]),
      'f, line 4: This line holds bytes that are no text in utf-16le.',
    ],
    ['UTF-32', bytes([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]), 'f: This text is UTF-32'],
    ['zeros', new Uint8Array(5000), 'f: This is a binary file of a kind that is not known here.'],
  ])('%s', async (_, content, words) => {
    const outcome = await outcomeOf(content);
    expect(outcome).toMatchObject({ error: { message: expect.stringContaining(words) as unknown } });
    expect(outcome).not.toMatchObject({
      error: { message: expect.stringContaining('not valid JSON') as unknown },
    });
  });

  it('offers an encoding where the bytes may be of another', async () => {
    const outcome = await outcomeOf(bytes('input,label\ncaf', [0xe9], ',x\n'));
    expect('error' in outcome && outcome.error).toBeInstanceOf(EncodingError);
  });
});
