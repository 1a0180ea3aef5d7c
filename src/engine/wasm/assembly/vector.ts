// Functions of four floats at once.

/**
 * sum + a·b: rounded twice, or, in the kernels with relaxed SIMD, as the processor has it: once where it fuses the two.
 */
// @ts-ignore: decorator
@inline
export function addProduct(sum: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
export function sumOf(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3))
  );
}

/**
 * exp within 1.5e-7 of its value (relative), 0 below -87.33; above 88.3 it stays at e^88.3; NaN stays NaN.
 * exp(n ln 2 + r) = 2^n (1 + r + r² q(r)), |r| ≤ ln 2 / 2; q fitted at Chebyshev nodes, its own error 1.0e-8.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const low = f32x4.splat(-87.33);
  const clamped = f32x4.pmin(f32x4.pmax(x, low), f32x4.splat(88.3));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504)));
  // ln 2 in two pieces, the first with so few bits that its product with n is exact.
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444e-4)));
  let q = f32x4.splat(0.0013933733571320772);
  q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.008363235741853714));
  q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.041666463017463684));
  q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.16666576266288757));
  q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.5));
  const value = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), q), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(value, power), f32x4.lt(x, low));
}

/** Reads up to four floats; lanes from `count` on are 0. */
export function loadSome(pointer: usize, count: i32): v128 {
  let v = f32x4.splat(0);
  if (count > 0) v = v128.load_lane<f32>(pointer, v, 0);
  if (count > 1) v = v128.load_lane<f32>(pointer, v, 1, 4);
  if (count > 2) v = v128.load_lane<f32>(pointer, v, 2, 8);
  if (count > 3) v = v128.load_lane<f32>(pointer, v, 3, 12);
  return v;
}

/** Writes the first `count` (up to four) floats. */
export function storeSome(pointer: usize, v: v128, count: i32): void {
  if (count > 0) v128.store_lane<f32>(pointer, v, 0);
  if (count > 1) v128.store_lane<f32>(pointer, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(pointer, v, 2, 8);
  if (count > 3) v128.store_lane<f32>(pointer, v, 3, 12);
}

/**
 * Four 16-bit floats (finite ones), widened. Their bits moved to where a float has them are 2^-112 of their value, also
 * where they are subnormal.
 */
// @ts-ignore: decorator
@inline
export function widenFour(pointer: usize): v128 {
  const bits = v128.load_ext<u16>(pointer);
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  return v128.or(f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))), sign);
}

/** One of them. */
// @ts-ignore: decorator
@inline
export function widenOne(pointer: usize): f32 {
  const bits = <u32>load<u16>(pointer);
  const value = reinterpret<f32>((bits & 0x7fff) << 13) * reinterpret<f32>(0x77800000);
  return (bits & 0x8000) !== 0 ? -value : value;
}

/** Four values of a matrix: floats, or (u16) 16-bit ones. */
// @ts-ignore: decorator
@inline
export function fourOf<T>(pointer: usize): v128 {
  if (sizeof<T>() === 2) return widenFour(pointer);
  return v128.load(pointer);
}

/** One value of a matrix. */
// @ts-ignore: decorator
@inline
export function oneOf<T>(pointer: usize): f32 {
  if (sizeof<T>() === 2) return widenOne(pointer);
  return load<f32>(pointer);
}

/** Writes `count` 16-bit floats as floats. */
export function widen(pointer: usize, target: usize, count: i32): void {
  let left = count;
  for (; left >= 4; left -= 4, pointer += 8, target += 16) v128.store(target, widenFour(pointer));
  for (; left > 0; left -= 1, pointer += 2, target += 4) store<f32>(target, widenOne(pointer));
}

