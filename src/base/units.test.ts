import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatPercent } from './units.ts';

it('formats bytes, durations, counts and shares', () => {
  expect([0, 999, 1234, 12_340, 123_400, 1_230_000_000].map(formatBytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.23 KB',
    '12.3 KB',
    '123 KB',
    '1.23 GB',
  ]);
  expect([12, 41_000, 200_000, 7_500_000].map(formatDuration)).toEqual([
    '12 ms',
    '41 s',
    '3 min 20 s',
    '2 h 5 min',
  ]);
  expect(formatCount(9741)).toBe('9,741');
  expect(formatPercent(7234 / 9741)).toBe('74.26 %');
});
