import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bfloatsToFloats,
  floatsToBfloats,
  floatsToHalves,
  floatToBfloatBits,
  floatToHalfBits,
  halvesToFloats,
} from './half.ts';

const word = new Uint32Array(1);
const view = new Float32Array(word.buffer);
function valueOf(bits: number): number {
  word[0] = bits;
  return view[0]!;
}

/** The slow twin of widening, from the definition of the format. */
function slowValue(bits: number, exponentBits: number, mantissaBits: number): number {
  const sign = bits >>> 15 === 0 ? 1 : -1;
  const exponent = (bits >>> mantissaBits) & ((1 << exponentBits) - 1);
  const mantissa = bits & ((1 << mantissaBits) - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === (1 << exponentBits) - 1) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias);
}

/** The slow twin of narrowing: the nearest by bisection over all patterns, the even one where two are as near. */
function slowNarrow(value: number, exponentBits: number, mantissaBits: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const infinite = ((1 << exponentBits) - 1) << mantissaBits;
  if (magnitude === Infinity) return sign | infinite;
  let low = 0;
  let high = infinite;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (slowValue(middle, exponentBits, mantissaBits) <= magnitude) low = middle;
    else high = middle;
  }
  // Above the largest finite value, infinity stands where the next value would be.
  const above =
    high === infinite ? 2 ** (2 ** (exponentBits - 1)) : slowValue(high, exponentBits, mantissaBits);
  const below = magnitude - slowValue(low, exponentBits, mantissaBits);
  const rest = above - magnitude;
  return sign | (below < rest || (below === rest && (low & 1) === 0) ? low : high);
}

const formats = [
  {
    name: 'F16',
    exponentBits: 5,
    mantissaBits: 10,
    widen: halvesToFloats,
    narrow: floatToHalfBits,
    narrowAll: floatsToHalves,
  },
  {
    name: 'BF16',
    exponentBits: 8,
    mantissaBits: 7,
    widen: bfloatsToFloats,
    narrow: floatToBfloatBits,
    narrowAll: floatsToBfloats,
  },
];

describe.each(formats)('$name', ({ exponentBits, mantissaBits, widen, narrow, narrowAll }) => {
  const everyPattern = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

  it('widens every pattern to its value', () => {
    const floats = widen(everyPattern);
    const wrong = [...floats].findIndex(
      (float, bits) => !Object.is(float, slowValue(bits, exponentBits, mantissaBits)),
    );
    expect(wrong).toBe(-1);
  });

  it('narrows every widened pattern to itself, NaN to NaN', () => {
    const back = narrowAll(widen(everyPattern));
    const wrong = [...back].findIndex(
      (bits, original) =>
        bits !== original &&
        !(
          Number.isNaN(slowValue(original, exponentBits, mantissaBits)) &&
          Number.isNaN(slowValue(bits, exponentBits, mantissaBits))
        ),
    );
    expect(wrong).toBe(-1);
  });

  it('rounds any float32 to the nearest, ties to even', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => {
        const value = valueOf(bits);
        fc.pre(!Number.isNaN(value));
        expect(narrow(bits)).toBe(slowNarrow(value, exponentBits, mantissaBits));
      }),
      { numRuns: 3000 },
    );
  });

  it('rounds the middle between two neighbours, and its own neighbours, rightly', () => {
    const middles = new Float32Array(1);
    const bits = new Uint32Array(middles.buffer);
    for (let low = 0; low < (((1 << exponentBits) - 1) << mantissaBits) - 1; low += 7) {
      middles[0] =
        (slowValue(low, exponentBits, mantissaBits) + slowValue(low + 1, exponentBits, mantissaBits)) / 2;
      const middle = bits[0]!;
      expect(narrow(middle)).toBe(low + (low & 1));
      expect(narrow(middle - 1)).toBe(low);
      expect(narrow(middle + 1)).toBe(low + 1);
    }
  });
});

describe('the edge of F16', () => {
  it.each([
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [-65520, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -25 * (1 + 2 ** -23), 1],
    [-0, 0x8000],
  ])('%d is %d', (value, expected) => {
    expect(floatsToHalves(Float32Array.of(value))[0]).toBe(expected);
  });
});