/** As `dot` with b's values as 16-bit floats: the same sums. */
export function dotOfHalves(a: usize, b: usize, count: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let left = count;
  while (left >= 16) {
    s0 = addProduct(s0, v128.load(a), widenFour(b));
    s1 = addProduct(s1, v128.load(a, 16), widenFour(b + 8));
    s2 = addProduct(s2, v128.load(a, 32), widenFour(b + 16));
    s3 = addProduct(s3, v128.load(a, 48), widenFour(b + 24));
    a += 64;
    b += 32;
    left -= 16;
  }
  while (left >= 4) {
    s0 = addProduct(s0, v128.load(a), widenFour(b));
    a += 16;
    b += 8;
    left -= 4;
  }
  if (left > 0) s1 = addProduct(s1, loadSome(a, left), widenSome(b, left));
  return sumOf(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** Up to four 16-bit floats, widened; lanes from `count` on are 0. */
function widenSome(pointer: usize, count: i32): v128 {
  let v = f32x4.splat(0);
  if (count > 0) v = f32x4.replace_lane(v, 0, widenOne(pointer));
  if (count > 1) v = f32x4.replace_lane(v, 1, widenOne(pointer + 2));
  if (count > 2) v = f32x4.replace_lane(v, 2, widenOne(pointer + 4));
  return v;
}

/** Σ a·b over `count` floats: sixteen running sums, added in a fixed order. */
export function dot(a: usize, b: usize, count: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let left = count;
  while (left >= 16) {
    s0 = addProduct(s0, v128.load(a), v128.load(b));
    s1 = addProduct(s1, v128.load(a, 16), v128.load(b, 16));
    s2 = addProduct(s2, v128.load(a, 32), v128.load(b, 32));
    s3 = addProduct(s3, v128.load(a, 48), v128.load(b, 48));
    a += 64;
    b += 64;
    left -= 16;
  }
  while (left >= 4) {
    s0 = addProduct(s0, v128.load(a), v128.load(b));
    a += 16;
    b += 16;
    left -= 4;
  }
  if (left > 0) s1 = addProduct(s1, loadSome(a, left), loadSome(b, left));
  return sumOf(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** target += x over `count` floats. */
export function addTo(target: usize, x: usize, count: i32): void {
  let left = count;
  while (left >= 4) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(x)));
    target += 16;
    x += 16;
    left -= 4;
  }
  while (left > 0) {
    store<f32>(target, load<f32>(target) + load<f32>(x));
    target += 4;
    x += 4;
    left -= 1;
  }
}

/** target += factor·x over `count` floats. */
export function addScaled(target: usize, x: usize, factor: f32, count: i32): void {
  const f = f32x4.splat(factor);
  let left = count;
  while (left >= 4) {
    v128.store(target, addProduct(v128.load(target), f, v128.load(x)));
    target += 16;
    x += 16;
    left -= 4;
  }
  while (left > 0) {
    store<f32>(target, load<f32>(target) + factor * load<f32>(x));
    target += 4;
    x += 4;
    left -= 1;
  }
}

/** target *= factor over `count` floats. */
export function scaleBy(target: usize, factor: f32, count: i32): void {
  const f = f32x4.splat(factor);
  let left = count;
  while (left >= 4) {
    v128.store(target, f32x4.mul(v128.load(target), f));
    target += 16;
    left -= 4;
  }
  while (left > 0) {
    store<f32>(target, load<f32>(target) * factor);
    target += 4;
    left -= 1;
  }
}

/** The greatest of `count` floats (at least one); of a NaN nothing is promised but that exp4 of the rest shows it. */
export function maximum(x: usize, count: i32): f32 {
  let best = f32x4.splat(load<f32>(x));
  let left = count;
  while (left >= 4) {
    best = f32x4.pmax(best, v128.load(x));
    x += 16;
    left -= 4;
  }
  while (left > 0) {
    best = f32x4.pmax(best, v128.load_splat<f32>(x));
    x += 4;
    left -= 1;
  }
  const pair = f32x4.pmax(best, v128.shuffle<f32>(best, best, 2, 3, 2, 3));
  const a = f32x4.extract_lane(pair, 0);
  const b = f32x4.extract_lane(pair, 1);
  return a < b ? b : a;
}

/** Writes exp(x - shift) of `count` floats to `target` (which may be x) and returns their sum. */
export function expAndSum(x: usize, target: usize, shift: f32, count: i32): f32 {
  const s = f32x4.splat(shift);
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let left = count;
  while (left >= 8) {
    const e0 = exp4(f32x4.sub(v128.load(x), s));
    const e1 = exp4(f32x4.sub(v128.load(x, 16), s));
    v128.store(target, e0);
    v128.store(target, e1, 16);
    sum0 = f32x4.add(sum0, e0);
    sum1 = f32x4.add(sum1, e1);
    x += 32;
    target += 32;
    left -= 8;
  }
  while (left > 0) {
    const lanes = left < 4 ? left : 4;
    const e = exp4(f32x4.sub(loadSome(x, lanes), s));
    storeSome(target, e, lanes);
    sum0 = f32x4.add(sum0, keepLanes(e, lanes));
    x += 16;
    target += 16;
    left -= 4;
  }
  return sumOf(f32x4.add(sum0, sum1));
}

/** Lanes from `count` on set to 0. */
// @ts-ignore: decorator
@inline
function keepLanes(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}
