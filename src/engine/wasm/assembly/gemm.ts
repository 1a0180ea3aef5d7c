// The one matrix product that everything is made of: C [m, n] = scale · A · B, or added to C. B is copied into panels
// of 16 columns (and A, where it is read by columns, into tiles of 4 rows); a register tile of 4 x 16 sums over k in
// order. k is cut into blocks of 256, so that panels stay in the nearest cache; a block continues from what is in C.
// An element's sum depends on k, n and its own column alone: not on who computes it.
import { scratch } from './command';
import { addProduct, dot, dotOfHalves, fourOf, oneOf } from './vector';

/** A [m, k] · B [n, k]ᵀ; A [m, k] · B [k, n]; A [k, m]ᵀ · B [k, n]. */
export const NT: i32 = 0;
export const NN: i32 = 1;
export const TN: i32 = 2;
/** NT by dot products: for very few rows, where packing B would cost more than it saves. */
export const DOTS: i32 = 3;

export const blockDepth: i32 = 256;
/** Columns of B that are packed at once, and so the most that an epilogue sees. */
export const blockColumns: i32 = 256;
export const blockRows: i32 = 64;

// The scratch memory of a thread, in bytes.
const packedB: usize = 0;
const packedA: usize = packedB + <usize>(blockDepth * blockColumns * 4);
const edgeTile: usize = packedA + <usize>(blockDepth * blockRows * 4);
/** Where the scratch memory of other operations begins. */
export const gemmScratch: usize = edgeTile + 256;

// The operands of the current product; addresses and strides in bytes.
let aBase: usize = 0;
let aStride: usize = 0;
let bBase: usize = 0;
let bStride: usize = 0;
let cBase: usize = 0;
let cStride: usize = 0;
let scale: f32 = 1;
/** B holds 16-bit floats. They are widened while panels are packed: the products are the same. */
let isHalf: bool = false;

/** Says what B of the products that follow holds. */
export function setHalf(half: bool): void {
  isHalf = half;
}

/** Names the operands of the products that follow. Row strides are in floats. */
export function setOperands(a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, factor: f32): void {
  aBase = a;
  aStride = <usize>lda << 2;
  bBase = b;
  bStride = <usize>ldb << (isHalf ? 1 : 2);
  cBase = c;
  cStride = <usize>ldc << 2;
  scale = factor;
}

/** C [m, n] as a whole. Uses `gemmScratch` bytes of scratch memory. */
export function gemm(
  form: i32,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  c: usize,
  ldc: i32,
  add: bool,
): void {
  setHalf(false);
  setOperands(a, lda, b, ldb, c, ldc, 1);
  for (let j = 0; j < n; j += blockColumns) {
    const columns = min(blockColumns, n - j);
    for (let p = 0; p < k; p += blockDepth) {
      const depth = min(blockDepth, k - p);
      packPanels(form, j, columns, p, depth);
      for (let i = 0; i < m; i += blockRows) {
        multiplyBlock(form, i, min(blockRows, m - i), j, columns, p, depth, add || p > 0);
      }
    }
  }
}

/** Packs B for the blocks of columns j … and depths p … that are multiplied next. */
export function packPanels(form: i32, j: i32, columns: i32, p: i32, depth: i32): void {
  if (form === DOTS) return;
  const target = scratch + packedB;
  if (form === NT) {
    if (isHalf) packTransposed<u16>(target, j, columns, p, depth);
    else packTransposed<f32>(target, j, columns, p, depth);
  } else if (isHalf) packRows<u16>(target, j, columns, p, depth);
  else packRows<f32>(target, j, columns, p, depth);
}

