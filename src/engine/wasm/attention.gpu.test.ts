/** Attention and the decoder step against their f64 twins, on awkward shapes, and on several threads against one. */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { RandomSequence } from '../../base/random.ts';
import { packStack } from '../plan/passes.ts';
import { relativeBuckets } from '../relative-buckets.ts';
import { accumulate, check, dropout, lengths, makeBench, seed, size, where } from './testing/arbitraries.ts';
import type { Bench } from './testing/one-operation.ts';

describe('attention', () => {
  const shape = fc.record({
    queries: lengths,
    keySeed: seed,
    heads: fc.integer({ min: 1, max: 4 }),
    headSize: fc.constantFrom(1, 3, 7, 16, 20),
    kind: fc.constantFrom('self' as const, 'causal' as const, 'cross' as const),
    drop: dropout,
    run: where,
  });

  type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

  function layOut(bench: Bench, given: Shape) {
    const random = new RandomSequence(given.keySeed);
    const keyLengths =
      given.kind === 'cross' ? given.queries.map(() => 1 + random.nextInt(70)) : given.queries;
    const pack = (all: readonly number[]) => packStack(all.map((length) => new Int32Array(length)));
    const [queries, keys] = [pack(given.queries), pack(keyLengths)];
    const querySequences = bench.table(queries.sequences);
    const counts = {
      decoderSequences: given.queries.length,
      decoderRows: queries.ids.length,
      encoderRows: keys.ids.length,
      decoderTiles: queries.tiles.length / 2,
    };
    const inner = given.heads * given.headSize;
    const maxLength = Math.max(...given.queries, ...keyLengths) + 2;
    return {
      counts,
      inner,
      maxLength,
      rows: queries.ids.length,
      keyRows: keys.ids.length,
      attention: {
        heads: given.heads,
        headSize: given.headSize,
        causal: given.kind === 'causal',
        sequences: 'decoderSequences' as const,
        rows: 'decoderRows' as const,
        tileCount: 'decoderTiles' as const,
        querySequences,
        keySequences: given.kind === 'cross' ? bench.table(keys.sequences) : querySequences,
        tiles: bench.table(queries.tiles),
      },
      buckets: relativeBuckets(maxLength, {
        bidirectional: given.kind === 'self',
        numBuckets: 8,
        maxDistance: 20,
      }),
    };
  }

  test('forward', async () => {
    await check(
      fc.asyncProperty(seed, shape, async (value, given) => {
        const bench = makeBench(value);
        const { counts, inner, maxLength, rows, keyRows, attention, buckets } = layOut(bench, given);
        const columns = (count: number, from: number) => ({ of: bench.tensor([count, 2 * inner + 3]), from });
        const weight = bench.tensor([8, given.heads], 2);
        await bench.check(
          {
            kind: 'attention',
            ...attention,
            q: columns(rows, 0),
            k: columns(keyRows, inner),
            v: columns(keyRows, 1),
            bias: given.kind === 'cross' ? null : { buckets: bench.table(buckets), weight },
            probabilities: bench.tensor([given.heads, rows + 3, maxLength]),
            context: bench.tensor([rows + 3, inner]),
            dropout: given.drop,
          },
          { ...given.run, counts },
          5e-6,
        );
      }),
      30,
    );
  });

  test('adjoint', async () => {
    await check(
      fc.asyncProperty(seed, shape, fc.boolean(), async (value, given, adds) => {
        const bench = makeBench(value);
        const { counts, inner, maxLength, rows, keyRows, attention } = layOut(bench, given);
        const columns = (count: number, from: number) => ({ of: bench.tensor([count, 2 * inner + 3]), from });
        const tiles = counts.decoderTiles;
        await bench.check(
          {
            kind: 'attentionBackward',
            ...attention,
            q: columns(rows, 0),
            k: columns(keyRows, inner),
            v: columns(keyRows, 1),
            dq: columns(rows, 2),
            dk: columns(keyRows, inner),
            dv: columns(keyRows, 0),
            probabilities: bench.tensor([given.heads, rows + 3, maxLength]),
            context: bench.tensor([rows, inner]),
            dContext: bench.tensor([rows, inner]),
            biasPartials:
              given.kind === 'cross' ? null : bench.tensor([tiles + 1, given.heads, 2 * maxLength - 1]),
            accumulate: adds ? 'always' : 'never',
            dropout: given.drop,
          },
          { ...given.run, counts },
          2e-5,
        );
      }),
      30,
    );
  });

  test('gradient of the table of biases', async () => {
    await check(
      fc.asyncProperty(
        seed,
        fc.nat({ max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        accumulate,
        where,
        async (...given) => {
          const [value, tiles, heads, maxLength, causal, mode, run] = given;
          const bench = makeBench(value);
          const buckets = relativeBuckets(maxLength, {
            bidirectional: !causal,
            numBuckets: 8,
            maxDistance: 20,
          });
          await bench.check(
            {
              kind: 'biasGradient',
              tileCount: 'encoderTiles',
              causal,
              buckets: bench.table(buckets),
              accumulate: mode,
              partials: bench.tensor([tiles + 1, heads, 2 * maxLength - 1]),
              output: bench.tensor([8, heads]),
            },
            { ...run, counts: { encoderTiles: tiles } },
            5e-6,
          );
        },
      ),
      20,
    );
  });
});

describe('a decoder step', () => {
  const step = fc.record({
    rows: fc.integer({ min: 1, max: 9 }),
    heads: fc.integer({ min: 1, max: 4 }),
    headSize: fc.constantFrom(1, 3, 7, 16, 20),
    length: fc.integer({ min: 1, max: 40 }),
  });

  test('attention over the cache', async () => {
    await check(
      fc.asyncProperty(seed, step, async (value, { rows, heads, headSize, length }) => {
        const bench = makeBench(value);
        const random = new RandomSequence(value, 1);
        const inner = heads * headSize;
        const capacity = rows + 1;
        const buckets = relativeBuckets(length, { bidirectional: false, numBuckets: 8, maxDistance: 20 });
        await bench.check(
          {
            kind: 'decodeSelfAttention',
            rows: 'generationRows',
            heads,
            headSize,
            qkv: bench.tensor([capacity, 3 * inner]),
            cache: bench.tensor([capacity * length, 2 * inner]),
            ancestry: bench.table(Array.from({ length: capacity * length }, () => random.nextInt(rows))),
            bias: { buckets: bench.table(buckets), weight: bench.tensor([8, heads]) },
            context: bench.tensor([capacity, inner]),
          },
          // Capacities are taken from the counts; see Bench.
          { counts: { generationRows: capacity }, position: random.nextInt(length) },
          5e-6,
        );
      }),
      25,
    );
  });

  test('attention to the input', async () => {
    await check(
      fc.asyncProperty(seed, step, lengths, async (value, { rows, heads, headSize }, inputs) => {
        const bench = makeBench(value);
        const random = new RandomSequence(value, 1);
        const inner = heads * headSize;
        const { sequences, ids } = packStack(inputs.map((length) => new Int32Array(length)));
        const keys = bench.tensor([ids.length, 3 * inner + 1]);
        await bench.check(
          {
            kind: 'decodeCrossAttention',
            rows: 'generationRows',
            heads,
            headSize,
            q: bench.tensor([rows, inner]),
            k: { of: keys, from: 1 },
            v: { of: keys, from: inner + 1 },
            context: bench.tensor([rows, inner]),
            rowSequences: bench.table(Array.from({ length: rows }, () => random.nextInt(inputs.length))),
            sequences: bench.table(sequences),
          },
          { counts: { generationRows: rows } },
          5e-6,
        );
      }),
      25,
    );
  });

  test('choice: the lowest of equals, and nothing after the end', async () => {
    await check(
      fc.asyncProperty(seed, fc.integer({ min: 1, max: 9 }), size, async (value, rows, columns) => {
        const bench = makeBench(value);
        const random = new RandomSequence(value, 1);
        const few = Array.from({ length: rows * columns }, () => random.nextInt(5) - 2);
        await bench.check(
          {
            kind: 'argMax',
            rows: 'generationRows',
            logits: bench.tensor([rows, columns], 1, few),
            endId: 1,
            padId: 0,
            ids: bench.table(Array<number>(rows).fill(7)),
            finished: bench.table(Array.from({ length: rows }, () => random.nextInt(2))),
            generated: bench.table(Array<number>(3 * rows).fill(-5)),
          },
          { counts: { generationRows: rows }, position: 1 },
          0,
        );
      }),
      25,
    );
  });
});
