import { expect, it } from 'vitest';
import type { JsonObject } from './layouts/layout.ts';
import { unwrapRows } from './unwrap.ts';

const unwrap = (value: JsonObject) =>
  unwrapRows('rows.json', [{ kind: 'value', line: 1, value }], null, (keys) => keys).records.map((record) =>
    record.kind === 'value' ? record.value : null,
  );

it.each([
  ['lists', { input: ['x'], label: ['y'] }, [{ input: 'x', label: 'y' }]],
  [
    'pandas’ maps, in whichever order',
    { input: { 0: 'a', 1: 'b' }, label: { 1: 'd', 0: 'c' } },
    [
      { input: 'a', label: 'c' },
      { input: 'b', label: 'd' },
    ],
  ],
])('columns of %s are rows, be it one', (_, columns, rows) => expect(unwrap(columns)).toEqual(rows));

it.each([
  ['without rows', { input: [], label: [] }],
  ['of different lengths', { input: ['x', 'z'], label: ['y'] }],
  ['alone', { input: ['x'] }],
])('columns %s are none', (_, columns) => {
  expect(unwrap(columns)).not.toContainEqual({ input: 'x', label: 'y' });
});
