import { expect, it } from 'vitest';
import { PlainValues } from './plain-value.ts';

it('writes a fraction of single precision with no more digits than tell it from others', () => {
  const plain = (value: number) => new PlainValues().plain(Math.fround(value), true);
  for (const value of [0.1, 0.123456, 0.1234567, 0.30000004, 9.876543]) expect(plain(value)).toBe(value);
  // The smallest numbers have few digits of their own: six say all.
  expect(plain(1e-45)).toBe(1.4013e-45);
  expect(new PlainValues().plain(0.1 + 0.2, true)).toBe(0.1 + 0.2);
});