/** One block of C, `rows` up to blockRows, `columns` and `depth` as packed, overwritten or added to. */
export function multiplyBlock(
  form: i32,
  i0: i32,
  rows: i32,
  j0: i32,
  columns: i32,
  p: i32,
  depth: i32,
  add: bool,
): void {
  if (form === DOTS) {
    dots(i0, rows, j0, columns, p, depth, add);
    return;
  }
  const byColumns = form === TN;
  if (byColumns) packTiles(scratch + packedA, i0, rows, p, depth);
  const a = byColumns ? scratch + packedA : aBase + <usize>i0 * aStride + (<usize>p << 2);
  const c = cBase + <usize>i0 * cStride + (<usize>j0 << 2);
  const edge = scratch + edgeTile;
  const even = depth & ~1;
  const odd = depth !== even;
  // How far A's last step is from its first.
  const lastStep = <usize>even * (byColumns ? 16 : 4);
  for (let j = 0; j < columns; j += 16) {
    const panel = scratch + packedB + <usize>(j * depth) * 4;
    const lastOfPanel = panel + (<usize>even << 6);
    const width = columns - j;
    // Sums go straight to C where they can.
    const direct = width >= 16 && scale === 1;
    const stride = direct ? cStride : 64;
    const adding = direct && add;
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      const place = c + <usize>i * cStride + (<usize>j << 2);
      const target = direct ? place : edge;
      if (byColumns) {
        const tile = a + <usize>(i * depth) * 4;
        tileOfColumns(tile, panel, even, target, stride, adding);
        if (odd) tileOfColumnsOnce(tile + lastStep, lastOfPanel, 1, target, stride, true);
      } else {
        const row = a + <usize>i * aStride;
        tileOfRows(row, aStride, panel, even, target, stride, adding);
        if (odd) tileOfRowsOnce(row + lastStep, aStride, lastOfPanel, 1, target, stride, true);
      }
      if (!direct) copyTile(edge, place, 4, width, add);
    }
    for (; i < rows; i += 1) {
      const place = c + <usize>i * cStride + (<usize>j << 2);
      const target = direct ? place : edge;
      if (byColumns) oneRow(a + <usize>((i & ~3) * depth + (i & 3)) * 4, 16, panel, depth, target, adding);
      else oneRow(a + <usize>i * aStride, 4, panel, depth, target, adding);
      if (!direct) copyTile(edge, place, 1, width, add);
    }
  }
}

/** Columns j0 … of B [k, n] as panels [columns / 16][depth][16]; missing columns are 0. */
function packRows<T>(target: usize, j0: i32, columns: i32, p: i32, depth: i32): void {
  for (let j = 0; j < columns; j += 16) {
    let source = bBase + <usize>p * bStride + <usize>(j0 + j) * sizeof<T>();
    const width = columns - j;
    const end = target + (<usize>depth << 6);
    if (width >= 16) {
      while (target < end) {
        v128.store(target, fourOf<T>(source));
        v128.store(target, fourOf<T>(source + 4 * sizeof<T>()), 16);
        v128.store(target, fourOf<T>(source + 8 * sizeof<T>()), 32);
        v128.store(target, fourOf<T>(source + 12 * sizeof<T>()), 48);
        source += bStride;
        target += 64;
      }
    } else {
      while (target < end) {
        for (let column = 0; column < 16; column += 1) {
          const value: f32 = column < width ? oneOf<T>(source + <usize>column * sizeof<T>()) : 0;
          store<f32>(target + (<usize>column << 2), value);
        }
        source += bStride;
        target += 64;
      }
    }
  }
}

/** Rows j0 … of B [n, k] as panels [rows / 16][depth][16]; missing rows are 0. */
function packTransposed<T>(target: usize, j0: i32, columns: i32, p: i32, depth: i32): void {
  for (let j = 0; j < columns; j += 16) {
    const source = bBase + <usize>(j0 + j) * bStride + <usize>p * sizeof<T>();
    const width = columns - j;
    for (let column = 0; column < 16; column += 4) {
      const first = source + <usize>column * bStride;
      if (width >= column + 4) transposeFour<T>(first, target + (<usize>column << 2), depth);
      else transposeSome<T>(first, width - column, target + (<usize>column << 2), depth);
    }
    target += <usize>depth << 6;
  }
}

function transposeFour<T>(r0: usize, target: usize, depth: i32): void {
  let r1 = r0 + bStride;
  let r2 = r1 + bStride;
  let r3 = r2 + bStride;
  let left = depth;
  while (left >= 4) {
    const x = fourOf<T>(r0);
    const y = fourOf<T>(r1);
    const z = fourOf<T>(r2);
    const w = fourOf<T>(r3);
    const xy0 = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
    const xy1 = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
    const zw0 = v128.shuffle<f32>(z, w, 0, 4, 1, 5);
    const zw1 = v128.shuffle<f32>(z, w, 2, 6, 3, 7);
    v128.store(target, v128.shuffle<f32>(xy0, zw0, 0, 1, 4, 5));
    v128.store(target, v128.shuffle<f32>(xy0, zw0, 2, 3, 6, 7), 64);
    v128.store(target, v128.shuffle<f32>(xy1, zw1, 0, 1, 4, 5), 128);
    v128.store(target, v128.shuffle<f32>(xy1, zw1, 2, 3, 6, 7), 192);
    r0 += 4 * sizeof<T>();
    r1 += 4 * sizeof<T>();
    r2 += 4 * sizeof<T>();
    r3 += 4 * sizeof<T>();
    target += 256;
    left -= 4;
  }
  while (left > 0) {
    store<f32>(target, oneOf<T>(r0));
    store<f32>(target, oneOf<T>(r1), 4);
    store<f32>(target, oneOf<T>(r2), 8);
    store<f32>(target, oneOf<T>(r3), 12);
    r0 += sizeof<T>();
    r1 += sizeof<T>();
    r2 += sizeof<T>();
    r3 += sizeof<T>();
    target += 64;
    left -= 1;
  }
}

