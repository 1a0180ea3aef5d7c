import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hash32, NumberList, TextIndex } from './text-index.ts';

it('knows texts again as a map of them does, over its growth', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 4 }), fc.integer({ min: -9, max: 9 })), {
        maxLength: 60,
      }),
      (entries) => {
        const index = new TextIndex();
        const map = new Map<string, number>();
        for (const [text, value] of entries) {
          expect(index.add(text, value)).toBe(map.get(text) ?? null);
          if (!map.has(text)) map.set(text, value);
        }
        expect(index.size).toBe(map.size);
        for (const [text, value] of map) expect(index.get(text)).toBe(value);
      },
    ),
    { numRuns: 30 },
  );
});

it('keeps 4,000 texts that differ in one letter apart', () => {
  const index = new TextIndex();
  for (let at = 0; at < 4000; at += 1) index.add(`row ${at}`, at);
  expect(index.size).toBe(4000);
  for (let at = 0; at < 4000; at += 99) expect(index.get(`row ${at}`)).toBe(at);
  expect(index.has('row 4000')).toBe(false);
  expect(index.has('')).toBe(false);
  const hashes = new Set(Array.from({ length: 2000 }, (_, at) => hash32(`row ${at}`)));
  expect(hashes.size).toBe(2000);
});

it('keeps numbers in their order', () => {
  const list = new NumberList();
  for (let at = 0; at < 3000; at += 1) list.push(at - 5);
  expect(list.length).toBe(3000);
  expect([...list.view().slice(0, 7)]).toEqual([-5, -4, -3, -2, -1, 0, 1]);
});
