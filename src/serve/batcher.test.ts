import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batcher } from './batcher.ts';
import { Refusal } from './refusal.ts';

interface Run {
  rows: number[];
  kind: string;
}

function make(options: { batchRows: number; waitMs: number; queueRows: number }) {
  const runs: Run[] = [];
  const batcher = new Batcher<number, string, string>({
    ...options,
    keyOf: (kind) => kind,
    run: async (rows, kind) => {
      runs.push({ rows: [...rows], kind });
      await sleep(0);
      if (rows.includes(-1)) throw new Error('this batch fails');
      return rows.map((row) => `${kind}${row}`);
    },
  });
  return { batcher, runs };
}

describe('Batcher', () => {
  it('gives each request its own results, in order, and never mixes kinds nor exceeds a batch', async () => {
    const requests = fc.array(
      fc.record({
        rows: fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
        kind: fc.constantFrom('a', 'b'),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(requests, fc.integer({ min: 1, max: 6 }), async (asked, batchRows) => {
        const { batcher, runs } = make({ batchRows, waitMs: 1, queueRows: 1000 });
        const found = await Promise.all(asked.map(({ rows, kind }) => batcher.submit(rows, kind)));
        expect(found).toEqual(asked.map(({ rows, kind }) => rows.map((row) => `${kind}${row}`)));
        expect(runs.every(({ rows }) => rows.length <= batchRows)).toBe(true);
        expect(batcher.waitingRows).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('computes rows of several requests together, as soon as a batch is full', async () => {
    const { batcher, runs } = make({ batchRows: 3, waitMs: 60_000, queueRows: 10 });
    const first = batcher.submit([1], 'a');
    await sleep(20);
    expect(runs).toEqual([]);
    await Promise.all([first, batcher.submit([2, 3], 'a')]);
    expect(runs).toEqual([{ rows: [1, 2, 3], kind: 'a' }]);
  });

  it('does not wait longer than it should for more rows', async () => {
    const { batcher, runs } = make({ batchRows: 3, waitMs: 20, queueRows: 10 });
    await batcher.submit([1], 'a');
    expect(runs).toHaveLength(1);
  });

  it('refuses what the queue has no room for, whole, and takes a large request where nothing waits', async () => {
    const { batcher, runs } = make({ batchRows: 100, waitMs: 60_000, queueRows: 4 });
    const large = batcher.submit([1, 2, 3, 4, 5], 'a');
    const refused = await batcher.submit([6], 'a').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
    await batcher.end();
    expect(await large).toHaveLength(5);
    expect(runs.flatMap(({ rows }) => rows)).toEqual([1, 2, 3, 4, 5]);
  });

  it('fails the requests of a batch that fails, and no other', async () => {
    const { batcher } = make({ batchRows: 2, waitMs: 0, queueRows: 10 });
    const [bad, good] = await Promise.allSettled([batcher.submit([-1], 'a'), batcher.submit([2], 'b')]);
    expect(bad.status).toBe('rejected');
    expect(good).toEqual({ status: 'fulfilled', value: ['b2'] });
  });
});
