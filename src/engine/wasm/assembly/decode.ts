// One decoder step: attention over caches, and the choice of the next token.
import { address, extent, part, parts, position, scratch, shareEnd, shareStart, word } from './command';
import { gemmScratch } from './gemm';
import { addScaled, dot, expAndSum, maximum } from './vector';

/** Bytes of scratch memory that a row of scores takes. */
export function decodeScratch(maxKeys: i32): usize {
  return gemmScratch + (<usize>(maxKeys + 16) << 2);
}

export function decodeSelfAttention(command: usize): void {
  const rows = extent(word(command, 1));
  const heads = word(command, 2);
  const headSize = word(command, 3);
  const qkv = address(command, 4);
  const cache = address(command, 5);
  const ancestry = address(command, 6);
  const length = word(command, 7);
  const buckets = address(command, 8);
  const weight = address(command, 9);
  const maxLength = word(command, 10);
  const context = address(command, 11);
  const inner = heads * headSize;
  const at = position();
  const scores = scratch + gemmScratch;
  const bytes = <usize>headSize << 2;
  for (let unit = part; unit < rows * heads; unit += parts) {
    const row = unit / heads;
    const head = unit - row * heads;
    const column = <usize>(head * headSize) << 2;
    const q = qkv + (<usize>(row * 3 * inner) << 2) + column;
    const own = cache + (<usize>((row * length + at) * 2 * inner) << 2) + column;
    const across = <usize>inner << 2;
    memory.copy(own, q + across, bytes);
    memory.copy(own + across, q + 2 * across, bytes);
    const ancestors = ancestry + (<usize>(row * length) << 2);
    for (let p = 0; p <= at; p += 1) {
      const key = p === at ? own : cachedRow(cache, ancestors, p, length, inner) + column;
      const bucket = load<i32>(buckets + (<usize>(p - at + maxLength - 1) << 2));
      const bias = load<f32>(weight + (<usize>(bucket * heads + head) << 2));
      store<f32>(scores + (<usize>p << 2), dot(q, key, headSize) + bias);
    }
    const total = expAndSum(scores, scores, maximum(scores, at + 1), at + 1);
    const out = context + (<usize>(row * inner) << 2) + column;
    memory.fill(out, 0, bytes);
    for (let p = 0; p <= at; p += 1) {
      const value = (p === at ? own : cachedRow(cache, ancestors, p, length, inner) + column) + across;
      addScaled(out, value, load<f32>(scores + (<usize>p << 2)) / total, headSize);
    }
  }
}

/** The cache's row for position p of a row with these ancestors. */
// @ts-ignore: decorator
@inline
function cachedRow(cache: usize, ancestors: usize, p: i32, length: i32, inner: i32): usize {
  const row = load<i32>(ancestors + (<usize>p << 2));
  return cache + (<usize>((row * length + p) * 2 * inner) << 2);
}

export function decodeCrossAttention(command: usize): void {
  const rows = extent(word(command, 1));
  const heads = word(command, 2);
  const headSize = word(command, 3);
  const queries = address(command, 4);
  const k = address(command, 5);
  const kStride = word(command, 6);
  const v = address(command, 7);
  const vStride = word(command, 8);
  const rowSequences = address(command, 9);
  const sequences = address(command, 10);
  const context = address(command, 11);
  const inner = heads * headSize;
  const scores = scratch + gemmScratch;
  const bytes = <usize>headSize << 2;
  for (let unit = part; unit < rows * heads; unit += parts) {
    const row = unit / heads;
    const head = unit - row * heads;
    const column = <usize>(head * headSize) << 2;
    const q = queries + (<usize>(row * inner) << 2) + column;
    const sequence = sequences + <usize>(12 * load<i32>(rowSequences + (<usize>row << 2)));
    const first = load<i32>(sequence);
    const keys = load<i32>(sequence, 4);
    for (let j = 0; j < keys; j += 1) {
      const key = k + (<usize>((first + j) * kStride) << 2) + column;
      store<f32>(scores + (<usize>j << 2), dot(q, key, headSize));
    }
    const total = expAndSum(scores, scores, maximum(scores, keys), keys);
    const out = context + (<usize>(row * inner) << 2) + column;
    memory.fill(out, 0, bytes);
    for (let j = 0; j < keys; j += 1) {
      const value = v + (<usize>((first + j) * vStride) << 2) + column;
      addScaled(out, value, load<f32>(scores + (<usize>j << 2)) / total, headSize);
    }
  }
}

export function argMax(command: usize): void {
  const rows = extent(word(command, 1));
  const columns = word(command, 2);
  const logits = address(command, 3);
  const ids = address(command, 4);
  const finished = address(command, 5);
  const generated = address(command, 6);
  const capacity = word(command, 7);
  const endId = word(command, 8);
  const padId = word(command, 9);
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row += 1) {
    const isDone = finished + (<usize>row << 2);
    const done = load<i32>(isDone) !== 0;
    let id = padId;
    if (!done) id = greatest(logits + (<usize>(row * columns) << 2), columns);
    store<i32>(generated + (<usize>(position() * capacity + row) << 2), id);
    store<i32>(ids + (<usize>row << 2), id);
    if (id === endId) store<i32>(isDone, 1);
  }
}

/** The lowest index of the greatest value. */
function greatest(x: usize, count: i32): i32 {
  const value = maximum(x, count);
  const wanted = f32x4.splat(value);
  let at = 0;
  while (at + 4 <= count && !v128.any_true(f32x4.eq(v128.load(x + (<usize>at << 2)), wanted))) at += 4;
  while (at < count && load<f32>(x + (<usize>at << 2)) !== value) at += 1;
  return at < count ? at : 0;
}