function transposeSome<T>(first: usize, rows: i32, target: usize, depth: i32): void {
  for (let row = 0; row < 4; row += 1) {
    const source = first + <usize>row * bStride;
    for (let p = 0; p < depth; p += 1) {
      const value: f32 = row < rows ? oneOf<T>(source + <usize>p * sizeof<T>()) : 0;
      store<f32>(target + (<usize>p << 6) + (<usize>row << 2), value);
    }
  }
}

/** Columns i0 … of A [k, m] as tiles [rows / 4][depth][4]; missing rows of the product are 0. */
function packTiles(target: usize, i0: i32, rows: i32, p: i32, depth: i32): void {
  for (let i = 0; i < rows; i += 4) {
    let source = aBase + <usize>p * aStride + (<usize>(i0 + i) << 2);
    const end = target + (<usize>depth << 4);
    if (i + 4 <= rows) {
      while (target < end) {
        v128.store(target, v128.load(source));
        source += aStride;
        target += 16;
      }
    } else {
      while (target < end) {
        for (let row = 0; row < 4; row += 1) {
          const value: f32 = i + row < rows ? load<f32>(source + (<usize>row << 2)) : 0;
          store<f32>(target + (<usize>row << 2), value);
        }
        source += aStride;
        target += 16;
      }
    }
  }
}

/** Writes or adds a scaled tile [rows, 16], or its first columns, to C. */
function copyTile(tile: usize, c: usize, rows: i32, width: i32, add: bool): void {
  const columns = min(16, width);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      const at = c + (<usize>j << 2);
      const value = scale * load<f32>(tile + (<usize>j << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
    c += cStride;
    tile += 64;
  }
}

// The register tiles. Nothing but stores may follow their loops: whatever else uses the sums makes V8 (Node 20) move
// registers about in the loop and costs a quarter of the speed. So also the second form for an odd last step.

/** Four rows of A, each contiguous, by one panel; an even number of steps. */
function tileOfRows(a: usize, lda: usize, b: usize, depth: i32, c: usize, ldc: usize, add: bool): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  const r1 = c + 1 * ldc;
  const r2 = c + 2 * ldc;
  const r3 = c + 3 * ldc;
  let c00 = add ? v128.load(c) : f32x4.splat(0);
  let c01 = add ? v128.load(c, 16) : f32x4.splat(0);
  let c02 = add ? v128.load(c, 32) : f32x4.splat(0);
  let c03 = add ? v128.load(c, 48) : f32x4.splat(0);
  let c10 = add ? v128.load(r1) : f32x4.splat(0);
  let c11 = add ? v128.load(r1, 16) : f32x4.splat(0);
  let c12 = add ? v128.load(r1, 32) : f32x4.splat(0);
  let c13 = add ? v128.load(r1, 48) : f32x4.splat(0);
  let c20 = add ? v128.load(r2) : f32x4.splat(0);
  let c21 = add ? v128.load(r2, 16) : f32x4.splat(0);
  let c22 = add ? v128.load(r2, 32) : f32x4.splat(0);
  let c23 = add ? v128.load(r2, 48) : f32x4.splat(0);
  let c30 = add ? v128.load(r3) : f32x4.splat(0);
  let c31 = add ? v128.load(r3, 16) : f32x4.splat(0);
  let c32 = add ? v128.load(r3, 32) : f32x4.splat(0);
  let c33 = add ? v128.load(r3, 48) : f32x4.splat(0);
  const end = b + (<usize>depth << 6);
  while (b < end) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let b2 = v128.load(b, 32);
    let b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    c00 = addProduct(c00, x, b0);
    c01 = addProduct(c01, x, b1);
    c02 = addProduct(c02, x, b2);
    c03 = addProduct(c03, x, b3);
    x = v128.load_splat<f32>(a1);
    c10 = addProduct(c10, x, b0);
    c11 = addProduct(c11, x, b1);
    c12 = addProduct(c12, x, b2);
    c13 = addProduct(c13, x, b3);
    x = v128.load_splat<f32>(a2);
    c20 = addProduct(c20, x, b0);
    c21 = addProduct(c21, x, b1);
    c22 = addProduct(c22, x, b2);
    c23 = addProduct(c23, x, b3);
    x = v128.load_splat<f32>(a3);
    c30 = addProduct(c30, x, b0);
    c31 = addProduct(c31, x, b1);
    c32 = addProduct(c32, x, b2);
    c33 = addProduct(c33, x, b3);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    b2 = v128.load(b, 96);
    b3 = v128.load(b, 112);
    x = v128.load_splat<f32>(a, 4);
    c00 = addProduct(c00, x, b0);
    c01 = addProduct(c01, x, b1);
    c02 = addProduct(c02, x, b2);
    c03 = addProduct(c03, x, b3);
    x = v128.load_splat<f32>(a1, 4);
    c10 = addProduct(c10, x, b0);
    c11 = addProduct(c11, x, b1);
    c12 = addProduct(c12, x, b2);
    c13 = addProduct(c13, x, b3);
    x = v128.load_splat<f32>(a2, 4);
    c20 = addProduct(c20, x, b0);
    c21 = addProduct(c21, x, b1);
    c22 = addProduct(c22, x, b2);
    c23 = addProduct(c23, x, b3);
    x = v128.load_splat<f32>(a3, 4);
    c30 = addProduct(c30, x, b0);
    c31 = addProduct(c31, x, b1);
    c32 = addProduct(c32, x, b2);
    c33 = addProduct(c33, x, b3);
    a += 8;
    a1 += 8;
    a2 += 8;
    a3 += 8;
    b += 128;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r1, c12, 32);
  v128.store(r1, c13, 48);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r2, c22, 32);
  v128.store(r2, c23, 48);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r3, c32, 32);
  v128.store(r3, c33, 48);
}

