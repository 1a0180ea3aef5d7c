import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { countJsonValues, parseBounded } from './json-values.ts';

/** Values of what was parsed; an empty list or object counts for one more, as it does in the text. */
function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  const inner: unknown[] = Object.values(value);
  return inner.length === 0 ? 2 : 1 + inner.reduce((sum: number, one) => sum + valuesIn(one), 0);
}

describe('values of a JSON text', () => {
  it('are counted without parsing it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, spaces) => {
        expect(countJsonValues(JSON.stringify(value, null, spaces))).toBe(valuesIn(value));
      }),
    );
    expect(countJsonValues('{"a\\\\": ",[{", "\\"": [1, {}]}')).toBe(6);
    for (const text of ['', '"', '"\\', '"\\"', '[[[', ',,,', '"a'])
      expect(countJsonValues(text)).toBeLessThan(5);
  });

  it('are as many as may be, or the text is not parsed', () => {
    expect(parseBounded('[1,2,3]', 4, 'x')).toEqual([1, 2, 3]);
    expect(() => parseBounded('[1,2,3]', 3, 'x.json')).toThrow(InputError);
    expect(() => parseBounded('[1,2,3]', 3, 'x.json')).toThrow(
      'x.json: This file has more than 3 values; more are not read.',
    );
    expect(() => parseBounded('[1,', 10, 'x')).toThrow(SyntaxError);
    // Ten million brackets are not followed to their end.
    expect(countJsonValues('['.repeat(10_000_000), 10)).toBe(11);
  });
});
