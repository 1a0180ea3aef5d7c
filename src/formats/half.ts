/**
 * 16-bit floats as files store them: IEEE 754 binary16 (`F16`) and bfloat16 (`BF16`). Widening is exact; narrowing
 * rounds to the nearest, ties to even, as PyTorch does. All functions work on bit patterns, so that no platform's
 * float unit can flush a subnormal or quieten a NaN on the way.
 */

/** The float32 bits that equal this binary16 pattern. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // A subnormal, mantissa · 2^-24, is a normal float32: shift the highest set bit up to the implicit one.
  const shift = Math.clz32(mantissa) - 21;
  return (sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13)) >>> 0;
}

/** The binary16 pattern nearest to these float32 bits, ties to even; 65,520 and more become infinite. */
export function floatToHalfBits(float: number): number {
  const sign = (float >>> 16) & 0x8000;
  const magnitude = float & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rebased = magnitude - 0x38000000; // exponent bias 127 -> 15
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  if (magnitude <= 0x33000000) return sign; // 2^-25, half the smallest subnormal, is a tie that goes to zero
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const quotient = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return sign | (quotient + (rest > tie || (rest === tie && (quotient & 1) === 1) ? 1 : 0));
}

/** The bfloat16 pattern nearest to these float32 bits, ties to even. */
export function floatToBfloatBits(float: number): number {
  if ((float & 0x7fffffff) > 0x7f800000) return (float >>> 16) | 0x40;
  return ((float + 0x7fff + ((float >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Binary16 patterns as float32. Exact. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) bits[i] = halfToFloatBits(halves[i]!);
  return new Float32Array(bits.buffer);
}

/** Float32 as the nearest binary16 patterns. */
export function floatsToHalves(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < halves.length; i += 1) halves[i] = floatToHalfBits(bits[i]!);
  return halves;
}

/** Bfloat16 patterns as float32. Exact. */
export function bfloatsToFloats(bfloats: Uint16Array): Float32Array {
  const bits = new Uint32Array(bfloats.length);
  for (let i = 0; i < bfloats.length; i += 1) bits[i] = bfloats[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Float32 as the nearest bfloat16 patterns. */
export function floatsToBfloats(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const bfloats = new Uint16Array(floats.length);
  for (let i = 0; i < bfloats.length; i += 1) bfloats[i] = floatToBfloatBits(bits[i]!);
  return bfloats;
}
