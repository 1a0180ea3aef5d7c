import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RowsDigest } from './rows-digest.ts';

const digestOf = (values: readonly unknown[]): string => {
  const digest = new RowsDigest();
  for (const value of values) digest.add(value);
  return digest.end();
};
const whole = (values: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('hex');

it('is that of the JSON of the whole list', () => {
  expect(digestOf([])).toBe(whole([]));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.constant(undefined)), {
        maxLength: 5,
      }),
      (values) => {
        expect(digestOf(values)).toBe(whole(values));
      },
    ),
  );
});

it('takes more than is gathered at once', () => {
  const rows = Array.from({ length: 500 }, (_, row) => ({ row, input: `ä${'x'.repeat(row)}\ud83d\ude00` }));
  expect(digestOf(rows)).toBe(whole(rows));
});
