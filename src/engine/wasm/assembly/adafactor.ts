// Adafactor, in steps that each need what all threads did before (see ../../plan/operations.ts).
import { adafactorValue, address, shareEnd, shareStart, word } from './command';
import { loadSome, storeSome, sumOf } from './vector';

/** Rows whose squares are summed in one piece. */
const chunkRows: i32 = 128;

// Words of each of these commands.
const parametersWord: i32 = 1;
const gradientsWord: i32 = 2;
const rowStateWord: i32 = 3;
const columnStateWord: i32 = 4;
const rowSumsWord: i32 = 5;
const columnSumsWord: i32 = 6;
const scalarsWord: i32 = 7;
const resultsWord: i32 = 8;
const countWord: i32 = 9;
const rowsWord: i32 = 10;
const columnsWord: i32 = 11;
const flagsWord: i32 = 12; // 1 vector, 2 decayed, 4 scaled

// @ts-ignore: decorator
@inline
function flag(command: usize, bit: i32): bool {
  return (word(command, flagsWord) & bit) !== 0;
}

function proceeds(command: usize): bool {
  return load<f32>(address(command, resultsWord), 16) !== 0;
}

function clipFactor(command: usize): v128 {
  return f32x4.splat(load<f32>(address(command, resultsWord), 12));
}

/** A tensor's mean of `row`, its rate and the factor of its update. */
function scalarsOf(command: usize, index: i32): usize {
  return address(command, scalarsWord) + ((<usize>index) << 4);
}

/** Averages of rows; the squares of each row of weights. */
export function adafactorRows(command: usize): void {
  if (!proceeds(command)) return;
  const columns = word(command, columnsWord);
  const rows = word(command, countWord) * word(command, rowsWord);
  const clip = clipFactor(command);
  const keep = adafactorValue(0);
  const grow = adafactorValue(1);
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row += 1) {
    const at = (<usize>row * <usize>columns) << 2;
    let g = address(command, gradientsWord) + at;
    let w = address(command, parametersWord) + at;
    let squares = f32x4.splat(0);
    let weights = f32x4.splat(0);
    for (let left = columns; left > 0; left -= 4) {
      const x = f32x4.mul(left >= 4 ? v128.load(g) : loadSome(g, left), clip);
      const y = left >= 4 ? v128.load(w) : loadSome(w, left);
      squares = f32x4.add(squares, f32x4.mul(x, x));
      weights = f32x4.add(weights, f32x4.mul(y, y));
      g += 16;
      w += 16;
    }
    const state = address(command, rowStateWord) + ((<usize>row) << 2);
    const mean = sumOf(squares) / <f32>columns + <f32>1e-30;
    store<f32>(state, keep * load<f32>(state) + grow * mean);
    store<f32>(address(command, rowSumsWord) + ((<usize>row) << 2), sumOf(weights));
  }
}

/** Squares of the gradients by column, each run of rows apart. */
export function adafactorColumns(command: usize): void {
  if (!proceeds(command)) return;
  const rows = word(command, rowsWord);
  const columns = word(command, columnsWord);
  const chunks = (rows + chunkRows - 1) / chunkRows;
  const items = word(command, countWord) * chunks;
  const clip = clipFactor(command);
  const width = (<usize>columns) << 2;
  const end = shareEnd(items);
  for (let item = shareStart(items); item < end; item += 1) {
    const sums = address(command, columnSumsWord) + <usize>item * width;
    const first = (item % chunks) * chunkRows;
    const last = min(rows, first + chunkRows);
    memory.fill(sums, 0, width);
    let g = address(command, gradientsWord) + <usize>((item / chunks) * rows + first) * width;
    for (let row = first; row < last; row += 1) {
      let at = sums;
      for (let left = columns; left > 0; left -= 4) {
        if (left >= 4) {
          const x = f32x4.mul(v128.load(g), clip);
          v128.store(at, f32x4.add(v128.load(at), f32x4.mul(x, x)));
          g += 16;
        } else {
          const x = f32x4.mul(loadSome(g, left), clip);
          storeSome(at, f32x4.add(loadSome(at, left), f32x4.mul(x, x)), left);
          g += (<usize>left) << 2;
        }
        at += 16;
      }
    }
  }
}

