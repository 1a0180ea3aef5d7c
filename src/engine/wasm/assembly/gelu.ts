// The gate of T5 v1.1: GELU in its tanh form, and its slope.
import { tanh4 } from './vector';

/** The hyperbolic tangent in GELU: tanh(√(2/π)·(x + 0.044715·x³)). */
// @ts-ignore: decorator
@inline
export function geluTanh4(x: v128): v128 {
  const cubic = f32x4.mul(f32x4.splat(0.044715), f32x4.mul(f32x4.mul(x, x), x));
  return tanh4(f32x4.mul(f32x4.splat(0.7978845608), f32x4.add(x, cubic)));
}

/** 0.5·x·(1 + t). */
// @ts-ignore: decorator
@inline
export function geluOf(x: v128, t: v128): v128 {
  return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(f32x4.splat(1), t));
}

export function gelu4(x: v128): v128 {
  return geluOf(x, geluTanh4(x));
}

/** GELU's derivative, t as above. */
// @ts-ignore: decorator
@inline
export function geluSlopeOf(x: v128, t: v128): v128 {
  const one = f32x4.splat(1);
  const half = f32x4.splat(0.5);
  const square = f32x4.mul(f32x4.splat(0.134145), f32x4.mul(x, x));
  const slope = f32x4.mul(f32x4.splat(0.7978845608), f32x4.add(one, square));
  const bend = f32x4.mul(f32x4.mul(half, x), f32x4.mul(f32x4.sub(one, f32x4.mul(t, t)), slope));
  return f32x4.add(f32x4.mul(half, f32x4.add(one, t)), bend);
}