/** The same for any number of steps. */
function tileOfRowsOnce(a: usize, lda: usize, b: usize, depth: i32, c: usize, ldc: usize, add: bool): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  const r1 = c + 1 * ldc;
  const r2 = c + 2 * ldc;
  const r3 = c + 3 * ldc;
  let c00 = add ? v128.load(c) : f32x4.splat(0);
  let c01 = add ? v128.load(c, 16) : f32x4.splat(0);
  let c02 = add ? v128.load(c, 32) : f32x4.splat(0);
  let c03 = add ? v128.load(c, 48) : f32x4.splat(0);
  let c10 = add ? v128.load(r1) : f32x4.splat(0);
  let c11 = add ? v128.load(r1, 16) : f32x4.splat(0);
  let c12 = add ? v128.load(r1, 32) : f32x4.splat(0);
  let c13 = add ? v128.load(r1, 48) : f32x4.splat(0);
  let c20 = add ? v128.load(r2) : f32x4.splat(0);
  let c21 = add ? v128.load(r2, 16) : f32x4.splat(0);
  let c22 = add ? v128.load(r2, 32) : f32x4.splat(0);
  let c23 = add ? v128.load(r2, 48) : f32x4.splat(0);
  let c30 = add ? v128.load(r3) : f32x4.splat(0);
  let c31 = add ? v128.load(r3, 16) : f32x4.splat(0);
  let c32 = add ? v128.load(r3, 32) : f32x4.splat(0);
  let c33 = add ? v128.load(r3, 48) : f32x4.splat(0);
  const end = b + (<usize>depth << 6);
  while (b < end) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let b2 = v128.load(b, 32);
    let b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    c00 = addProduct(c00, x, b0);
    c01 = addProduct(c01, x, b1);
    c02 = addProduct(c02, x, b2);
    c03 = addProduct(c03, x, b3);
    x = v128.load_splat<f32>(a1);
    c10 = addProduct(c10, x, b0);
    c11 = addProduct(c11, x, b1);
    c12 = addProduct(c12, x, b2);
    c13 = addProduct(c13, x, b3);
    x = v128.load_splat<f32>(a2);
    c20 = addProduct(c20, x, b0);
    c21 = addProduct(c21, x, b1);
    c22 = addProduct(c22, x, b2);
    c23 = addProduct(c23, x, b3);
    x = v128.load_splat<f32>(a3);
    c30 = addProduct(c30, x, b0);
    c31 = addProduct(c31, x, b1);
    c32 = addProduct(c32, x, b2);
    c33 = addProduct(c33, x, b3);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    b += 64;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r1, c12, 32);
  v128.store(r1, c13, 48);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r2, c22, 32);
  v128.store(r2, c23, 48);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r3, c32, 32);
  v128.store(r3, c33, 48);
}

