import { expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { JsonArrayReader, splitArray } from './json-array.ts';

it('waits for the rest of a row that a piece of the text ends in', () => {
  const text = '[{"a": 1}, {"a": [2, 3]}]';
  const whole = splitArray(text, 0);
  expect(whole.map(({ line }) => line)).toEqual([1, 1]);
  for (let at = 1; at < text.length; at += 1) {
    const reader = new JsonArrayReader('x.json', null);
    const records = [...reader.next(text.slice(0, at), false), ...reader.next(text.slice(at), true)];
    expect(records, `cut at ${at}`).toEqual(whole);
  }
});

it('waits for no row that is longer than rows are', () => {
  const reader = new JsonArrayReader('x.json', null, 20);
  expect(reader.next('[{"a": "1234567890', false)).toEqual([]);
  expect(() => reader.next('1234567890', false)).toThrow(InputError);
});
