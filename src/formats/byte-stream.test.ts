import { expect, it } from 'vitest';
import type { PartedFile } from './parquet.ts';
import { wholeOf } from './byte-stream.ts';

const bytes = Uint8Array.from({ length: 1000 }, (_, place) => place % 251);

/** A file that refuses to give more than so many bytes at once, as browsers do above some gigabytes. */
function refusing(most: number): PartedFile {
  const blob = new Blob([bytes]);
  return {
    size: blob.size,
    slice(start, end) {
      const part = blob.slice(start, end);
      return part.size <= most ? part : { arrayBuffer: () => Promise.reject(new DOMException('too large')) };
    },
  };
}

it('a file that cannot be read at once is read in slices', async () => {
  expect(await wholeOf(refusing(300), 300)).toEqual(bytes);
  expect(await wholeOf(refusing(1000), 1000)).toEqual(bytes);
  expect(await wholeOf(new Blob([]))).toEqual(new Uint8Array());
  await expect(wholeOf(refusing(300), 301)).rejects.toThrow('too large');
});
