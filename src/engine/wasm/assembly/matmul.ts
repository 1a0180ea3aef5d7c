// Matrix products with what is done to each value on its way out.
import {
  address,
  adds,
  drops,
  dropKept,
  extent,
  firstRow,
  part,
  parts,
  real,
  scratch,
  shareOf,
  word,
} from './command';
import {
  blockColumns,
  blockDepth,
  blockRows,
  DOTS,
  gemmScratch,
  multiplyBlock,
  NT,
  packPanels,
  setHalf,
  setOperands,
  TN,
} from './gemm';
import { gateOf, gateSlopeOf, setGate } from './gate';
import { dropRow } from './random';
import { addTo, loadSome, storeSome } from './vector';

const RESIDUAL: i32 = 1;
const RELU: i32 = 2;
const GATED: i32 = 3;
const RELU_BACKWARD: i32 = 4;
const GATED_BACKWARD: i32 = 5;

/** Rows of C whose values are kept apart at once, where they may not be written to C. */
const apartRows: i32 = 256;
/** Bytes of scratch memory, beyond gemm's, that an epilogue uses. */
export const matmulScratch: usize = gemmScratch + <usize>(apartRows * blockColumns * 4);
/** Up to this many rows NT is made of dot products. */
const fewRows: i32 = 3;

// The current product.
let form: i32 = 0;
let n: i32 = 0;
let k: i32 = 0;
let epilogue: i32 = 0;
let c: usize = 0;
let aux: usize = 0;
let dropped: bool = false;
let dropBase: i32 = 0;
let dropSite: i32 = 0;
let keepScale: f32 = 1;

export function matmul(command: usize): void {
  form = word(command, 1);
  const m = extent(word(command, 2));
  n = extent(word(command, 3));
  k = extent(word(command, 4));
  const a = address(command, 5);
  const b = address(command, 6);
  c = address(command, 7);
  const scale = real(command, 8);
  const add = adds(word(command, 9));
  epilogue = word(command, 10);
  aux = address(command, 11);
  const stack = word(command, 12);
  dropped = drops(stack);
  dropBase = firstRow(stack);
  dropSite = word(command, 13);
  setGate(word(command, 14));
  keepScale = dropped ? dropKept : 1;
  if (m === 0 || n === 0) return;
  // Strides of columns of wider matrices; 0 where the operand is one of its own.
  const lda = strideOr(command, 15, form === TN ? m : k);
  const ldb = strideOr(command, 16, form === NT ? k : n);
  const ldc = strideOr(command, 17, n);
  setHalf(word(command, 18) !== 0);
  if (form === NT && m <= fewRows) form = DOTS;

  // A gate's two halves are computed by one thread: it handles columns of the half.
  const width = epilogue === GATED ? n >> 1 : n;
  const panels = (width + 15) >> 4;
  const tiles = (m + 3) >> 2;
  const byColumns = panels % parts === 0 || panels >= 4 * parts || panels >= tiles;
  const i0 = byColumns ? 0 : 4 * shareOf(tiles, part);
  const i1 = byColumns ? m : min(m, 4 * shareOf(tiles, part + 1));
  const j0 = byColumns ? 16 * shareOf(panels, part) : 0;
  const j1 = byColumns ? min(width, 16 * shareOf(panels, part + 1)) : width;

  if (epilogue === GATED_BACKWARD) {
    const apart = scratch + gemmScratch;
    for (let j = j0; j < j1; j += blockColumns) {
      for (let i = i0; i < i1; i += apartRows) {
        // Values of row i, column j shall land at the beginning.
        setOperands(a, lda, b, ldb, apart - ((<usize>(i * blockColumns + j)) << 2), blockColumns, scale);
        multiply(i, min(i1, i + apartRows), j, min(j1, j + blockColumns), false, false);
        const columns = min(j1 - j, blockColumns);
        for (let row = i; row < min(i1, i + apartRows); row += 1) {
          const values = apart + ((<usize>((row - i) * blockColumns)) << 2);
          if (add) addTo(values, aux + ((<usize>(row * n + j)) << 2), columns);
          gateBackward(values, row, j, columns);
        }
      }
    }
    return;
  }
  const target = epilogue === GATED ? aux : c;
  setOperands(a, lda, b, ldb, target, epilogue === GATED ? n : ldc, scale);
  for (let j = j0; j < j1; j += blockColumns) {
    const end = min(j1, j + blockColumns);
    if (epilogue === GATED) multiply(i0, i1, width + j, width + end, add, false);
    multiply(i0, i1, j, end, add, epilogue !== 0);
  }
}

function strideOr(command: usize, index: i32, own: i32): i32 {
  const stride = word(command, index);
  return stride === 0 ? own : stride;
}

