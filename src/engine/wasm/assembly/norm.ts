// T5's layer norm and its adjoint, rows of the embedding, and sums of partial results.
import {
  address,
  adds,
  dropKept,
  drops,
  dropThreshold,
  extent,
  firstRow,
  part,
  parts,
  real,
  scratch,
  setDropout,
  shareEnd,
  shareStart,
  word,
} from './command';
import { gemmScratch } from './gemm';
import { dropRow } from './random';
import { addTo, dot, loadSome, storeSome, widen } from './vector';

/** y = weight · x · inverse, by row. */
export function rmsNorm(command: usize): void {
  const rows = extent(word(command, 1));
  const columns = word(command, 2);
  const x = address(command, 3);
  const weight = address(command, 4);
  const y = address(command, 5);
  const inverses = address(command, 6);
  const epsilon = real(command, 7);
  const stack = word(command, 8);
  const site = word(command, 9);
  const dropped = drops(stack);
  const bytes = (<usize>columns) << 2;
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row += 1) {
    const from = x + <usize>row * bytes;
    const to = y + <usize>row * bytes;
    const inverse: f32 = 1 / sqrt<f32>(dot(from, from, columns) / <f32>columns + epsilon);
    store<f32>(inverses + ((<usize>row) << 2), inverse);
    const i = f32x4.splat(inverse);
    let at: usize = 0;
    let left = columns;
    while (left >= 4) {
      v128.store(to + at, f32x4.mul(v128.load(weight + at), f32x4.mul(v128.load(from + at), i)));
      at += 16;
      left -= 4;
    }
    if (left > 0) {
      storeSome(
        to + at,
        f32x4.mul(loadSome(weight + at, left), f32x4.mul(loadSome(from + at, left), i)),
        left,
      );
    }
    if (dropped) dropRow(to, to, columns, firstRow(stack) + row, 0, site);
  }
}

/** Its adjoint. Whole runs of rows go to one thread, which sums each run's weight gradient in order. */
export function rmsNormBackward(command: usize): void {
  const rows = extent(word(command, 1));
  const columns = word(command, 2);
  const dy = address(command, 3);
  const x = address(command, 4);
  const inverses = address(command, 5);
  const weight = address(command, 6);
  const dx = address(command, 7);
  const adding = word(command, 8) === 1;
  const partials = address(command, 9);
  const runs = word(command, 10);
  const stack = word(command, 11);
  const site = word(command, 12);
  const next = address(command, 13);
  const nextStack = word(command, 14);
  const nextSite = word(command, 15);
  const scratchRow = scratch + gemmScratch;
  const dropped = drops(stack);
  const nextDropped = drops(nextStack);
  const bytes = (<usize>columns) << 2;
  const perRun = (rows + runs - 1) / runs;
  const runEnd = shareEnd(runs);
  for (let run = shareStart(runs); run < runEnd; run += 1) {
    const sums = partials + <usize>run * bytes;
    memory.fill(sums, 0, bytes);
    const end = min(rows, (run + 1) * perRun);
    for (let row = run * perRun; row < end; row += 1) {
      const offset = <usize>row * bytes;
      let u = dy + offset;
      if (dropped) {
        dropRow(u, scratchRow, columns, firstRow(stack) + row, 0, site);
        u = scratchRow;
      }
      backwardRow(
        u,
        x + offset,
        load<f32>(inverses + ((<usize>row) << 2)),
        weight,
        dx + offset,
        sums,
        columns,
        adding,
      );
      if (next !== 0) {
        if (nextDropped) dropRow(dx + offset, next + offset, columns, firstRow(nextStack) + row, 0, nextSite);
        else memory.copy(next + offset, dx + offset, bytes);
      }
    }
  }
}

function backwardRow(
  u: usize,
  x: usize,
  inverse: f32,
  weight: usize,
  dx: usize,
  sums: usize,
  columns: i32,
  adding: bool,
): void {
  let dots = f32x4.splat(0);
  let at: usize = 0;
  let left = columns;
  while (left >= 4) {
    const wu = f32x4.mul(v128.load(weight + at), v128.load(u + at));
    dots = f32x4.add(dots, f32x4.mul(wu, v128.load(x + at)));
    at += 16;
    left -= 4;
  }
  if (left > 0) {
    const wu = f32x4.mul(loadSome(weight + at, left), loadSome(u + at, left));
    dots = f32x4.add(dots, f32x4.mul(wu, loadSome(x + at, left)));
  }
  const total =
    f32x4.extract_lane(dots, 0) +
    f32x4.extract_lane(dots, 2) +
    (f32x4.extract_lane(dots, 1) + f32x4.extract_lane(dots, 3));
  const i = f32x4.splat(inverse);
  const shift = f32x4.splat((inverse * inverse * total) / <f32>columns);
  at = 0;
  left = columns;
  while (left > 0) {
    const whole = left >= 4;
    const uu = whole ? v128.load(u + at) : loadSome(u + at, left);
    const ww = whole ? v128.load(weight + at) : loadSome(weight + at, left);
    const xx = whole ? v128.load(x + at) : loadSome(x + at, left);
    let v = f32x4.mul(i, f32x4.sub(f32x4.mul(ww, uu), f32x4.mul(xx, shift)));
    const s = f32x4.mul(f32x4.mul(uu, xx), i);
    if (whole) {
      if (adding) v = f32x4.add(v128.load(dx + at), v);
      v128.store(dx + at, v);
      v128.store(sums + at, f32x4.add(v128.load(sums + at), s));
    } else {
      if (adding) v = f32x4.add(loadSome(dx + at, left), v);
      storeSome(dx + at, v, left);
      storeSome(sums + at, f32x4.add(loadSome(sums + at, left), s), left);
    }
    at += 16;
    left -= 4;
  }
}

