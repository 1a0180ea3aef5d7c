import { expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatParameters,
  formatPercent,
  readNumber,
} from './units.ts';

it('formats bytes, durations, counts and shares', () => {
  expect([0, 999, 1000, 1234, 12_340, 123_400, 1_230_000_000].map(formatBytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.00 KB',
    '1.23 KB',
    '12.3 KB',
    '123 KB',
    '1.23 GB',
  ]);
  expect(
    [0, 8.24, 9.96, 10.4, 949, 951, 4700, 7951, 9940, 9951, 41_000, 200_000, 7_500_000].map(formatDuration),
  ).toEqual([
    '0 ms',
    '8.2 ms',
    '10 ms',
    '10 ms',
    '949 ms',
    '1 s',
    '4.7 s',
    '8 s',
    '9.9 s',
    '10 s',
    '41 s',
    '3 min 20 s',
    '2 h 5 min',
  ]);
  expect(formatCount(9741)).toBe('9,741');
  expect(formatPercent(7234 / 9741)).toBe('74.26 %');
});

it('names a student by its parameters in one way', () => {
  expect(
    [42_112, 512_345, 76_961_152, 307_867_048, 999_960_000, 2_849_757_184].map(formatParameters),
  ).toEqual(['42,112', '0.5 M', '77 M', '307.9 M', '1 B', '2.8 B']);
});

it.each([
  ['600', 600],
  [' 2e-3 ', 0.002],
  ['4,000', 4000],
  ['1,234,567', 1_234_567],
  ['0,5', 0.5],
  ['-0,125', -0.125],
  [',5', 0.5],
  ['1,5', 1.5],
  ['2,5e-4', 0.00025],
  ['', NaN],
  ['1,2,3', NaN],
  ['0.5.1', NaN],
  ['half', NaN],
])('reads "%s" as %d', (text, value) => {
  expect(readNumber(text)).toBe(value);
});
