// What ends a step: the gradient's norm, the factor that clips it, AdamW; and clearing memory.
import { adamValue, address, adds, maxGradNorm, part, real, shareEnd, shareStart, word } from './command';
import { loadSome, sumOf } from './vector';

const normChunk: i32 = 16384;

export function zero(command: usize): void {
  const target = address(command, 1);
  const length = word(command, 2);
  if (adds(word(command, 3))) return;
  const first = shareStart(length);
  memory.fill(target + ((<usize>first) << 2), 0, (<usize>(shareEnd(length) - first)) << 2);
}

export function squaredNorm(command: usize): void {
  const gradients = address(command, 1);
  const length = word(command, 2);
  const partials = address(command, 3);
  const chunks = (length + normChunk - 1) / normChunk;
  const end = shareEnd(chunks);
  for (let chunk = shareStart(chunks); chunk < end; chunk += 1) {
    const count = min(normChunk, length - chunk * normChunk);
    const sum = sumOfSquares(gradients + ((<usize>(chunk * normChunk)) << 2), count);
    store<f32>(partials + ((<usize>chunk) << 2), sum);
  }
}

/** In runs of 1,024, whose sums are added in double precision. */
function sumOfSquares(x: usize, count: i32): f32 {
  let total: f64 = 0;
  let left = count;
  while (left > 0) {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let run = min(left, 1024);
    left -= run;
    while (run >= 8) {
      const a = v128.load(x);
      const b = v128.load(x, 16);
      s0 = f32x4.add(s0, f32x4.mul(a, a));
      s1 = f32x4.add(s1, f32x4.mul(b, b));
      x += 32;
      run -= 8;
    }
    while (run > 0) {
      const a = loadSome(x, run);
      s0 = f32x4.add(s0, f32x4.mul(a, a));
      x += 16;
      run -= 4;
    }
    total += <f64>sumOf(f32x4.add(s0, s1));
  }
  return <f32>total;
}

/** Whether a float is neither infinite nor NaN. */
function isFiniteBits(x: f32): bool {
  return (reinterpret<u32>(x) & 0x7f800000) !== 0x7f800000;
}

export function clip(command: usize): void {
  if (part !== 0) return;
  const partials = address(command, 1);
  const count = word(command, 2);
  const results = address(command, 3);
  let sum: f64 = 0;
  for (let i = 0; i < count; i += 1) sum += <f64>load<f32>(partials + ((<usize>i) << 2));
  const norm = Math.sqrt(sum);
  const limit = maxGradNorm();
  store<f32>(results, <f32>norm, 8);
  store<f32>(results, limit > 0 ? <f32>min<f64>(1, limit / (norm + 1e-6)) : 1, 12);
  const finite =
    isFiniteBits(load<f32>(results)) &&
    isFiniteBits(load<f32>(results, 4)) &&
    isFiniteBits(load<f32>(results, 8));
  const proceeds = finite && load<f32>(results, 20) === 0;
  store<f32>(results, proceeds ? 1 : 0, 16);
  store<f32>(results, proceeds ? 0 : 1, 20);
}

export function adamw(command: usize): void {
  const results = address(command, 7);
  if (load<f32>(results, 16) === 0) return;
  const length = word(command, 5);
  const clipFactor = f32x4.splat(load<f32>(results, 12));
  const decay = f32x4.splat(word(command, 6) !== 0 ? adamValue(0) : 1);
  const stepSize = f32x4.splat(adamValue(1));
  const rootCorrection = f32x4.splat(adamValue(2));
  const grow1 = f32x4.splat(<f32>(1 - 0.9));
  const keep2 = f32x4.splat(0.999);
  const grow2 = f32x4.splat(<f32>(1 - 0.999));
  const epsilon = f32x4.splat(1e-8);
  // Dealt in runs of 16 floats; blocks are padded to 64.
  const first = (<usize>shareStart((length + 15) >> 4)) << 6;
  const end = min((<usize>length) << 2, (<usize>shareEnd((length + 15) >> 4)) << 6);
  const parameters = address(command, 1);
  const gradients = address(command, 2);
  const averages = address(command, 3);
  const squares = address(command, 4);
  for (let at = first; at < end; at += 16) {
    const g = f32x4.mul(v128.load(gradients + at), clipFactor);
    let p = f32x4.mul(v128.load(parameters + at), decay);
    let m = v128.load(averages + at);
    let v = v128.load(squares + at);
    m = f32x4.add(m, f32x4.mul(grow1, f32x4.sub(g, m)));
    v = f32x4.add(f32x4.mul(keep2, v), f32x4.mul(grow2, f32x4.mul(g, g)));
    const root = f32x4.add(f32x4.div(f32x4.sqrt(v), rootCorrection), epsilon);
    p = f32x4.sub(p, f32x4.div(f32x4.mul(stepSize, m), root));
    v128.store(parameters + at, p);
    v128.store(averages + at, m);
    v128.store(squares + at, v);
  }
}
