import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernelsVersion } from './kernels-version.ts';
import { matmulVariants } from './matmul.ts';

test('the name of the kernels is the hash of all their texts and of how products are cut up', () => {
  const folder = new URL('kernels/', import.meta.url);
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.wgsl'))
    .sort()
    .map((name) => [`./kernels/${name}`, readFileSync(new URL(name, folder), 'utf8')]);
  // FNV-1a of UTF-16 units in 32 bits, by whole numbers.
  let value = 2_166_136_261n;
  const text = JSON.stringify([sources, matmulVariants]);
  for (let index = 0; index < text.length; index += 1)
    value = ((value ^ BigInt(text.charCodeAt(index))) * 16_777_619n) % 2n ** 32n;
  expect(kernelsVersion).toBe(value.toString(16));
});