/** output [G, C] = Σ over P of partials [G, P, C]. */
export function sumPartials(command: usize): void {
  const groups = word(command, 1);
  const count = word(command, 2);
  const columns = word(command, 3);
  const partials = address(command, 4);
  const output = address(command, 5);
  const adding = adds(word(command, 6));
  // Columns are shared out in runs of 16, so that a sum is made the same way whoever makes it.
  const first = 16 * shareStart((columns + 15) >> 4);
  const width = min(columns, 16 * shareEnd((columns + 15) >> 4)) - first;
  if (width <= 0) return;
  for (let group = 0; group < groups; group += 1) {
    const target = output + ((<usize>(group * columns + first)) << 2);
    if (!adding) memory.fill(target, 0, (<usize>width) << 2);
    for (let p = 0; p < count; p += 1) {
      addTo(target, partials + ((<usize>((group * count + p) * columns + first)) << 2), width);
    }
  }
}

/** Rows dropped at their own rate: output = or += drop(input). */
export function drop(command: usize): void {
  const rows = extent(word(command, 1));
  const columns = word(command, 2);
  const input = address(command, 3);
  const output = address(command, 4);
  const add = adds(word(command, 5));
  const stack = word(command, 8);
  const site = word(command, 9);
  const bytes = (<usize>columns) << 2;
  const apart = scratch + gemmScratch;
  const threshold = dropThreshold;
  const kept = dropKept;
  setDropout(word(command, 6), real(command, 7));
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row += 1) {
    const from = input + <usize>row * bytes;
    const to = output + <usize>row * bytes;
    dropRow(from, add ? apart : to, columns, firstRow(stack) + row, 0, site);
    if (add) addTo(to, apart, columns);
  }
  setDropout(threshold, kept);
}

/** output[r] = drop(weight[ids[r]]). */
export function embed(command: usize): void {
  const rows = extent(word(command, 1));
  const columns = word(command, 2);
  const ids = address(command, 3);
  const weight = address(command, 4);
  const output = address(command, 5);
  const stack = word(command, 6);
  const site = word(command, 7);
  const half = word(command, 8) !== 0;
  const dropped = drops(stack);
  const bytes = (<usize>columns) << 2;
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row += 1) {
    const id = <usize>load<u32>(ids + ((<usize>row) << 2));
    const from = weight + (half ? id * (bytes >> 1) : id * bytes);
    const to = output + <usize>row * bytes;
    if (half) {
      widen(from, to, columns);
      if (dropped) dropRow(to, to, columns, firstRow(stack) + row, 0, site);
    } else if (dropped) dropRow(from, to, columns, firstRow(stack) + row, 0, site);
    else memory.copy(to, from, bytes);
  }
}

/** Adds to each id's row of the table what its positions received: first their sum, then one addition. */
export function embedBackward(command: usize): void {
  const distinct = extent(word(command, 1));
  const columns = word(command, 2);
  const ids = address(command, 3);
  const starts = address(command, 4);
  const rows = address(command, 5);
  const encoderRows = extent(word(command, 6));
  const encoder = address(command, 7);
  const decoder = address(command, 8);
  const output = address(command, 9);
  const sum = scratch + gemmScratch;
  const bytes = (<usize>columns) << 2;
  if (distinct === 0) return;
  // Ids are shared out by how many positions they have.
  const total = load<i32>(starts + ((<usize>distinct) << 2));
  const from = shareStart(total);
  const to = shareEnd(total);
  for (let n = 0; n < distinct; n += 1) {
    const start = load<i32>(starts + ((<usize>n) << 2));
    if (start < from) continue;
    if (start >= to) break;
    const end = load<i32>(starts + ((<usize>n) << 2), 4);
    memory.fill(sum, 0, bytes);
    for (let at = start; at < end; at += 1) {
      const row = load<i32>(rows + ((<usize>at) << 2));
      const inEncoder = row < encoderRows;
      const base = inEncoder ? encoder : decoder;
      addTo(sum, base + <usize>(inEncoder ? row : row - encoderRows) * bytes, columns);
    }
    addTo(output + <usize>load<u32>(ids + ((<usize>n) << 2)) * bytes, sum, columns);
  }
}

/** output[b, h] = Σ over tiles and distances of bucket b. */
export function biasGradient(command: usize): void {
  const tiles = extent(word(command, 1));
  const causal = word(command, 2) !== 0;
  const buckets = address(command, 3);
  const maxLength = word(command, 4);
  const heads = word(command, 5);
  const partials = address(command, 6);
  const output = address(command, 7);
  const adding = adds(word(command, 8));
  const bucketCount = word(command, 9);
  const sums = scratch + gemmScratch;
  const distances = 2 * maxLength - 1;
  const reached = causal ? maxLength : distances;
  const byBucket = sums + ((<usize>distances) << 2);
  for (let head = part; head < heads; head += parts) {
    memory.fill(sums, 0, (<usize>(distances + bucketCount)) << 2);
    for (let tile = 0; tile < tiles; tile += 1) {
      addTo(sums, partials + ((<usize>((tile * heads + head) * distances)) << 2), reached);
    }
    for (let distance = 0; distance < reached; distance += 1) {
      const at = byBucket + ((<usize>load<i32>(buckets + ((<usize>distance) << 2))) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(sums + ((<usize>distance) << 2)));
    }
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const at = output + ((<usize>(bucket * heads + head)) << 2);
      const value = load<f32>(byBucket + ((<usize>bucket) << 2));
      store<f32>(at, adding ? load<f32>(at) + value : value);
    }
  }
}
