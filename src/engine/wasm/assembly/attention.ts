// Attention over packed rows, forward and backward. A thread takes whole heads of whole sequences, and of those 64
// queries at a time: scores, probabilities and their gradients never leave the nearest caches.
import { address, drops, extent, firstRow, part, parts, scratch, word } from './command';
import { gemm, gemmScratch, NN, NT, TN } from './gemm';
import { dropRow } from './random';
import { addTo, dot, expAndSum, maximum, scaleBy } from './vector';

const queryBlock: i32 = 64;
/** Query rows in a tile of the bias gradient, as ../../plan/plan.ts has it. */
const tileRows: i32 = 16;

/** Bytes of scratch memory for sequences of up to `maxKeys` keys and `distances` relative positions. */
export function attentionScratch(maxKeys: i32, distances: i32): usize {
  return gemmScratch + (<usize>(2 * queryBlock * padded(maxKeys) + distances + 16) << 2);
}

// @ts-ignore: decorator
@inline
function padded(keys: i32): i32 {
  return (keys + 3) & ~3;
}

// What both directions read of a command.
let headSize: i32 = 0;
let causal: bool = false;
let q: usize = 0;
let qStride: i32 = 0;
let k: usize = 0;
let kStride: i32 = 0;
let v: usize = 0;
let vStride: i32 = 0;
let maxLength: i32 = 0;
let capacity: i32 = 0;
let maxKeys: i32 = 0;
let probabilities: usize = 0;
let dropped: bool = false;
let dropBase: i32 = 0;
let dropSite: i32 = 0;

// One head of one sequence.
let head: i32 = 0;
let queryRow: i32 = 0;
let queries: i32 = 0;
let keyRow: i32 = 0;
let keys: i32 = 0;
let firstTile: i32 = 0;

function readCommand(command: usize): void {
  headSize = word(command, 2);
  causal = word(command, 3) !== 0;
  q = address(command, 10);
  qStride = word(command, 11);
  k = address(command, 12);
  kStride = word(command, 13);
  v = address(command, 14);
  vStride = word(command, 15);
  maxLength = word(command, 18);
  probabilities = address(command, 19);
  capacity = word(command, 20);
  maxKeys = word(command, 21);
  const stack = word(command, 24);
  dropped = drops(stack);
  dropBase = firstRow(stack);
  dropSite = word(command, 25);
}

function selectUnit(command: usize, unit: i32): void {
  const heads = word(command, 1);
  const sequence = unit / heads;
  head = unit - sequence * heads;
  const ofQueries = address(command, 7) + <usize>(sequence * 12);
  const ofKeys = address(command, 8) + <usize>(sequence * 12);
  queryRow = load<i32>(ofQueries);
  queries = load<i32>(ofQueries, 4);
  firstTile = load<i32>(ofQueries, 8);
  keyRow = load<i32>(ofKeys);
  keys = load<i32>(ofKeys, 4);
}

/** Address of this head's columns in a row of a matrix. */
// @ts-ignore: decorator
@inline
function headRow(base: usize, stride: i32, row: i32): usize {
  return base + (<usize>(row * stride + head * headSize) << 2);
}

// @ts-ignore: decorator
@inline
function probabilityRow(query: i32): usize {
  return probabilities + (<usize>((head * capacity + queryRow + query) * maxKeys) << 2);
}

export function attention(command: usize): void {
  readCommand(command);
  const buckets = address(command, 16);
  const biasWeight = address(command, 17);
  const context = address(command, 22);
  const contextStride = word(command, 23);
  const heads = word(command, 1);
  const units = extent(word(command, 4)) * heads;
  const scores = scratch + gemmScratch;
  const stride = padded(maxKeys);
  const bias = scores + (<usize>(2 * queryBlock * stride) << 2);
  for (let unit = part; unit < units; unit += parts) {
    selectUnit(command, unit);
    if (buckets !== 0) {
      const to = causal ? 0 : keys - 1;
      for (let distance = 1 - queries; distance <= to; distance += 1) {
        const index = <usize>(distance + maxLength - 1) << 2;
        const bucket = load<i32>(buckets + index);
        store<f32>(bias + index, load<f32>(biasWeight + (<usize>(bucket * heads + head) << 2)));
      }
    }
    for (let first = 0; first < queries; first += queryBlock) {
      const rows = min(queryBlock, queries - first);
      const seen = causal ? min(keys, first + rows) : keys;
      const qRow = headRow(q, qStride, queryRow + first);
      const kRow = headRow(k, kStride, keyRow);
      gemm(NT, rows, seen, headSize, qRow, qStride, kRow, kStride, scores, stride, false);
      for (let row = 0; row < rows; row += 1) {
        const query = first + row;
        const count = causal ? query + 1 : keys;
        const score = scores + (<usize>(row * stride) << 2);
        if (buckets !== 0) addTo(score, bias + (<usize>(maxLength - 1 - query) << 2), count);
        const p = probabilityRow(query);
        const sum = expAndSum(score, p, maximum(score, count), count);
        scaleBy(p, 1 / sum, count);
        if (dropped) {
          dropRow(p, score, count, dropBase + queryRow + query, head << 16, dropSite);
        } else {
          memory.copy(score, p, <usize>count << 2);
        }
        if (count < seen) memory.fill(score + (<usize>count << 2), 0, <usize>(seen - count) << 2);
      }
      const vRow = headRow(v, vStride, keyRow);
      const out = headRow(context, contextStride, queryRow + first);
      gemm(NN, rows, headSize, seen, scores, stride, vRow, vStride, out, contextStride, false);
    }
  }
}

