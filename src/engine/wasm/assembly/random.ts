// Dropout by counter: the bits of ../../dropout.ts, sixteen columns at a time.
import { dropKept, dropKey0, dropKey1, dropKey2, dropKey3, dropThreshold } from './command';
import { loadSome, storeSome } from './vector';

// @ts-ignore: decorator
@inline
function rotateIn(value: i32): i32 {
  return value * 1664525 + 1013904223;
}

// @ts-ignore: decorator
@inline
function kept(values: v128, bits: v128): v128 {
  const keep = i32x4.ge_u(bits, i32x4.splat(dropThreshold));
  return v128.and(f32x4.mul(values, f32x4.splat(dropKept)), keep);
}

/**
 * target[c] = drop(source[c]) for c < count, at (row, column + c) of a site; target may be source. `column` is a
 * multiple of 4. A dropped value is 0 whatever it was.
 */
export function dropRow(source: usize, target: usize, count: i32, row: i32, column: i32, site: i32): void {
  const x0 = i32x4.splat(rotateIn(row ^ dropKey0));
  const z0 = i32x4.splat(rotateIn(site ^ dropKey2));
  const w0 = i32x4.splat(rotateIn(dropKey3));
  let counters = i32x4.add(i32x4.splat(column >> 2), i32x4(0, 1, 2, 3));
  let left = count;
  while (left > 0) {
    // pcg4d of four counters, one in each lane.
    let x = x0;
    let z = z0;
    let w = w0;
    let y = v128.xor(counters, i32x4.splat(dropKey1));
    y = i32x4.add(i32x4.mul(y, i32x4.splat(1664525)), i32x4.splat(1013904223));
    x = i32x4.add(x, i32x4.mul(y, w));
    y = i32x4.add(y, i32x4.mul(z, x));
    z = i32x4.add(z, i32x4.mul(x, y));
    w = i32x4.add(w, i32x4.mul(y, z));
    x = v128.xor(x, i32x4.shr_u(x, 16));
    y = v128.xor(y, i32x4.shr_u(y, 16));
    z = v128.xor(z, i32x4.shr_u(z, 16));
    w = v128.xor(w, i32x4.shr_u(w, 16));
    x = i32x4.add(x, i32x4.mul(y, w));
    y = i32x4.add(y, i32x4.mul(z, x));
    z = i32x4.add(z, i32x4.mul(x, y));
    w = i32x4.add(w, i32x4.mul(y, z));
    // Each counter's four words are four columns: transpose.
    const xy0 = v128.shuffle<i32>(x, y, 0, 4, 1, 5);
    const xy1 = v128.shuffle<i32>(x, y, 2, 6, 3, 7);
    const zw0 = v128.shuffle<i32>(z, w, 0, 4, 1, 5);
    const zw1 = v128.shuffle<i32>(z, w, 2, 6, 3, 7);
    const b0 = v128.shuffle<i32>(xy0, zw0, 0, 1, 4, 5);
    const b1 = v128.shuffle<i32>(xy0, zw0, 2, 3, 6, 7);
    const b2 = v128.shuffle<i32>(xy1, zw1, 0, 1, 4, 5);
    const b3 = v128.shuffle<i32>(xy1, zw1, 2, 3, 6, 7);
    if (left >= 16) {
      v128.store(target, kept(v128.load(source), b0));
      v128.store(target, kept(v128.load(source, 16), b1), 16);
      v128.store(target, kept(v128.load(source, 32), b2), 32);
      v128.store(target, kept(v128.load(source, 48), b3), 48);
    } else {
      dropSome(source, target, left, b0);
      dropSome(source + 16, target + 16, left - 4, b1);
      dropSome(source + 32, target + 32, left - 8, b2);
      dropSome(source + 48, target + 48, left - 12, b3);
    }
    source += 64;
    target += 64;
    left -= 16;
    counters = i32x4.add(counters, i32x4.splat(4));
  }
}

function dropSome(source: usize, target: usize, count: i32, bits: v128): void {
  if (count > 0) storeSome(target, kept(loadSome(source, count), bits), count);
}
