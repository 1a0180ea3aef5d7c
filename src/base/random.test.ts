import { describe, expect, it } from 'vitest';
import { pcg4d, RandomSequence } from './random.ts';

describe('pcg4d', () => {
  // The paper's definition, in exact integer arithmetic.
  function twin(input: readonly number[]): number[] {
    const word = (value: bigint) => value & 0xffff_ffffn;
    const v = input.map((value) => word(BigInt(value >>> 0) * 1664525n + 1013904223n));
    const mix = () => {
      v[0] = word(v[0]! + v[1]! * v[3]!);
      v[1] = word(v[1]! + v[2]! * v[0]);
      v[2] = word(v[2]! + v[0] * v[1]);
      v[3] = word(v[3]! + v[1] * v[2]);
    };
    mix();
    for (let index = 0; index < 4; index += 1) v[index] = v[index]! ^ (v[index]! >> 16n);
    mix();
    return v.map(Number);
  }

  it('agrees with its definition', () => {
    const out = new Uint32Array(4);
    for (const input of [
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [0xffff_ffff, 0x8000_0000, 7, 0x1234_5678],
      // Bits that a wrong line sets are set by chance too: of several inputs in one at least they are not.
      ...Array.from({ length: 20 }, (_, at) => [at, 7 * at, at * at, at + 3] as const),
    ] as const) {
      pcg4d(input[0], input[1], input[2], input[3], out);
      expect([...out]).toEqual(twin(input));
    }
  });
});

describe('RandomSequence', () => {
  it('repeats for a seed and differs between seeds and streams', () => {
    const draw = (seed: number, stream: number) => {
      const random = new RandomSequence(seed, stream);
      return Array.from({ length: 6 }, () => random.nextUint32());
    };
    expect(draw(3, 0)).toEqual(draw(3, 0));
    expect(draw(3, 0)).not.toEqual(draw(4, 0));
    expect(draw(3, 0)).not.toEqual(draw(3, 1));
  });

  it('gives the four words of each hash in turn, from the first', () => {
    const random = new RandomSequence(7, 2);
    const out = new Uint32Array(4);
    for (const counter of [0, 1]) {
      pcg4d(counter, 2, 0x5717, 7, out);
      expect(Array.from({ length: 4 }, () => random.nextUint32())).toEqual([...out]);
    }
  });

  it('is uniform and normal enough', () => {
    const random = new RandomSequence(0);
    const count = 20_000;
    let sum = 0;
    let normal = 0;
    let squared = 0;
    for (let index = 0; index < count; index += 1) {
      sum += random.next();
      const value = random.nextNormal();
      normal += value;
      squared += value * value;
    }
    // Five standard errors of the means.
    expect(Math.abs(sum / count - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(normal / count)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(squared / count - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
  });

  it('draws whole numbers below a bound, each about as often', () => {
    const random = new RandomSequence(5);
    const counts = new Array<number>(6).fill(0);
    for (let index = 0; index < 6000; index += 1) counts[random.nextInt(6)]! += 1;
    // Five standard deviations.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(6000 * (5 / 36)));
  });

  it('permutes', () => {
    const order = new RandomSequence(1).permutation(100);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
  });
});