/** Rows i0 … and up to blockColumns columns of the product. */
function multiply(i0: i32, i1: i32, j0: i32, j1: i32, add: bool, finishing: bool): void {
  const columns = j1 - j0;
  let p = 0;
  do {
    const depth = min(blockDepth, k - p);
    if (depth > 0) packPanels(form, j0, columns, p, depth);
    for (let i = i0; i < i1; i += blockRows) {
      const rows = min(blockRows, i1 - i);
      multiplyBlock(form, i, rows, j0, columns, p, depth, add || p > 0);
      if (finishing && p + depth >= k) {
        for (let row = i; row < i + rows; row += 1) finish(row, j0, columns);
      }
    }
    p += blockDepth;
  } while (p < k);
}

/** What follows the product, on columns j … of a row that has just been computed. */
function finish(row: i32, j: i32, columns: i32): void {
  const width = epilogue === GATED ? n >> 1 : n;
  const at = (<usize>(row * width + j)) << 2;
  const target = c + at;
  if (epilogue === RESIDUAL) {
    if (dropped) dropRow(target, target, columns, dropBase + row, j, dropSite);
    addTo(target, aux + at, columns);
  } else if (epilogue === RELU) {
    const zero = f32x4.splat(0);
    for (let left = columns, x = target; left > 0; left -= 4, x += 16) {
      if (left >= 4) v128.store(x, f32x4.pmax(v128.load(x), zero));
      else storeSome(x, f32x4.pmax(loadSome(x, left), zero), left);
    }
    if (dropped) dropRow(target, target, columns, dropBase + row, j, dropSite);
  } else if (epilogue === RELU_BACKWARD) {
    const zero = f32x4.splat(0);
    const factor = f32x4.splat(keepScale);
    let activation = aux + at;
    for (let left = columns, x = target; left > 0; left -= 4, x += 16) {
      if (left >= 4) {
        const open = f32x4.gt(v128.load(activation), zero);
        v128.store(x, v128.and(f32x4.mul(v128.load(x), factor), open));
      } else {
        const open = f32x4.gt(loadSome(activation, left), zero);
        storeSome(x, v128.and(f32x4.mul(loadSome(x, left), factor), open), left);
      }
      activation += 16;
    }
  } else if (epilogue === GATED) {
    let gate = aux + (<usize>(row * n + j) << 2);
    const across = <usize>width << 2;
    let out = target;
    let left = columns;
    for (; left >= 4; left -= 4) {
      const x = v128.load(gate);
      v128.store(out, f32x4.mul(f32x4.mul(x, gateOf(x)), v128.load(gate + across)));
      gate += 16;
      out += 16;
    }
    if (left > 0) {
      const x = loadSome(gate, left);
      storeSome(out, f32x4.mul(f32x4.mul(x, gateOf(x)), loadSome(gate + across, left)), left);
    }
    if (dropped) dropRow(target, target, columns, dropBase + row, j, dropSite);
  }
}

/**
 * Adjoint of the gate: `values` are columns j … of a row of the gradient, c [., 2n] what the gate saw, aux [., n] gets
 * what it gave.
 */
function gateBackward(values: usize, row: i32, j: i32, columns: i32): void {
  if (dropped) dropRow(values, values, columns, dropBase + row, j, dropSite);
  let gate = c + (<usize>(row * 2 * n + j) << 2);
  const activation = aux + (<usize>(row * n + j) << 2);
  let out = activation;
  const across = <usize>n << 2;
  let left = columns;
  for (; left >= 4; left -= 4) {
    const u = v128.load(values);
    const h0 = v128.load(gate);
    const h1 = v128.load(gate + across);
    const s = gateOf(h0);
    const g = f32x4.mul(h0, s);
    v128.store(gate, f32x4.mul(f32x4.mul(u, h1), gateSlopeOf(h0, s)));
    v128.store(gate + across, f32x4.mul(u, g));
    v128.store(out, f32x4.mul(g, h1));
    values += 16;
    gate += 16;
    out += 16;
  }
  if (left > 0) {
    const u = loadSome(values, left);
    const h0 = loadSome(gate, left);
    const h1 = loadSome(gate + across, left);
    const s = gateOf(h0);
    const g = f32x4.mul(h0, s);
    storeSome(gate, f32x4.mul(f32x4.mul(u, h1), gateSlopeOf(h0, s)), left);
    storeSome(gate + across, f32x4.mul(u, g), left);
    storeSome(out, f32x4.mul(g, h1), left);
  }
  if (dropped) dropRow(activation, activation, columns, dropBase + row, j, dropSite);
}
