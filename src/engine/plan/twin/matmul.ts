/** Matrix products and their epilogues. */
import { stridesOf, type Gate, type Matmul } from '../operations.ts';
import type { Floats } from '../executor.ts';
import type { TwinMemory } from './memory.ts';
import { isAdded } from './rows.ts';

const root = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** GELU as T5 v1.1 has it, with a hyperbolic tangent. */
export function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(root * (x + cubic * x ** 3)));
}

/** Its derivative. */
function geluSlope(x: number): number {
  const t = Math.tanh(root * (x + cubic * x ** 3));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * cubic * x * x);
}

/** SiLU, x · sigmoid(x). */
export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** Its derivative. */
function siluSlope(x: number): number {
  const share = 1 / (1 + Math.exp(-x));
  return share + x * share * (1 - share);
}

const gates: Record<Gate, { value: (x: number) => number; slope: (x: number) => number }> = {
  gelu: { value: gelu, slope: geluSlope },
  silu: { value: silu, slope: siluSlope },
};

export function matmul(operation: Matmul, memory: TwinMemory): void {
  const { form, epilogue, scale } = operation;
  const m = memory.extent(operation.m);
  const n = memory.extent(operation.n);
  const k = memory.extent(operation.k);
  const a = memory.floats(operation.a);
  const b = memory.floats(operation.b);
  const c = memory.floats(operation.c);
  const stride = stridesOf(operation, { m, n, k });
  const adds = isAdded(operation.accumulate, memory.run);
  const v = new Float64Array(n);
  for (let row = 0; row < m; row += 1) {
    v.fill(0);
    if (form === 'nt') {
      for (let column = 0; column < n; column += 1) {
        let sum = 0;
        for (let i = 0; i < k; i += 1) sum += a[row * stride.a + i]! * b[column * stride.b + i]!;
        v[column] = sum;
      }
    } else {
      for (let i = 0; i < k; i += 1) {
        const factor = form === 'nn' ? a[row * stride.a + i]! : a[i * stride.a + row]!;
        for (let column = 0; column < n; column += 1) v[column]! += factor * b[i * stride.b + column]!;
      }
    }
    if (scale !== 1) for (let column = 0; column < n; column += 1) v[column]! *= scale;
    if (epilogue.kind !== 'none') {
      finishRow(operation, memory, row, v);
    } else if (adds) {
      for (let column = 0; column < n; column += 1) c[row * stride.c + column]! += v[column]!;
    } else {
      c.set(v, row * stride.c);
    }
  }
}

/** The epilogue of one row. */
function finishRow(operation: Matmul, memory: TwinMemory, row: number, v: Float64Array): void {
  const { epilogue } = operation;
  if (epilogue.kind === 'none') return;
  const c = memory.floats(operation.c);
  const n = v.length;
  const adds = isAdded(operation.accumulate, memory.run);
  const addRow = (values: Floats) => v.forEach((value, i) => (v[i] = value + values[row * n + i]!));
  switch (epilogue.kind) {
    case 'residual': {
      const residual = memory.floats(epilogue.residual);
      const factors = memory.factors(epilogue.dropout, row, 0, n);
      v.forEach((value, i) => (c[row * n + i] = residual[row * n + i]! + value * (factors?.[i] ?? 1)));
      return;
    }
    case 'relu': {
      const factors = memory.factors(epilogue.dropout, row, 0, n);
      if (adds) addRow(c);
      v.forEach((value, i) => (c[row * n + i] = Math.max(value, 0) * (factors?.[i] ?? 1)));
      return;
    }
    case 'gated': {
      const hidden = memory.floats(epilogue.hidden);
      const width = n / 2;
      const factors = memory.factors(epilogue.dropout, row, 0, width);
      const { value } = gates[epilogue.gate];
      if (adds) addRow(hidden);
      hidden.set(v, row * n);
      for (let i = 0; i < width; i += 1) {
        c[row * width + i] = value(v[i]!) * v[width + i]! * (factors?.[i] ?? 1);
      }
      return;
    }
    case 'reluBackward': {
      const activation = memory.floats(epilogue.activation);
      const keepScale = epilogue.dropout === null ? 1 : memory.keepScale;
      if (adds) addRow(c);
      v.forEach((value, i) => (c[row * n + i] = activation[row * n + i]! > 0 ? value * keepScale : 0));
      return;
    }
    case 'gatedBackward': {
      const activation = memory.floats(epilogue.activation);
      const factors = memory.factors(epilogue.dropout, row, 0, n);
      const { value, slope } = gates[epilogue.gate];
      if (adds) addRow(activation);
      for (let i = 0; i < n; i += 1) {
        const factor = factors?.[i] ?? 1;
        const u = v[i]! * factor;
        const h0 = c[row * 2 * n + i]!;
        const h1 = c[row * 2 * n + n + i]!;
        activation[row * n + i] = value(h0) * h1 * factor;
        c[row * 2 * n + i] = u * h1 * slope(h0);
        c[row * 2 * n + n + i] = u * value(h0);
      }
      return;
    }
    default:
      epilogue satisfies never;
  }
}