export function attentionBackward(command: usize): void {
  readCommand(command);
  const contextStride = word(command, 23);
  const dContext = address(command, 26);
  const dq = address(command, 27);
  const dqStride = word(command, 28);
  const dk = address(command, 29);
  const dkStride = word(command, 30);
  const dv = address(command, 31);
  const dvStride = word(command, 32);
  const units = extent(word(command, 4)) * word(command, 1);
  const stride = padded(maxKeys);
  const ds = scratch + gemmScratch;
  const dropping = ds + (<usize>(queryBlock * stride) << 2);
  for (let unit = part; unit < units; unit += parts) {
    selectUnit(command, unit);
    const kRow = headRow(k, kStride, keyRow);
    const vRow = headRow(v, vStride, keyRow);
    const dkRow = headRow(dk, dkStride, keyRow);
    const dvRow = headRow(dv, dvStride, keyRow);
    for (let first = 0; first < queries; first += queryBlock) {
      const rows = min(queryBlock, queries - first);
      const seen = causal ? min(keys, first + rows) : keys;
      const dRow = headRow(dContext, contextStride, queryRow + first);
      const qRow = headRow(q, qStride, queryRow + first);
      gemm(NT, rows, seen, headSize, dRow, contextStride, vRow, vStride, ds, stride, false);
      for (let row = 0; row < rows; row += 1) {
        scoreGradient(first + row, seen, ds + (<usize>(row * stride) << 2), dropping + (<usize>(row * stride) << 2));
      }
      biasGradient(command, first, rows, ds, stride);
      const dqRow = headRow(dq, dqStride, queryRow + first);
      gemm(NN, rows, headSize, seen, ds, stride, kRow, kStride, dqRow, dqStride, false);
      // Keys that earlier queries have not reached are written for the first time.
      const known = first === 0 ? 0 : causal ? min(keys, first) : keys;
      gemm(TN, known, headSize, rows, ds, stride, qRow, qStride, dkRow, dkStride, true);
      gemm(TN, known, headSize, rows, dropping, stride, dRow, contextStride, dvRow, dvStride, true);
      const past = <usize>known << 2;
      const more = seen - known;
      const dkNew = dkRow + past * <usize>dkStride;
      const dvNew = dvRow + past * <usize>dvStride;
      gemm(TN, more, headSize, rows, ds + past, stride, qRow, qStride, dkNew, dkStride, false);
      gemm(TN, more, headSize, rows, dropping + past, stride, dRow, contextStride, dvNew, dvStride, false);
    }
  }
}

/** From dp (in place) to ds = p·(drop(dp) - Σ p·drop(dp)), and drop(p) to `droppedP`; zeros where nothing is seen. */
function scoreGradient(query: i32, seen: i32, dp: usize, droppedP: usize): void {
  const count = causal ? query + 1 : keys;
  const p = probabilityRow(query);
  if (dropped) {
    const row = dropBase + queryRow + query;
    dropRow(dp, dp, count, row, head << 16, dropSite);
    dropRow(p, droppedP, count, row, head << 16, dropSite);
  } else {
    memory.copy(droppedP, p, <usize>count << 2);
  }
  const delta = dot(p, dp, count);
  const d = f32x4.splat(delta);
  let at: usize = 0;
  let left = count;
  while (left >= 4) {
    v128.store(dp + at, f32x4.mul(v128.load(p + at), f32x4.sub(v128.load(dp + at), d)));
    at += 16;
    left -= 4;
  }
  while (left > 0) {
    store<f32>(dp + at, load<f32>(p + at) * (load<f32>(dp + at) - delta));
    at += 4;
    left -= 1;
  }
  if (count < seen) {
    const empty = <usize>(seen - count) << 2;
    memory.fill(dp + (<usize>count << 2), 0, empty);
    memory.fill(droppedP + (<usize>count << 2), 0, empty);
  }
}

/** Sums ds along its diagonals, tile by tile of 16 queries. */
function biasGradient(command: usize, first: i32, rows: i32, ds: usize, stride: i32): void {
  const partials = address(command, 33);
  if (partials === 0) return;
  const heads = word(command, 1);
  const distances = 2 * maxLength - 1;
  const adding = word(command, 34) === 1;
  for (let row = 0; row < rows; row += 1) {
    const query = first + row;
    const tile = firstTile + query / tileRows;
    const target = partials + (<usize>((tile * heads + head) * distances) << 2);
    if (query % tileRows === 0 && !adding) memory.fill(target, 0, <usize>distances << 2);
    const count = causal ? query + 1 : keys;
    addTo(target + (<usize>(maxLength - 1 - query) << 2), ds + (<usize>(row * stride) << 2), count);
  }
}
