// The gates of T5's feed-forward layers, x / (1 + exp(-r·(x + a·x³))), and their slopes: GELU in its tanh form (T5 v1.1:
// r = 2·√(2/π), a = 0.044715) and SiLU (UL2: r = 1, a = 0). With s = 1 / (1 + exp(-r·(x + a·x³))) both the value x·s and
// the slope need one exponential and one division, and keep their relative accuracy where s comes close to 0.
import { exp4 } from './vector';

/** Number of SiLU among the gates of commands.ts; GELU is 0. */
const SILU: i32 = 1;

let rate: f32 = 0;
let cubic: f32 = 0;

/** Which gate is meant from now on. */
export function setGate(gate: i32): void {
  rate = gate === SILU ? 1 : 1.5957691216;
  // r · a
  cubic = gate === SILU ? 0 : 0.0713548163;
}

/** s. */
// @ts-ignore: decorator
@inline
export function gateOf(x: v128): v128 {
  const one = f32x4.splat(1);
  // Below infinity, which times SiLU's 0 would be no number.
  const square = f32x4.pmin(f32x4.mul(x, x), f32x4.splat(1e30));
  const exponent = f32x4.mul(x, f32x4.add(f32x4.splat(-rate), f32x4.mul(f32x4.splat(-cubic), square)));
  return f32x4.div(one, f32x4.add(one, exp4(exponent)));
}

/** The gate's derivative: s + x·s·(1 - s)·r·(1 + 3·a·x²). */
// @ts-ignore: decorator
@inline
export function gateSlopeOf(x: v128, s: v128): v128 {
  const square = f32x4.mul(x, x);
  const bend = f32x4.add(f32x4.splat(rate), f32x4.mul(f32x4.splat(3 * cubic), square));
  return f32x4.add(s, f32x4.mul(f32x4.mul(f32x4.mul(x, s), f32x4.sub(f32x4.splat(1), s)), bend));
}
