import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashOfFile } from './file-hash.ts';

async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length)
    yield await Promise.resolve(bytes.subarray(at, at + length));
}

it('is what Node says, however the bytes are cut', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 90 }),
      async (bytes, length) => {
        const sizeBytes = bytes.length;
        const of = (algorithm: 'sha256' | 'git-sha1') =>
          hashOfFile(cut(bytes, length), { hash: { algorithm, hex: '' }, sizeBytes });
        expect(await of('sha256')).toBe(createHash('sha256').update(bytes).digest('hex'));
        const framed = createHash('sha1').update(`blob ${sizeBytes}\0`).update(bytes);
        expect(await of('git-sha1')).toBe(framed.digest('hex'));
      },
    ),
    { numRuns: 30 },
  ));
