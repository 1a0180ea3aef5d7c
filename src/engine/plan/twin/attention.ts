/** Attention over whole sequences, its adjoint, and the gradient of the table of relative biases. */
import { headStride } from '../../dropout.ts';
import type { Floats } from '../executor.ts';
import type { Attention, AttentionBackward, AttentionShape, BiasGradient, Dropout } from '../operations.ts';
import { tileRows, type Columns } from '../plan.ts';
import type { TwinMemory } from './memory.ts';
import { isAdded } from './rows.ts';

/** A matrix of which one head's columns are looked at: element (row, d) is data[row · stride + from + d]. */
interface HeadView {
  data: Floats;
  stride: number;
  from: number;
}

function headView(memory: TwinMemory, { of, from }: Columns, head: number, headSize: number): HeadView {
  return { data: memory.floats(of), stride: of.shape[1]!, from: from + head * headSize };
}

function dot(a: HeadView, rowA: number, b: HeadView, rowB: number, headSize: number): number {
  const startA = rowA * a.stride + a.from;
  const startB = rowB * b.stride + b.from;
  let sum = 0;
  for (let d = 0; d < headSize; d += 1) sum += a.data[startA + d]! * b.data[startB + d]!;
  return sum;
}

/** target[rowA] += factor · b[rowB] */
function addRow(target: Float64Array, factor: number, b: HeadView, rowB: number): void {
  const start = rowB * b.stride + b.from;
  for (let d = 0; d < target.length; d += 1) target[d]! += factor * b.data[start + d]!;
}

function store(view: HeadView, row: number, values: Float64Array): void {
  view.data.set(values, row * view.stride + view.from);
}

interface SequencePair {
  index: number;
  firstQuery: number;
  queries: number;
  firstTile: number;
  firstKey: number;
  keys: number;
}

function pairs(shape: AttentionShape, memory: TwinMemory): SequencePair[] {
  const queries = memory.table(shape.querySequences);
  const keys = memory.table(shape.keySequences);
  return Array.from({ length: memory.run.counts[shape.sequences] }, (_, index) => ({
    index,
    firstQuery: queries[3 * index]!,
    queries: queries[3 * index + 1]!,
    firstTile: queries[3 * index + 2]!,
    firstKey: keys[3 * index]!,
    keys: keys[3 * index + 1]!,
  }));
}

/** Keys that query i sees. */
function visible(shape: AttentionShape, pair: SequencePair, i: number): number {
  return shape.causal ? i + 1 : pair.keys;
}

function headFactors(memory: TwinMemory, dropout: Dropout | null, row: number, head: number, keys: number) {
  return memory.factors(dropout, row, head * headStride, keys);
}

/** Softmax in place over the first `count` values. */
export function softmax(scores: Float64Array, count: number): void {
  let largest = -Infinity;
  for (let i = 0; i < count; i += 1) largest = Math.max(largest, scores[i]!);
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    scores[i] = Math.exp(scores[i]! - largest);
    sum += scores[i]!;
  }
  for (let i = 0; i < count; i += 1) scores[i]! /= sum;
}

export function attention(operation: Attention, memory: TwinMemory): void {
  const { heads, headSize, bias, dropout } = operation;
  const [, capacity, width] = operation.probabilities.shape as [number, number, number];
  const probabilities = memory.floats(operation.probabilities);
  const biasWeight = bias === null ? null : memory.floats(bias.weight);
  const buckets = bias === null ? null : memory.table(bias.buckets);
  const middle = bias === null ? 0 : (bias.buckets.length - 1) / 2;
  const scores = new Float64Array(width);
  for (const pair of pairs(operation, memory)) {
    for (let head = 0; head < heads; head += 1) {
      const q = headView(memory, operation.q, head, headSize);
      const k = headView(memory, operation.k, head, headSize);
      const v = headView(memory, operation.v, head, headSize);
      const output = headView(memory, { of: operation.context, from: 0 }, head, headSize);
      for (let i = 0; i < pair.queries; i += 1) {
        const row = pair.firstQuery + i;
        const keys = visible(operation, pair, i);
        for (let j = 0; j < keys; j += 1) {
          scores[j] = dot(q, row, k, pair.firstKey + j, headSize);
          if (biasWeight !== null) scores[j]! += biasWeight[buckets![j - i + middle]! * heads + head]!;
        }
        softmax(scores, keys);
        const factors = headFactors(memory, dropout, row, head, keys);
        const start = (head * capacity + row) * width;
        const context = new Float64Array(headSize);
        for (let j = 0; j < keys; j += 1) {
          probabilities[start + j] = scores[j]!;
          addRow(context, scores[j]! * (factors?.[j] ?? 1), v, pair.firstKey + j);
        }
        store(output, row, context);
      }
    }
  }
}

