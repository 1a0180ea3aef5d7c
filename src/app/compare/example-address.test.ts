import { expect, test } from 'vitest';
import { parseRoute } from '../routes.ts';
import { exampleHash, parseExampleAddress } from './example-address.ts';

test('an address is read as it was written, and opens Compare', () => {
  const example = { runId: '0b6f3c1e-52d4-4c1a-9a0e-7e1d2f3a4b5c', row: 12 };
  expect(parseExampleAddress(exampleHash(example))).toEqual(example);
  expect(parseRoute(exampleHash(example))).toBe('compare');
});

test('what names no example is none', () => {
  for (const hash of [
    '',
    '#/compare',
    '#/compare/12',
    '#/compare/r/',
    '#/compare/r/-1',
    '#/train/r/1',
    '#/compare/r/1/2',
  ])
    expect(parseExampleAddress(hash)).toBeNull();
});
