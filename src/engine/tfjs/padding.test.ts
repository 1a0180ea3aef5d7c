import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortUses } from './kernels/embedding.ts';
import { keyMask, longestOf, packedRows, paddedLength, paddedRows, padRows } from './padding.ts';
import { shiftRight } from '../sequences.ts';

const rows = fc.array(
  fc
    .array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 70 })
    .map((ids) => Int32Array.from(ids)),
  { minLength: 1, maxLength: 6 },
);

describe('padding', () => {
  it('rounds lengths up to few sizes', () => {
    expect([1, 8, 9, 33, 129, 1024, 1025].map(paddedLength)).toEqual([8, 8, 16, 48, 192, 1024, 1536]);
    expect([1, 2, 3, 4, 5, 7, 9, 13, 17, 100].map(paddedRows)).toEqual([1, 2, 3, 4, 6, 8, 12, 16, 24, 128]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (size) => {
        expect(paddedLength(size)).toBeGreaterThanOrEqual(size);
        expect(paddedLength(paddedLength(size))).toBe(paddedLength(size));
        expect(paddedRows(size)).toBeGreaterThanOrEqual(size);
        expect(paddedRows(size)).toBeLessThan(1.5 * size + 1);
        expect(paddedRows(paddedRows(size))).toBe(paddedRows(size));
      }),
    );
  });

  it('has fourteen lengths up to 1,024, and whole 512s beyond; rows are powers of two and halfway between', () => {
    const sizes = Array.from({ length: 2048 }, (_, index) => index + 1);
    expect([...new Set(sizes.map(paddedLength))]).toEqual([
      8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
    ]);
    const powers = Array.from({ length: 11 }, (_, exponent) => 2 ** exponent);
    const halfway = powers.slice(1, -1).map((power) => 1.5 * power);
    expect([...new Set(sizes.slice(0, 1024).map(paddedRows))]).toEqual(
      [...powers, ...halfway].sort((a, b) => a - b),
    );
    expect(longestOf([])).toBe(0);
    expect(longestOf([new Int32Array(2), new Int32Array(9), new Int32Array(4)])).toBe(9);
  });

  it('keeps every token in its place and marks the rest', () => {
    fc.assert(
      fc.property(rows, (sequences) => {
        const padded = padRows(sequences);
        const mask = keyMask(padded, -1e9);
        const packed = packedRows(padded, 5);
        let next = 5;
        for (let row = 0; row < padded.rows; row += 1) {
          for (let column = 0; column < padded.length; column += 1) {
            const place = row * padded.length + column;
            const isToken = column < sequences[row]!.length;
            expect(padded.ids[place]).toBe(isToken ? sequences[row]![column] : -1);
            expect(mask[place]).toBe(isToken ? 0 : -1e9);
            expect(packed[place]).toBe(isToken ? next++ : -1);
          }
        }
      }),
    );
  });

  it('shifts targets right behind the start token', () => {
    expect([...shiftRight(Int32Array.of(7, 8, 1), 0)]).toEqual([0, 7, 8]);
    expect([...shiftRight(Int32Array.of(1), 3)]).toEqual([3]);
  });
});

describe('the uses of an embedding’s rows', () => {
  it('are all there once, by row, in order; padding is left out', () => {
    const ids = fc
      .array(fc.integer({ min: -1, max: 19 }), { minLength: 1, maxLength: 100 })
      .map((list) => Int32Array.from(list));
    fc.assert(
      fc.property(ids, (list) => {
        const { uses, starts } = sortUses(list, 20);
        expect(starts).toHaveLength(21);
        for (let row = 0; row < 20; row += 1) {
          const expected = [...list.keys()].filter((place) => list[place] === row);
          expect([...uses.subarray(starts[row], starts[row + 1])]).toEqual(expected);
        }
      }),
    );
  });
});
