import fc from 'fast-check';
import { expect, test } from 'vitest';
import { samplePoints } from './sample-points.ts';

test('few stay whole; many keep first and last, in order, without repeats', () => {
  fc.assert(
    fc.property(fc.nat(3000), fc.integer({ min: 2, max: 60 }), (length, count) => {
      const items = Array.from({ length }, (_, index) => index);
      const sample = samplePoints(items, count);
      expect(sample).toHaveLength(Math.min(length, count));
      expect(sample[0]).toBe(items[0]);
      expect(sample.at(-1)).toBe(items.at(-1));
      for (let index = 1; index < sample.length; index += 1)
        expect(sample[index]!).toBeGreaterThan(sample[index - 1]!);
    }),
  );
});
