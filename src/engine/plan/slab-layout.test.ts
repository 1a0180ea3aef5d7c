import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedParameters, sizeOf } from '../../student/parameters.ts';
import { isHalfMatrix } from '../../student/lora/half-base.ts';
import type { Lora } from '../../student/lora/lora.ts';
import { frozenParameters, studentParts } from '../../student/reduce/freeze.ts';
import { isDecayed } from '../engine.ts';
import { maxPartLength, SlabLayout } from './slab-layout.ts';
import { parseTiny } from './testing/tiny-engine.ts';

/** Every float of every part: how often a weight or a range covers it. */
function coverage(layout: SlabLayout): { weights: Uint8Array[]; ranges: Uint8Array[] } {
  const weights = layout.partLengths.map((length) => new Uint8Array(length));
  const ranges = layout.partLengthsOf('gradients').map((length) => new Uint8Array(length));
  for (const { members, part, offset } of layout.blocks) {
    for (const member of members) {
      for (let i = 0; i < member.length; i += 1) weights[part]![offset + member.offset + i]! += 1;
    }
  }
  for (const { part, offset, length } of layout.ranges) {
    for (let i = offset; i < offset + length; i += 1) ranges[part]![i]! += 1;
  }
  return { weights, ranges };
}

const sizes = fc.record({
  vocab_size: fc.integer({ min: 2, max: 40 }),
  d_model: fc.integer({ min: 1, max: 13 }),
  d_kv: fc.integer({ min: 1, max: 5 }),
  d_ff: fc.integer({ min: 1, max: 9 }),
  num_layers: fc.integer({ min: 1, max: 3 }),
  num_decoder_layers: fc.integer({ min: 1, max: 3 }),
  num_heads: fc.integer({ min: 1, max: 3 }),
  tie_word_embeddings: fc.boolean(),
  feed_forward_proj: fc.constantFrom('relu', 'gated-gelu', 'gated-silu'),
  model_type: fc.constantFrom('t5', 'umt5'),
});

describe('SlabLayout', () => {
  test('holds every weight once, blocks aligned, decay by name', () => {
    fc.assert(
      fc.property(sizes, fc.subarray([...studentParts], { maxLength: 2 }), (overrides, parts) => {
        const config = parseTiny(overrides);
        const frozen = frozenParameters(config, parts);
        const layout = new SlabLayout(config, frozen);
        const members = [...layout.blocks].flatMap((block) =>
          block.members.map((member) => ({ ...member, block })),
        );
        const expected = expectedParameters(config);
        expect(members.map(({ name }) => name).sort()).toEqual(expected.map(({ name }) => name).sort());
        for (const { name, length, block } of members) {
          expect(length).toBe(sizeOf(expected.find((parameter) => parameter.name === name)!.shape));
          expect(block.offset % 64).toBe(0);
          expect(block.decayed).toBe(isDecayed(name));
          expect(block.frozen).toBe(frozen.has(name));
          // Frozen weights are where gradients and moments have ended.
          expect(block.part >= layout.partLengthsOf('expAvg').length).toBe(frozen.has(name));
        }
        const { weights, ranges } = coverage(layout);
        for (const part of weights) expect(Math.max(...part)).toBe(1);
        for (const part of ranges) expect([Math.min(...part), Math.max(...part)]).toEqual([1, 1]);
      }),
      { numRuns: 30 },
    );
  });

  test('cuts large students into parts that can be bound', () => {
    const small = parseTiny({
      vocab_size: 32128,
      d_model: 512,
      d_kv: 64,
      d_ff: 1024,
      num_layers: 8,
      num_decoder_layers: 8,
      num_heads: 6,
    });
    const layout = new SlabLayout(small);
    expect(layout.partLengths).toHaveLength(3);
    for (const length of layout.partLengths) expect(length).toBeLessThanOrEqual(maxPartLength);
    expect(layout.crossGroupLayers).toBe(8);
    // 3 B: 24 layers of 32 heads × 128.
    const large = new SlabLayout({
      ...small,
      d_model: 1024,
      d_kv: 128,
      num_heads: 32,
      num_decoder_layers: 24,
      d_ff: 4096,
    });
    expect(large.crossGroupLayers).toBe(3);
    for (const length of large.partLengths) expect(length).toBeLessThanOrEqual(maxPartLength);
  });

  test('keeps the matrices of a base in half precision in parts of their own, and nothing else', () => {
    fc.assert(
      fc.property(sizes, (overrides) => {
        const config = parseTiny(overrides);
        const adapters: Lora = { rank: 1, alpha: 1, dropout: 0, targets: 'all-linear' };
        const half: Lora = { ...adapters, baseDtype: 'float16' };
        const [layout, whole] = [half, adapters].map((lora) => new SlabLayout(config, new Set(), lora)) as [
          SlabLayout,
          SlabLayout,
        ];
        const shapes = new Map(layout.parameters.map((parameter) => [parameter.name, parameter]));
        for (const { members, part, frozen, offset, half: isHalf } of layout.blocks) {
          expect(layout.isHalf('parameters', part)).toBe(isHalf);
          for (const { name, offset: within, length } of members) {
            expect(isHalf).toBe(frozen && isHalfMatrix(shapes.get(name)!));
            // Whole words, which alone a GPU is written in.
            if (isHalf) expect([(offset + within) % 2, length % 2]).toEqual([0, 0]);
          }
        }
        const { weights } = coverage(layout);
        for (const part of weights) expect(Math.max(...part)).toBe(1);
        const trained = (one: SlabLayout) => one.partBytesOf('gradients');
        expect(trained(layout)).toEqual(trained(whole));
        expect(layout.bytesOfAll).toBeLessThanOrEqual(whole.bytesOfAll);
      }),
      { numRuns: 30 },
    );
  });

  test('gives a weight that is larger than a part one of its own where the device binds it, and words where not', () => {
    const large = { ...parseTiny({ d_model: 512, tie_word_embeddings: false }), vocab_size: 250_112 };
    const open = (bindingBytes?: number) => new SlabLayout(large, new Set(), null, 'adamw', bindingBytes);
    expect(() => open()).toThrow(/250,112 pieces × 512\) takes 512 MB, and this GPU binds at most 134 MB/);
    expect(() => open()).toThrow(/Reduce the student first/);
    const parts = open(2 ** 30).partLengths;
    expect(Math.max(...parts)).toBe(512 * 250_112);
    expect(parts.filter((length) => length > maxPartLength)).toHaveLength(2);
  });
});
