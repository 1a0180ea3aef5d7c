import { expect, it } from 'vitest';
import { valueWords } from './value-words.ts';

it('says a value as JSON has it, and of what is nested too deep what it is', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const values: unknown[] = [
    'a',
    1,
    null,
    [1, 'x'],
    undefined,
    JSON.parse(deep),
    JSON.parse(`{"a":${deep}}`),
  ];
  expect(values.map(valueWords)).toEqual(['"a"', '1', 'null', '[1,"x"]', 'not there', 'a list', 'an object']);
});
