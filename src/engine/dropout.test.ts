import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DropoutMasks,
  dropoutPlaces,
  dropoutSite,
  headStride,
  type DropoutPlace,
  type DropoutStep,
} from './dropout.ts';

function mask(step: DropoutStep, site = 0, row = 0, columns = 256, first = 0): Float32Array {
  const out = new Float32Array(columns);
  new DropoutMasks(step).fill(site, row, first, columns, out, 0);
  return out;
}

const base: DropoutStep = { rate: 0.5, seed: 7, step: 1 };

describe('dropout', () => {
  it('is the same whenever it is made, in whatever pieces', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(5000),
        fc.nat(40),
        fc.integer({ min: 1, max: 60 }),
        (site, row, quarter, count) => {
          const whole = mask(base, site, row, 256);
          const first = quarter * 4;
          const piece = mask(base, site, row, Math.min(count, 256 - first), first);
          expect([...piece]).toEqual([...whole.subarray(first, first + piece.length)]);
        },
      ),
    );
  });

  it('differs by seed, step, site, row and head', () => {
    const masks = [
      mask(base),
      mask({ ...base, seed: 8 }),
      mask({ ...base, seed: 0 }),
      mask({ ...base, step: 2 }),
      mask(base, 1),
      mask(base, dropoutSite('decoder', 0, 'embedding')),
      mask(base, 0, 1),
      mask(base, 0, 0, 256, headStride),
      // Where a sum of words, not a hash, named the value, these two would be one.
      mask({ ...base, seed: 8, step: 0 }),
    ].map((values) => Array.from(values, (value) => value > 0));
    expect(new Set(masks.map((kept) => kept.join())).size).toBe(masks.length);
    // Not merely different somewhere: about half of all values differ.
    for (const other of masks.slice(1)) {
      const differing = other.filter((value, index) => value !== masks[0]![index]).length;
      expect(differing).toBeGreaterThan(85);
      expect(differing).toBeLessThan(171);
    }
  });

  it('keeps 1 - rate of the values, scaled so that the sum stays', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const values = Array.from({ length: 100 }, (_, row) => [
        ...mask({ ...base, rate }, 3, row, 400),
      ]).flat();
      const kept = values.filter((value) => value !== 0);
      // Six standard deviations of 40,000 draws.
      expect(Math.abs(kept.length / values.length - (1 - rate))).toBeLessThan(
        6 * Math.sqrt((rate * (1 - rate)) / 40_000),
      );
      expect(kept.every((value) => value === Math.fround(1 / (1 - rate)))).toBe(true);
    }
  });

  it('has a number of its own for each site', () => {
    const sites = (['encoder', 'decoder'] as const).flatMap((stack) =>
      Array.from({ length: 300 }, (_, layer) =>
        (Object.keys(dropoutPlaces) as DropoutPlace[]).map((place) => dropoutSite(stack, layer, place)),
      ).flat(),
    );
    expect(new Set(sites).size).toBe(2 * 300 * 8);
  });

  it('gives these bits for ever: runs go on from checkpoints', () => {
    expect(
      [...mask({ rate: 0.5, seed: 2024, step: 3 }, dropoutSite('decoder', 1, 'selfOutput'), 17, 16)].map(
        (value) => value / 2,
      ),
    ).toMatchInlineSnapshot(`
      [
        1,
        1,
        1,
        1,
        0,
        1,
        0,
        1,
        1,
        0,
        0,
        0,
        0,
        1,
        1,
        1,
      ]
    `);
  });
});