/** Of each tensor: the mean of its row averages, its rate; its averages of columns. */
export function adafactorTotals(command: usize): void {
  if (!proceeds(command)) return;
  const rows = word(command, rowsWord);
  const columns = word(command, columnsWord);
  const chunks = (rows + chunkRows - 1) / chunkRows;
  const keep = f32x4.splat(adafactorValue(0));
  const grow = f32x4.splat(adafactorValue(1));
  const count = word(command, countWord);
  const end = shareEnd(count);
  for (let index = shareStart(count); index < end; index += 1) {
    const first = (<usize>index * <usize>rows) << 2;
    const mean = <f32>(total(address(command, rowStateWord) + first, rows) / <f64>rows);
    let rate = adafactorValue(2);
    if (flag(command, 4)) {
      const squares = total(address(command, rowSumsWord) + first, rows);
      rate *= max<f32>(<f32>1e-3, <f32>Math.sqrt(squares / (<f64>rows * <f64>columns)));
    }
    const scalars = scalarsOf(command, index);
    store<f32>(scalars, mean);
    store<f32>(scalars, rate, 4);
    let state = address(command, columnStateWord) + ((<usize>index * <usize>columns) << 2);
    if (flag(command, 1)) {
      store<f32>(state, mean);
      continue;
    }
    let sums = address(command, columnSumsWord) + ((<usize>index * <usize>chunks * <usize>columns) << 2);
    for (let left = columns; left > 0; left -= 4) {
      let sum = f32x4.splat(0);
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        sum = f32x4.add(sum, loadSome(sums + ((<usize>chunk * <usize>columns) << 2), left));
      }
      const square = f32x4.add(f32x4.div(sum, f32x4.splat(<f32>rows)), f32x4.splat(1e-30));
      const old = loadSome(state, left);
      storeSome(state, f32x4.add(f32x4.mul(keep, old), f32x4.mul(grow, square)), left);
      state += 16;
      sums += 16;
    }
  }
}

function total(x: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i += 1) sum += <f64>load<f32>(x + ((<usize>i) << 2));
  return sum;
}

/** Squares of each row of the update. */
export function adafactorSquares(command: usize): void {
  if (!proceeds(command)) return;
  forRows(command, true);
}

export function adafactorApply(command: usize): void {
  if (!proceeds(command)) return;
  forRows(command, false);
}

/** U of this thread's rows: its squares, or what it makes of the weights. */
function forRows(command: usize, squares: bool): void {
  const rows = word(command, rowsWord);
  const columns = word(command, columnsWord);
  const all = word(command, countWord) * rows;
  const clip = clipFactor(command);
  const end = shareEnd(all);
  for (let row = shareStart(all); row < end; row += 1) {
    const index = row / rows;
    const scalars = scalarsOf(command, index);
    const average = load<f32>(address(command, rowStateWord) + ((<usize>row) << 2));
    const scale = f32x4.splat(sqrt<f32>(load<f32>(scalars) / average));
    const rate = load<f32>(scalars, 4);
    const factor = f32x4.splat(load<f32>(scalars, 8));
    const decay = f32x4.splat(flag(command, 2) ? 1 - rate * adafactorValue(3) : 1);
    const at = (<usize>row * <usize>columns) << 2;
    let g = address(command, gradientsWord) + at;
    let w = address(command, parametersWord) + at;
    let c = address(command, columnStateWord) + ((<usize>index * <usize>columns) << 2);
    let sum = f32x4.splat(0);
    for (let left = columns; left > 0; left -= 4) {
      const x = f32x4.mul(left >= 4 ? v128.load(g) : loadSome(g, left), clip);
      // Lanes beyond the columns hold 0, and 0 / 0 would be NaN.
      const column = left >= 4 ? v128.load(c) : f32x4.max(loadSome(c, left), f32x4.splat(1e-37));
      const u = f32x4.div(f32x4.mul(x, scale), f32x4.sqrt(column));
      if (squares) {
        sum = f32x4.add(sum, f32x4.mul(u, u));
      } else {
        const old = left >= 4 ? v128.load(w) : loadSome(w, left);
        const updated = f32x4.sub(f32x4.mul(old, decay), f32x4.mul(factor, u));
        if (left >= 4) v128.store(w, updated);
        else storeSome(w, updated, left);
      }
      g += 16;
      w += 16;
      c += 16;
    }
    if (squares) store<f32>(address(command, rowSumsWord) + ((<usize>row) << 2), sumOf(sum));
  }
}

/** Of each tensor: the factor of its update, by the update's own size. */
export function adafactorFactors(command: usize): void {
  if (!proceeds(command)) return;
  const rows = word(command, rowsWord);
  const count = word(command, countWord);
  const end = shareEnd(count);
  for (let index = shareStart(count); index < end; index += 1) {
    const squares = total(address(command, rowSumsWord) + ((<usize>index * <usize>rows) << 2), rows);
    const rms = <f32>Math.sqrt(squares / (<f64>rows * <f64>word(command, columnsWord)));
    const scalars = scalarsOf(command, index);
    store<f32>(scalars, load<f32>(scalars, 4) / max<f32>(1, rms), 8);
  }
}