/** A packed tile of A by one panel; an even number of steps. */
function tileOfColumns(a: usize, b: usize, depth: i32, c: usize, ldc: usize, add: bool): void {
  const r1 = c + 1 * ldc;
  const r2 = c + 2 * ldc;
  const r3 = c + 3 * ldc;
  let c00 = add ? v128.load(c) : f32x4.splat(0);
  let c01 = add ? v128.load(c, 16) : f32x4.splat(0);
  let c02 = add ? v128.load(c, 32) : f32x4.splat(0);
  let c03 = add ? v128.load(c, 48) : f32x4.splat(0);
  let c10 = add ? v128.load(r1) : f32x4.splat(0);
  let c11 = add ? v128.load(r1, 16) : f32x4.splat(0);
  let c12 = add ? v128.load(r1, 32) : f32x4.splat(0);
  let c13 = add ? v128.load(r1, 48) : f32x4.splat(0);
  let c20 = add ? v128.load(r2) : f32x4.splat(0);
  let c21 = add ? v128.load(r2, 16) : f32x4.splat(0);
  let c22 = add ? v128.load(r2, 32) : f32x4.splat(0);
  let c23 = add ? v128.load(r2, 48) : f32x4.splat(0);
  let c30 = add ? v128.load(r3) : f32x4.splat(0);
  let c31 = add ? v128.load(r3, 16) : f32x4.splat(0);
  let c32 = add ? v128.load(r3, 32) : f32x4.splat(0);
  let c33 = add ? v128.load(r3, 48) : f32x4.splat(0);
  const end = b + (<usize>depth << 6);
  while (b < end) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let b2 = v128.load(b, 32);
    let b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    c00 = addProduct(c00, x, b0);
    c01 = addProduct(c01, x, b1);
    c02 = addProduct(c02, x, b2);
    c03 = addProduct(c03, x, b3);
    x = v128.load_splat<f32>(a, 4);
    c10 = addProduct(c10, x, b0);
    c11 = addProduct(c11, x, b1);
    c12 = addProduct(c12, x, b2);
    c13 = addProduct(c13, x, b3);
    x = v128.load_splat<f32>(a, 8);
    c20 = addProduct(c20, x, b0);
    c21 = addProduct(c21, x, b1);
    c22 = addProduct(c22, x, b2);
    c23 = addProduct(c23, x, b3);
    x = v128.load_splat<f32>(a, 12);
    c30 = addProduct(c30, x, b0);
    c31 = addProduct(c31, x, b1);
    c32 = addProduct(c32, x, b2);
    c33 = addProduct(c33, x, b3);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    b2 = v128.load(b, 96);
    b3 = v128.load(b, 112);
    x = v128.load_splat<f32>(a, 16);
    c00 = addProduct(c00, x, b0);
    c01 = addProduct(c01, x, b1);
    c02 = addProduct(c02, x, b2);
    c03 = addProduct(c03, x, b3);
    x = v128.load_splat<f32>(a, 20);
    c10 = addProduct(c10, x, b0);
    c11 = addProduct(c11, x, b1);
    c12 = addProduct(c12, x, b2);
    c13 = addProduct(c13, x, b3);
    x = v128.load_splat<f32>(a, 24);
    c20 = addProduct(c20, x, b0);
    c21 = addProduct(c21, x, b1);
    c22 = addProduct(c22, x, b2);
    c23 = addProduct(c23, x, b3);
    x = v128.load_splat<f32>(a, 28);
    c30 = addProduct(c30, x, b0);
    c31 = addProduct(c31, x, b1);
    c32 = addProduct(c32, x, b2);
    c33 = addProduct(c33, x, b3);
    a += 32;
    b += 128;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r1, c12, 32);
  v128.store(r1, c13, 48);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r2, c22, 32);
  v128.store(r2, c23, 48);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r3, c32, 32);
  v128.store(r3, c33, 48);
}

