import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyObject, lineEnd, mark } from './arbitraries.ts';
import { splitRecords } from './json-records.ts';
import type { JsonFinds } from './json-value.ts';

/** Lines on which the elements of a pretty-printed array begin. */
function prettyLines(objects: readonly unknown[], indent: number): number[] {
  let line = 2;
  return objects.map((object) => {
    const start = line;
    line += JSON.stringify(object, null, indent).split('\n').length;
    return start;
  });
}

describe('JSON Lines', () => {
  it('gives back any objects, each with its line, blank lines, marks and CRLF aside', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyObject, fc.nat(2)), { minLength: 1 }),
        mark,
        lineEnd,
        fc.boolean(),
        (items, before, end, ended) => {
          let line = 1;
          const expected: unknown[] = [];
          const lines: string[] = [];
          for (const [object, blank] of items) {
            for (let count = 0; count < blank; count += 1) lines.push(count === 0 ? '' : '  ');
            line += blank;
            lines.push(JSON.stringify(object));
            expected.push({ kind: 'value', line, value: object });
            line += 1;
          }
          expect(splitRecords(before + lines.join(end) + (ended ? end : ''))).toEqual(expected);
        },
      ),
    );
  });

  it('keeps the rows around a malformed one and says what is wrong with it', () => {
    const records = splitRecords('{"a": 1}\n{"a": oops}\n\n{"a": 3}\n{"a": "fo');
    expect(records).toEqual([
      { kind: 'value', line: 1, value: { a: 1 } },
      {
        kind: 'refused',
        line: 2,
        reason: 'not valid JSON: it has the bare word “oops” at column 7; text stands in double quotes',
      },
      { kind: 'value', line: 4, value: { a: 3 } },
      {
        kind: 'refused',
        line: 5,
        reason: 'not valid JSON: it ends in the middle of a string; the file may have been cut off',
      },
    ]);
  });

  it('does not speak of a cut file where a row ends too soon in its middle', () => {
    const [first] = splitRecords('{"a":\n{"a": 1}\n');
    expect(first).toEqual({
      kind: 'refused',
      line: 1,
      reason: 'not valid JSON: it ends in the middle of an object; each row stands on one line of its own',
    });
  });

  it('reads lines that are lists as lines', () => {
    expect(splitRecords('["a"]\n["b", "c"]\n')).toEqual([
      { kind: 'value', line: 1, value: ['a'] },
      { kind: 'value', line: 2, value: ['b', 'c'] },
    ]);
  });

  it('takes one object over many lines as one record', () => {
    expect(splitRecords('\n{\n  "a": [\n    1\n  ]\n}\n')).toEqual([
      { kind: 'value', line: 2, value: { a: [1] } },
    ]);
  });

  it('tolerates a byte order mark between files joined end to end', () => {
    expect(splitRecords('{"a":1}\n\ufeff{"a":2}').map((record) => record.kind)).toEqual(['value', 'value']);
  });
});

