// The gate of T5 v1.1: GELU in its tanh form, and its slope. With s = (1 + tanh u) / 2 = 1 / (1 + exp(-2u)) both need one
// exponential and one division, and keep their relative accuracy where tanh comes close to -1.
import { exp4 } from './vector';

/** s for u = √(2/π)·(x + 0.044715·x³). */
// @ts-ignore: decorator
@inline
export function gateOf(x: v128): v128 {
  const one = f32x4.splat(1);
  // -2·√(2/π)·(x + 0.044715·x³)
  const square = f32x4.mul(x, x);
  const minusTwoU = f32x4.mul(
    x,
    f32x4.add(f32x4.splat(-1.5957691216), f32x4.mul(f32x4.splat(-0.0713548163), square)),
  );
  return f32x4.div(one, f32x4.add(one, exp4(minusTwoU)));
}

/** GELU's derivative: s + 2·x·s·(1 - s)·√(2/π)·(1 + 3·0.044715·x²). */
// @ts-ignore: decorator
@inline
export function geluSlopeOf(x: v128, s: v128): v128 {
  const square = f32x4.mul(x, x);
  const bend = f32x4.add(f32x4.splat(1.5957691216), f32x4.mul(f32x4.splat(0.2140644488), square));
  return f32x4.add(s, f32x4.mul(f32x4.mul(f32x4.mul(x, s), f32x4.sub(f32x4.splat(1), s)), bend));
}