/** The same for any number of steps. */
function tileOfColumnsOnce(a: usize, b: usize, depth: i32, c: usize, ldc: usize, add: bool): void {
  const r1 = c + 1 * ldc;
  const r2 = c + 2 * ldc;
  const r3 = c + 3 * ldc;
  let c00 = add ? v128.load(c) : f32x4.splat(0);
  let c01 = add ? v128.load(c, 16) : f32x4.splat(0);
  let c02 = add ? v128.load(c, 32) : f32x4.splat(0);
  let c03 = add ? v128.load(c, 48) : f32x4.splat(0);
  let c10 = add ? v128.load(r1) : f32x4.splat(0);
  let c11 = add ? v128.load(r1, 16) : f32x4.splat(0);
  let c12 = add ? v128.load(r1, 32) : f32x4.splat(0);
  let c13 = add ? v128.load(r1, 48) : f32x4.splat(0);
  let c20 = add ? v128.load(r2) : f32x4.splat(0);
  let c21 = add ? v128.load(r2, 16) : f32x4.splat(0);
  let c22 = add ? v128.load(r2, 32) : f32x4.splat(0);
  let c23 = add ? v128.load(r2, 48) : f32x4.splat(0);
  let c30 = add ? v128.load(r3) : f32x4.splat(0);
  let c31 = add ? v128.load(r3, 16) : f32x4.splat(0);
  let c32 = add ? v128.load(r3, 32) : f32x4.splat(0);
  let c33 = add ? v128.load(r3, 48) : f32x4.splat(0);
  const end = b + (<usize>depth << 6);
  while (b < end) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let b2 = v128.load(b, 32);
    let b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    c00 = addProduct(c00, x, b0);
    c01 = addProduct(c01, x, b1);
    c02 = addProduct(c02, x, b2);
    c03 = addProduct(c03, x, b3);
    x = v128.load_splat<f32>(a, 4);
    c10 = addProduct(c10, x, b0);
    c11 = addProduct(c11, x, b1);
    c12 = addProduct(c12, x, b2);
    c13 = addProduct(c13, x, b3);
    x = v128.load_splat<f32>(a, 8);
    c20 = addProduct(c20, x, b0);
    c21 = addProduct(c21, x, b1);
    c22 = addProduct(c22, x, b2);
    c23 = addProduct(c23, x, b3);
    x = v128.load_splat<f32>(a, 12);
    c30 = addProduct(c30, x, b0);
    c31 = addProduct(c31, x, b1);
    c32 = addProduct(c32, x, b2);
    c33 = addProduct(c33, x, b3);
    a += 16;
    b += 64;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r1, c12, 32);
  v128.store(r1, c13, 48);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r2, c22, 32);
  v128.store(r2, c23, 48);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r3, c32, 32);
  v128.store(r3, c33, 48);
}

/** One row of A (its values `step` bytes apart) by one panel. */
function oneRow(a: usize, step: usize, b: usize, depth: i32, c: usize, add: bool): void {
  let s0 = add ? v128.load(c) : f32x4.splat(0);
  let s1 = add ? v128.load(c, 16) : f32x4.splat(0);
  let s2 = add ? v128.load(c, 32) : f32x4.splat(0);
  let s3 = add ? v128.load(c, 48) : f32x4.splat(0);
  const end = b + (<usize>depth << 6);
  while (b < end) {
    const x = v128.load_splat<f32>(a);
    s0 = addProduct(s0, x, v128.load(b));
    s1 = addProduct(s1, x, v128.load(b, 16));
    s2 = addProduct(s2, x, v128.load(b, 32));
    s3 = addProduct(s3, x, v128.load(b, 48));
    a += step;
    b += 64;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
}

/** NT for very few rows: rows of B are read once for all of them. */
function dots(i0: i32, rows: i32, j0: i32, columns: i32, p: i32, depth: i32, add: bool): void {
  for (let j = j0; j < j0 + columns; j += 1) {
    const b = bBase + <usize>j * bStride + (<usize>p << (isHalf ? 1 : 2));
    for (let i = i0; i < i0 + rows; i += 1) {
      const at = cBase + <usize>i * cStride + (<usize>j << 2);
      const a = aBase + <usize>i * aStride + (<usize>p << 2);
      const value = scale * (isHalf ? dotOfHalves(a, b, depth) : dot(a, b, depth));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
  }
}
