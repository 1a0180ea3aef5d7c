import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketOf,
  embeddingIndex,
  evaluationPasses,
  fits,
  generationParts,
  packPass,
  packStack,
  roundBucket,
  stepRows,
  unite,
} from './passes.ts';
import { planGeneration } from './generation.ts';
import { SlabLayout } from './slab-layout.ts';
import { publishedShapes } from '../../student/shapes.ts';
import { parseTiny, randomBatch, tinyMicroBatch } from './testing/tiny-engine.ts';

const config = parseTiny();
const ids = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 30 });

describe('packing', () => {
  test('sequences lie end to end, tiles cover each query once', () => {
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 5 }), (sequences) => {
        const packed = packStack(sequences.map((sequence) => Int32Array.from(sequence)));
        expect([...packed.ids]).toEqual(sequences.flat());
        const covered: string[] = [];
        for (let tile = 0; tile < packed.tiles.length / 2; tile += 1) {
          const [sequence, first] = packed.tiles.subarray(2 * tile, 2 * tile + 2) as unknown as [
            number,
            number,
          ];
          const end = Math.min(first + 16, sequences[sequence]!.length);
          for (let query = first; query < end; query += 1) covered.push(`${sequence}:${query}`);
          expect(tile - packed.sequences[3 * sequence + 2]!).toBe(first / 16);
        }
        expect(covered).toEqual(
          sequences.flatMap((one, index) => one.map((_, query) => `${index}:${query}`)),
        );
      }),
    );
  });

  test('the embedding index lists each position once, under its id, ascending', () => {
    fc.assert(
      fc.property(ids, ids, (encoder, decoder) => {
        const index = embeddingIndex(Int32Array.from(encoder), Int32Array.from(decoder));
        const all = [...encoder, ...decoder];
        expect([...index.ids]).toEqual([...new Set(all)].sort((a, b) => a - b));
        index.ids.forEach((id, at) => {
          const positions = [...index.rows.subarray(index.starts[at], index.starts[at + 1])];
          expect(positions).toEqual(all.flatMap((one, position) => (one === id ? [position] : [])));
        });
      }),
    );
  });

  test('row weights are alpha and the rest, each shared by all tokens of its task', () => {
    const rows = stepRows(config, [tinyMicroBatch(config, 1), tinyMicroBatch(config, 2)], 0.3);
    const packed = rows.passes.map((pass) => packPass(config, pass));
    const sum = (from: (one: (typeof packed)[number]) => Float64Array) =>
      packed.reduce((total, one) => total + from(one).reduce((a, b) => a + b, 0), 0);
    expect(sum(({ rowWeights, counts }) => rowWeights.subarray(0, counts.answerRows))).toBeCloseTo(0.3, 12);
    expect(sum(({ rowWeights, counts }) => rowWeights.subarray(counts.answerRows))).toBeCloseTo(0.7, 12);
    expect(
      rows.passes.map(({ firstEncoderRow, firstDecoderRow }) => [firstEncoderRow, firstDecoderRow]),
    ).toEqual([
      [0, 0],
      [53, 36],
    ]);
  });

  test('the decoder reads the target shifted right', () => {
    const batch = { inputs: [Int32Array.of(5, 1)], targets: [Int32Array.of(7, 8, 1)] };
    const [pass] = evaluationPasses(config, batch, 8);
    const packed = packPass(config, pass!);
    expect([...packed.decoder.ids]).toEqual([0, 7, 8]);
    expect([...packed.labels]).toEqual([7, 8, 1]);
  });

  test('what is too large for one buffer is split, in order', () => {
    const wide = { ...config, vocab_size: 2 ** 22 };
    const lengths = Array.from({ length: 9 }, (_, index) => [3, 1 + (index % 5)] as const);
    const batch = randomBatch(config, 1, lengths);
    const { passes } = stepRows(wide, [{ answer: batch, rationale: null }], 1);
    expect(passes.length).toBeGreaterThan(1);
    expect(passes.flatMap(({ pairs }) => pairs.map(({ target }) => target))).toEqual(batch.targets);
    let rows = 0;
    for (const { pairs, firstDecoderRow } of passes) {
      expect(firstDecoderRow).toBe(rows);
      expect(fits(wide, bucketOf(pairs))).toBe(true);
      rows += bucketOf(pairs).decoderRows;
    }
  });

  test('no plan that holds all passes is too large, where one has many rows and another long ones', () => {
    const large = publishedShapes.get('flan-t5-base')!;
    // Attention of a step: rows times the longest of any pass.
    const inputs = [...Array<number>(40).fill(100), ...Array<number>(4).fill(1000)];
    const rows = (lengths: readonly number[]) => lengths.map((length) => new Int32Array(length).fill(3));
    const answer = { inputs: rows(inputs), targets: rows(inputs.map(() => 8)) };
    const { passes } = stepRows(large, [{ answer, rationale: null }], 1);
    const union = passes.map(({ pairs }) => bucketOf(pairs)).reduce(unite);
    expect(fits(large, union)).toBe(true);
    expect(passes.flatMap(({ pairs }) => pairs.map(({ input }) => input))).toEqual(answer.inputs);
    expect(passes.length).toBeLessThan(20);
  });

  test('rounded buckets hold what they were made for, with at most an eighth or one unit to spare', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (count) => {
        const bucket = { encoderRows: count, decoderRows: count, sequences: count } as const;
        const lengths = { maxEncoderLength: count, maxDecoderLength: count, generationRows: 3 };
        const rounded = roundBucket({ ...bucket, ...lengths });
        expect(rounded.encoderRows).toBeGreaterThanOrEqual(count);
        expect(rounded.encoderRows).toBeLessThan(count + Math.max(64, count / 8));
        expect(rounded.maxEncoderLength % 16).toBe(0);
        expect(rounded.generationRows).toBe(3);
      }),
    );
  });
});

describe('inputs that are answered together', () => {
  const large = publishedShapes.get('flan-t5-base')!;

  test('keep within rows and a binding, in order, none lost; one alone may be as long as it is', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(lengths, fc.constantFrom(1, 4), (all, numBeams) => {
        const inputs = all.map((length) => new Int32Array(length));
        const parts = generationParts(large, inputs, { maxNewTokens: 64, numBeams }, 64);
        expect(parts.flatMap((part) => part.inputs)).toEqual(inputs);
        for (const { inputs: part, bucket } of parts) {
          expect(bucket.generationRows).toBe(part.length * numBeams);
          expect(bucket.generationRows).toBeLessThanOrEqual(64);
          if (part.length > 1) expect(fits(large, bucket)).toBe(true);
        }
      }),
    );
  });

  test('32 prompts of 1,024 tokens for flan-t5-base: no buffer beyond the default limit of a binding', () => {
    const inputs = Array.from({ length: 32 }, () => new Int32Array(1024));
    const parts = generationParts(large, inputs, { maxNewTokens: 64, numBeams: 1 }, 64);
    const layout = new SlabLayout(large);
    for (const { bucket } of parts) {
      const { slots } = planGeneration(layout, bucket, true);
      expect(4 * Math.max(...slots.map(({ length }) => length))).toBeLessThanOrEqual(2 ** 27);
    }
  });
});
