import { expect, it } from 'vitest';
import { digest, hexOf, joined } from './bytes.ts';

it('joins pieces in their order, none and empty ones too', () => {
  expect([...joined([])]).toEqual([]);
  expect([...joined([Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)])]).toEqual([1, 2, 3]);
  const one = Uint8Array.of(4);
  expect(joined([one])).not.toBe(one);
});

it('writes two digits for each byte, and digests as the standard does', async () => {
  expect(hexOf(Uint8Array.of(0, 9, 10, 255))).toBe('00090aff');
  // FIPS 180-2, appendix B.1.
  expect(await digest(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
