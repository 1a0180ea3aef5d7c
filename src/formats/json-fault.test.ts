import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyObject } from './arbitraries.ts';
import { findJsonFault } from './json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const marks = fc.constantFrom(
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '-',
  '0',
  '1.5',
  'e9',
  'true',
  'nul',
  ' ',
  '\n',
  '\u0001',
  '\\u00',
  'é',
);

it('finds a fault exactly where JSON.parse does', () => {
  const damaged = fc.tuple(anyObject, fc.nat(), fc.nat(3), marks).map(([object, at, removed, inserted]) => {
    const text = JSON.stringify(object);
    const place = at % (text.length + 1);
    return text.slice(0, place) + inserted + text.slice(place + removed);
  });
  const noise = fc.array(marks, { maxLength: 10 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(damaged, noise), (text) => {
      expect(findJsonFault(text) === null).toBe(isJson(text));
    }),
    { numRuns: 2000 },
  );
});

it('knows every cut of a sound object as an early end', () => {
  fc.assert(
    fc.property(anyObject, fc.nat(), (object, at) => {
      const text = JSON.stringify(object);
      const cut = text.slice(0, 1 + (at % (text.length - 1)));
      expect(findJsonFault(cut)?.endsEarly).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ['{"a": 1', 'it ends in the middle of an object'],
  ['["a"', 'it ends in the middle of a list'],
  ['{"a": "b\\u00', 'it ends in the middle of a string'],
  ['{"a": tru', 'it ends in the middle of a word'],
  ['{"a": -', 'it ends in the middle of a number'],
  ['{"a" 1}', 'it has “1” at column 6, where a colon belongs'],
  ['{"a": 1 "b": 2}', 'it has “"” at column 9, where a comma or “}” belongs'],
  ['{"a": 1,}', 'it has “}” at column 9, where a name in double quotes belongs'],
  ["{'a': 1}", "it has “'” at column 2, where a name in double quotes or “}” belongs"],
  ['{"a": [1, ]}', 'it has “]” at column 11, where a value belongs'],
  ['{"a": 😀}', 'it has “😀” at column 7, where a value belongs'],
  ['{"a": NaN}', 'it has the bare word “NaN” at column 7; text stands in double quotes'],
  ['{"a": "\\x"}', 'a string has “\\x” at column 8, which JSON does not know'],
  ['{"a": "\t"}', 'a string has a line break or control character in it at column 8'],
  ['{"a": 1},', 'more text follows its end: “,” at column 9'],
  ['', 'it holds no value'],
])('says of %j what is wrong', (text, what) => {
  expect(findJsonFault(text)?.what).toBe(what);
});

it('names the line in the file where the fault is further down', () => {
  expect(findJsonFault('{\n "a": 1\n "b": 2}', 7)?.what).toBe(
    'it has “"” on line 9, column 2, where a comma or “}” belongs',
  );
});

it('has no limit of depth', () => {
  expect(findJsonFault('['.repeat(200_000))).toEqual({
    what: 'it ends in the middle of a list',
    endsEarly: true,
  });
});
