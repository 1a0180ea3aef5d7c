import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineFixtures, readJson, sharedGoldens } from '../../tests/support/goldens.ts';
import { relativeBuckets, wideBucketEdges, type BucketOptions } from './relative-buckets.ts';

/** The bucket of one relative position. */
function bucketOf(relative: number, options: BucketOptions): number {
  const length = Math.abs(relative) + 1;
  return relativeBuckets(length, options)[relative + length - 1]!;
}

describe('relative buckets', () => {
  it('begin where T5’s own do: 32 buckets to a distance of 128', () => {
    expect(wideBucketEdges(8, 8, 128)).toEqual([8, 12, 16, 23, 32, 46, 64, 91]);
    expect(wideBucketEdges(16, 16, 128)).toEqual([
      16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113,
    ]);
  });

  it('are those of Hugging Face (own fixture)', () => {
    const table = readJson(engineFixtures, 'relative-buckets.json') as Record<string, number>[];
    expect(table).toHaveLength(20);
    for (const row of table) {
      const { relative } = row as { relative: number };
      for (const [key, bidirectional, numBuckets, maxDistance] of [
        ['encoder', true, 32, 128],
        ['decoder', false, 32, 128],
        ['encoder16', true, 16, 64],
        ['decoder16', false, 16, 64],
      ] as const) {
        expect(bucketOf(relative, { bidirectional, numBuckets, maxDistance }), `${key} of ${relative}`).toBe(
          row[key],
        );
      }
    }
  });

  // Without the shared goldens the fixture above stands alone.
  it.skipIf(!existsSync(join(sharedGoldens, 'relative-buckets.json')))(
    'are those of Hugging Face from -200 to 200',
    () => {
      const tables = readJson(sharedGoldens, 'relative-buckets.json') as (BucketOptions & {
        buckets: number[];
      })[];
      expect(tables).toHaveLength(4);
      for (const { buckets, ...options } of tables)
        expect([...relativeBuckets(201, options)]).toEqual(buckets);
    },
  );

  it('never fall with distance, and stay in range', () => {
    const options = fc.record({
      bidirectional: fc.boolean(),
      numBuckets: fc.constantFrom(8, 16, 32, 64),
      maxDistance: fc.constantFrom(64, 128, 200),
    });
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 300 }), (chosen, length) => {
        const buckets = relativeBuckets(length, chosen);
        const half = chosen.bidirectional ? chosen.numBuckets / 2 : chosen.numBuckets;
        const before = [...buckets.subarray(0, length)].reverse();
        expect(before[0]).toBe(0);
        before.forEach((bucket, distance) => {
          expect(bucket).toBeGreaterThanOrEqual(before[distance - 1] ?? 0);
          expect(bucket).toBeLessThan(half);
          const after = buckets[length - 1 + distance]!;
          if (distance > 0) expect(after).toBe(chosen.bidirectional ? half + bucket : 0);
        });
      }),
      { numRuns: 50 },
    );
  });
});