export function attentionBackward(operation: AttentionBackward, memory: TwinMemory): void {
  const partials = operation.biasPartials === null ? null : memory.floats(operation.biasPartials);
  const partialWidth = operation.biasPartials?.shape[2] ?? 0;
  if (partials !== null && operation.accumulate === 'never') {
    partials.fill(0, 0, memory.run.counts[operation.tileCount] * operation.heads * partialWidth);
  }
  for (const pair of pairs(operation, memory)) {
    for (let head = 0; head < operation.heads; head += 1) {
      const ds = headBackward(operation, memory, pair, head);
      if (partials === null) continue;
      for (let i = 0; i < pair.queries; i += 1) {
        const tile = pair.firstTile + Math.floor(i / tileRows);
        const start = (tile * operation.heads + head) * partialWidth + (partialWidth - 1) / 2 - i;
        for (let j = 0; j < visible(operation, pair, i); j += 1)
          partials[start + j]! += ds[i * pair.keys + j]!;
      }
    }
  }
}

/** dq, dk and dv of one sequence and head; returns ds [queries, keys]. */
function headBackward(
  operation: AttentionBackward,
  memory: TwinMemory,
  pair: SequencePair,
  head: number,
): Float64Array {
  const { headSize, dropout } = operation;
  const [, capacity, width] = operation.probabilities.shape as [number, number, number];
  const probabilities = memory.floats(operation.probabilities);
  const view = (columns: Columns) => headView(memory, columns, head, headSize);
  const [q, k, v] = [view(operation.q), view(operation.k), view(operation.v)];
  const [dq, dk, dv] = [view(operation.dq), view(operation.dk), view(operation.dv)];
  const dContext = view({ of: operation.dContext, from: 0 });
  const ds = new Float64Array(pair.queries * pair.keys);
  const dropped = new Float64Array(pair.queries * pair.keys);
  const dp = new Float64Array(pair.keys);
  for (let i = 0; i < pair.queries; i += 1) {
    const row = pair.firstQuery + i;
    const keys = visible(operation, pair, i);
    const factors = headFactors(memory, dropout, row, head, keys);
    const start = (head * capacity + row) * width;
    let delta = 0;
    for (let j = 0; j < keys; j += 1) {
      const factor = factors?.[j] ?? 1;
      dp[j] = dot(dContext, row, v, pair.firstKey + j, headSize) * factor;
      dropped[i * pair.keys + j] = probabilities[start + j]! * factor;
      delta += probabilities[start + j]! * dp[j]!;
    }
    const dQuery = new Float64Array(headSize);
    for (let j = 0; j < keys; j += 1) {
      const value = probabilities[start + j]! * (dp[j]! - delta);
      ds[i * pair.keys + j] = value;
      addRow(dQuery, value, k, pair.firstKey + j);
    }
    store(dq, row, dQuery);
  }
  for (let j = 0; j < pair.keys; j += 1) {
    const dKey = new Float64Array(headSize);
    const dValue = new Float64Array(headSize);
    for (let i = operation.causal ? j : 0; i < pair.queries; i += 1) {
      addRow(dKey, ds[i * pair.keys + j]!, q, pair.firstQuery + i);
      addRow(dValue, dropped[i * pair.keys + j]!, dContext, pair.firstQuery + i);
    }
    store(dk, pair.firstKey + j, dKey);
    store(dv, pair.firstKey + j, dValue);
  }
  return ds;
}

export function biasGradient(operation: BiasGradient, memory: TwinMemory): void {
  const partials = memory.floats(operation.partials);
  const output = memory.floats(operation.output);
  const buckets = memory.table(operation.buckets);
  const [, heads, width] = operation.partials.shape as [number, number, number];
  const [bucketCount] = operation.output.shape as [number, number];
  const end = operation.causal ? (width + 1) / 2 : width;
  const sums = new Float64Array(bucketCount * heads);
  for (let tile = 0; tile < memory.run.counts[operation.tileCount]; tile += 1) {
    for (let head = 0; head < heads; head += 1) {
      for (let at = 0; at < end; at += 1) {
        sums[buckets[at]! * heads + head]! += partials[(tile * heads + head) * width + at]!;
      }
    }
  }
  const adds = isAdded(operation.accumulate, memory.run);
  sums.forEach((sum, i) => (output[i] = adds ? output[i]! + sum : sum));
}