describe('a JSON array', () => {
  it('gives back any objects, each with its line, however it is printed', () => {
    fc.assert(
      fc.property(
        fc.array(anyObject, { minLength: 1 }),
        fc.nat(4),
        mark,
        lineEnd,
        (objects, indent, before, end) => {
          const text = before + JSON.stringify(objects, null, indent).replaceAll('\n', end);
          const lines = indent === 0 ? objects.map(() => 1) : prettyLines(objects, indent);
          expect(splitRecords(text)).toEqual(
            objects.map((value, index) => ({ kind: 'value', line: lines[index]!, value })),
          );
        },
      ),
    );
  });

  it('keeps the rows around a malformed one', () => {
    const text = '[\n  {"a": 1},\n  {"a": "two,\n   "b": 2},\n  {"a": 3}\n]';
    expect(splitRecords(text)).toEqual([
      { kind: 'value', line: 2, value: { a: 1 } },
      {
        kind: 'refused',
        line: 3,
        reason: 'not valid JSON: a string has a line break or control character in it at column 12',
      },
      { kind: 'value', line: 5, value: { a: 3 } },
    ]);
  });

  it('keeps the rows around a malformed one on a single line too', () => {
    const kinds = splitRecords('[{"a":"1},{"a":"2"},{"a":"3"}]').map((record) => record.kind);
    expect(kinds).toEqual(['refused', 'value', 'value']);
    expect(splitRecords('[{"a":["b"},{"a":"2"}]').map((record) => record.kind)).toEqual(['refused', 'value']);
    expect(splitRecords('[{"a":1}},{"a":2}]').map((record) => record.kind)).toEqual(['refused', 'value']);
  });

  it('keeps a good row behind many that each swallow the rest', () => {
    const records = splitRecords(`[${'{"a":["b"},'.repeat(100)}{"a":1}]`);
    expect(records.slice(0, 100).every(({ kind }) => kind === 'refused')).toBe(true);
    expect(records.slice(100)).toEqual([{ kind: 'value', line: 1, value: { a: 1 } }]);
  });

  it('names what is wrong between rows without losing their positions', () => {
    expect(splitRecords('[{"a":1}\n {"a":2},,\n {"a":3},\n] x')).toEqual([
      { kind: 'value', line: 1, value: { a: 1 } },
      { kind: 'stray', line: 2, reason: 'a comma is missing between two rows' },
      { kind: 'value', line: 2, value: { a: 2 } },
      { kind: 'stray', line: 2, reason: 'a comma has no row before it' },
      { kind: 'value', line: 3, value: { a: 3 } },
      { kind: 'stray', line: 4, reason: 'a comma has no row after it' },
      { kind: 'stray', line: 4, reason: 'more text follows the end of the list; it was not read' },
    ]);
  });

  it('says once that it is cut off', () => {
    expect(splitRecords('[{"a":1},\n{"a":')).toEqual([
      { kind: 'value', line: 1, value: { a: 1 } },
      {
        kind: 'refused',
        line: 2,
        reason: 'not valid JSON: it ends in the middle of an object; the file may have been cut off',
      },
    ]);
    expect(splitRecords('[{"a":1}\n')).toEqual([
      { kind: 'value', line: 1, value: { a: 1 } },
      { kind: 'stray', line: 2, reason: 'the list is not closed by “]”; the file may have been cut off' },
    ]);
  });
});

it('has no records where there is no text', () => {
  expect(splitRecords('')).toEqual([]);
  expect(splitRecords('\ufeff \r\n\n')).toEqual([]);
  expect(splitRecords('[ ]\n')).toEqual([]);
});

describe('what Python writes', () => {
  const found = (): JsonFinds => ({ longIntegers: 0, notNumbers: 0 });

  it('keeps whole numbers beyond 2^53 as text of their digits, and counts them', () => {
    const finds = found();
    const text =
      '{"id": 12345678901234567890, "n": 9007199254740991, "t": "1234567890123456789", "f": 0.1234567890123456789}';
    expect(splitRecords(text, finds)).toMatchObject([
      {
        value: {
          id: '12345678901234567890',
          n: 9007199254740991,
          t: '1234567890123456789',
          f: 0.12345678901234568,
        },
      },
    ]);
    expect(finds).toEqual({ longIntegers: 1, notNumbers: 0 });
  });

  it('reads NaN and Infinity outside of strings as null, and counts them', () => {
    const finds = found();
    expect(splitRecords('{"a": NaN, "b": "NaN, \\"NaN", "c": -Infinity}\n{"a": 1}', finds)).toMatchObject([
      { value: { a: null, b: 'NaN, "NaN', c: null } },
      { value: { a: 1 } },
    ]);
    expect(splitRecords('[{"a": NaN}, {"a": NaNs}]', finds).map(({ kind }) => kind)).toEqual([
      'value',
      'refused',
    ]);
    expect(finds.notNumbers).toBe(3);
  });

  it('names an object that Python printed', () => {
    const [record] = splitRecords('{\'a\': 1}\n{"a": 2}');
    expect(record).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('json.dumps') as unknown,
    });
  });
});
