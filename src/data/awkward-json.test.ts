/** Awkward files of JSON: each has its rows and its refusals by line, or one clear error. */
import { describe, expect, it } from 'vitest';
import { outcomeOf } from './fixtures.ts';

const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const a = { input: 'a', label: 'x' };
const b = { input: 'b', label: 'y' };
const rowA: [string, string] = ['a', 'x'];
const rowB: [string, string] = ['b', 'y'];
const long = 'w'.repeat(300_000);
const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

type Rows = [input: string, label: string | null][];
type Refused = [line: number, words: string][];

describe('is read', () => {
  it.each<[string, string, Rows, Refused?, string[]?]>([
    ['a text of 300,000 characters', lines({ input: long, label: 'x' }, b), [[long, 'x'], rowB]],
    [
      'markup',
      lines({ input: '<img src=x onerror=alert(1)>', label: '<b>&lt;' }),
      [['<img src=x onerror=alert(1)>', '<b>&lt;']],
    ],
    ['__proto__ as a column', '{"input":"a","label":"x","__proto__":{"polluted":1}}', [rowA]],
    [
      '__proto__ as a column of text',
      '{"input":"a","label":"x","__proto__":"t"}',
      [rowA],
      [],
      ['columns-unused'],
    ],
    [
      '__proto__ and constructor as keys of rows',
      '{"__proto__":{"input":"a","label":"x"},"constructor":{"input":"b","label":"y"}}',
      [rowA, rowB],
      [],
      ['container'],
    ],
    ['NaN as a label', `{"input":"a","label":NaN}\n${lines(b)}`, [['a', null], rowB], [], ['not-numbers']],
    ['-Infinity in another column', '{"input":"a","label":"x","p":-Infinity}', [rowA], [], ['not-numbers']],
    [
      'a name twice, also further within; a colon in a text is none',
      `{"input":"a","label":"x","label":"y"}\n{"input":"b","label":"y","p":{"q":1,"q" :2}}\n${lines({ input: '"a": "a":', label: 'x' }, b)}`,
      [['"a": "a":', 'x'], rowB],
      [
        [1, 'it has the name “label” twice'],
        [2, 'it has the name “q” twice'],
      ],
    ],
    ['the words NaN and Infinity', lines({ input: 'NaN', label: 'Infinity' }), [['NaN', 'Infinity']]],
    ['half a character, escaped', '{"input":"a\\ud800","label":"x"}', [['a\ud800', 'x']]],
    ['NUL, escaped', '{"input":"a\\u0000b","label":"x"}', [['a\0b', 'x']]],
    [
      'NUL as it is',
      `{"input":"a\0${'b'.repeat(60)}","label":"x"}\n${lines(b)}`,
      [rowB],
      [[1, 'a string has a line break or control character in it at column 12']],
    ],
    ['a byte order mark', `\ufeff${lines(a, b)}`, [rowA, rowB], [], ['byte-order-mark']],
    ['a mark between files joined end to end', `${lines(a)}\ufeff${lines(b)}`, [rowA, rowB]],
    ['CR alone at the ends of lines', lines(a, b).replaceAll('\n', '\r'), [rowA, rowB]],
    [
      'CR alone, and a bad line',
      `${lines(a)}{"input":}\n${lines(b)}`.replaceAll('\n', '\r'),
      [rowA, rowB],
      [[2, 'not valid JSON: it has “}” at column 10, where a value belongs']],
    ],
    ['line separators of Unicode', lines({ input: 'a\u2028b', label: 'x' }, b), [['a\u2028b', 'x'], rowB]],
    [
      'a comma after the last row of a list',
      '[{"input":"a","label":"x"},\n]',
      [rowA],
      [[2, 'a comma has no row after it']],
    ],
    [
      'a comma after the last column',
      '[{"input":"a","label":"x",},\n{"input":"b","label":"y"}]',
      [rowB],
      [[1, 'it has “}” at column 26, where a name in double quotes belongs']],
    ],
    [
      'no comma between rows of a list',
      '[{"input":"a","label":"x"}\n{"input":"b","label":"y"}]',
      [rowA, rowB],
      [[2, 'a comma is missing between two rows']],
    ],
    [
      'a list cut within a row',
      '[{"input":"a","label":"x"},\n{"input":"b","lab',
      [rowA],
      [[2, 'it ends in the middle of a string; the file may have been cut off']],
    ],
    [
      'a list cut between rows',
      '[{"input":"a","label":"x"},\n',
      [rowA],
      [[2, 'the list is not closed by “]”; the file may have been cut off']],
    ],
    [
      'null among rows',
      '[null,\n{"input":"a","label":"x"}]',
      [rowA],
      [[1, 'it is null, not an object with named columns']],
    ],
    [
      'text after the list',
      '[{"input":"a","label":"x"}]\nand more',
      [rowA],
      [[2, 'more text follows the end of the list; it was not read']],
    ],
    [
      'a list after the list',
      '[{"input":"a","label":"x"}][{"input":"b","label":"y"}]',
      [rowA],
      [[1, 'more text follows the end of the list; it was not read']],
    ],
    ['objects with nothing between them', '{"input":"a","label":"x"}{"input":"b","label":"y"}', [rowA, rowB]],
    ['objects over several lines', JSON.stringify(a, null, 1) + JSON.stringify(b, null, 1), [rowA, rowB]],
    [
      'objects over several lines, one of them bad',
      `${JSON.stringify(a, null, 1)}\n{\n "input": oops\n}\n${JSON.stringify(b, null, 1)}\n`,
      [rowA, rowB],
      [[5, 'it has the bare word “oops” on line 6, column 11']],
    ],
    [
      'one bad line',
      `${lines(a)}{"input":"c","label":}\n${lines(b)}`,
      [rowA, rowB],
      [[2, 'it has “}” at column 22, where a value belongs']],
    ],
    [
      'a bad first line',
      `{"input":"c" "label":"z"}\n${lines(a, b)}`,
      [rowA, rowB],
      [[1, 'it has “"” at column 14, where a comma or “}” belongs']],
    ],
    ['a cut last line', `${lines(a)}{"input":"b","la`, [rowA], [[2, 'the file may have been cut off']]],
    [
      'a line break within a text',
      `${lines(a)}{"input":"c\nd","label":"z"}\n${lines(b)}`,
      [rowA, rowB],
      [
        [2, 'it ends in the middle of a string; each row stands on one line of its own'],
        [3, 'it has the bare word “d” at column 1'],
      ],
    ],
    [
      'a line of prose',
      `${lines(a)}and so on\n${lines(b)}`,
      [rowA, rowB],
      [[2, 'it has the bare word “and” at column 1']],
    ],
    [
      'a comment',
      `// rows\n${lines(a, b)}`,
      [rowA, rowB],
      [[1, 'it has “/” at column 1, where a value belongs']],
    ],
    [
      'Python’s None',
      `{"input":"c","label":None}\n${lines(a)}`,
      [rowA],
      [[1, 'it has the bare word “None” at column 22']],
    ],
    [
      'lists 100,000 deep in a row',
      `${lines(a)}{"input":"b","label":"y","deep":${deep(100_000)}}\n`,
      [rowA, rowB],
    ],
    [
      'a label of 30 digits',
      '{"input":"a","label":123456789012345678901234567890}',
      [['a', '123456789012345678901234567890']],
      [],
      ['long-integers'],
    ],
    ['a label beyond every number', '{"input":"a","label":-1e999}', [['a', '-1e999']], [], ['long-integers']],
    [
      'numbers as labels',
      lines({ input: 'a', label: 1 }, { input: 'b', label: 2.5 }),
      [
        ['a', '1'],
        ['b', '2.5'],
      ],
      [],
      ['label-number'],
    ],
    ['true as a label', lines({ input: 'a', label: true }), [['a', 'yes']], [], ['label-boolean']],
    ['null as a label', lines({ input: 'a', label: null }, b), [['a', null], rowB]],
    [
      'blank labels',
      lines({ input: 'a', label: '' }, { input: 'c', label: ' \t' }, b),
      [rowB],
      [
        [1, '“label” is blank'],
        [2, '“label” is blank'],
      ],
    ],
    [
      'an object as the input',
      lines({ input: {}, label: 'x' }, b),
      [rowB],
      [[1, '“input” is an object, but has to be text']],
    ],
    ['ids that stand twice', lines({ id: 1, ...a }, { id: 1, ...b }), [rowA, rowB]],
    [
      'one row of other columns',
      lines(a, { other: 1 }, b),
      [rowA, rowB],
      [[2, 'the columns “input” and “label” are missing']],
    ],
    [
      'columns whose indices stand in another order',
      '{"input":{"p":"a","q":"b"},"label":{"q":"y","p":"x"}}',
      [rowA, rowB],
      [],
      ['container'],
    ],
    [
      'what is no row among those that a server sent',
      '{"features":[],"rows":[{"row":{"input":"a","label":"x"}},null]}',
      [rowA],
      [[1, 'it is null, not an object with named columns']],
      ['container'],
    ],
    [
      'what is no row in a list under a key',
      '{"data":[\n{"input":"a","label":"x"},\n7]}',
      [rowA],
      [[3, 'it is a number (7), not an object with named columns']],
      ['container'],
    ],
  ])('%s', async (_, content, rows, refused = [], notes = []) => {
    const outcome = await outcomeOf(content);
    expect(outcome).toEqual({
      rows,
      refused: refused.map(([line, words]) => [line, expect.stringContaining(words) as unknown]),
      notes,
    });
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('is refused in words', () => {
  it.each<[string, string, string]>([
    ['an empty list', '[]', 'f: The file holds no rows.'],
    ['an empty object', '{}', 'f, line 1: Its first row has no columns at all'],
    ['null', 'null', 'f: This is JSON, but it is null, not rows.'],
    ['a number', '42\n', 'f: This is JSON, but it is a number (42), not rows.'],
    ['a text', '"a"', 'f: This is JSON, but it is text, not rows.'],
    [
      'a list of lists',
      '[["a","x"],["b","y"]]',
      'f, line 1: There are no rows with named columns in this file: the first record is a list.',
    ],
    [
      'lists on lines',
      '[{"input":"a"}]\n[{"input":"b"}]\n',
      'f, line 1: There are no rows with named columns in this file: the first record is a list.',
    ],
    [
      'names of JavaScript’s own',
      '{"constructor":"a","toString":"x"}',
      'f, line 1: Its columns are constructor, toString, which is no known layout.',
    ],
    [
      'columns of different lengths',
      '{"input":["a","b"],"label":["x"]}',
      'f, line 1: Every row was refused (1 in all); the first: “input” is a list',
    ],
    [
      'rows as Python prints them',
      "{'input': 'a', 'label': 'x'}\n{'input': 'b', 'label': None}\n",
      'f, line 1: No row of this file can be read; the first: not valid JSON: it is written as Python prints it',
    ],
    [
      'names without quotes',
      "{input: 'a', label: 'x'}\n",
      'f, line 1: No row of this file can be read; the first: not valid JSON: it has “i” at column 2, where a name in double quotes',
    ],
    [
      'curly quotes',
      '{“input”: “a”, “label”: “x”}\n',
      'f, line 1: No row of this file can be read; the first: not valid JSON: it has ““” at column 2',
    ],
    [
      'commas between lines',
      '{"input":"a","label":"x"},\n{"input":"b","label":"y"},\n',
      'f, line 1: No row of this file can be read; the first: not valid JSON: more text follows its end: “,” at column 26',
    ],
    [
      'a cut object',
      '{"input": "Wh',
      'f, line 1: No row of this file can be read; the first: not valid JSON: it ends in the middle of a string',
    ],
    [
      '100,000 lists that never close',
      '['.repeat(100_000),
      'f, line 1: No row of this file can be read; the first: not valid JSON: it ends in the middle of a list',
    ],
    [
      '20,000 lists in lists',
      deep(20_000),
      'f, line 1: There are no rows with named columns in this file: the first record is a list.',
    ],
    [
      '50,000 objects that never close',
      '{"a":'.repeat(50_000),
      'f, line 1: No row of this file can be read; the first: not valid JSON: it ends in the middle of an object',
    ],
  ])('%s', async (_, content, words) => {
    expect(await outcomeOf(content)).toMatchObject({
      error: { message: expect.stringContaining(words) as unknown },
    });
  });
});
