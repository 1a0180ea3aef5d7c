import { expect, it } from 'vitest';
import { fileBlob, zipBlob } from './zip-blob.ts';

const file = (pieces: number, made: () => void = () => undefined) => ({
  path: 'model.safetensors',
  sizeBytes: pieces * 1000,
  *chunks() {
    for (let piece = 0; piece < pieces; piece += 1) {
      made();
      yield new Uint8Array(1000).fill(piece);
    }
  },
});

it('tells how far it is, and has every byte', async () => {
  const told: [number, number][] = [];
  const signal = new AbortController().signal;
  const blob = await fileBlob(file(5), 'text/html', {
    signal,
    report: (done, total) => told.push([done, total]),
  });
  expect([blob.size, blob.type]).toEqual([5000, 'text/html']);
  expect(told.at(-1)).toEqual([5000, 5000]);
});

it('ends in the middle where it is cancelled', async () => {
  const cancel = new AbortController();
  let made = 0;
  const slow = file(1000, () => {
    made += 1;
    // A Cancel comes as a message: between two pieces.
    if (made === 10) setTimeout(() => cancel.abort(new DOMException('cancelled', 'AbortError')));
    const until = performance.now() + 5;
    while (performance.now() < until);
  });
  const packing = zipBlob('model', [slow], { signal: cancel.signal, report: () => undefined });
  await expect(packing).rejects.toThrow('cancelled');
  expect(made).toBeLessThan(500);
});

it('of a folder tells how much of all its files is packed', async () => {
  const told: [number, number][] = [];
  const files = [file(2), { ...file(3), path: 'other.safetensors' }];
  const report = (done: number, total: number) => told.push([done, total]);
  const blob = await zipBlob('model', files, { signal: new AbortController().signal, report });
  expect(blob.type).toBe('application/zip');
  // A zip is larger than what is in it: no more than all is ever told.
  expect(new Set(told.map(([, total]) => total))).toEqual(new Set([5000]));
  const done = told.map(([one]) => one);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect(done[0]).toBeGreaterThan(0);
  expect(done.at(-1)).toBe(5000);
});
