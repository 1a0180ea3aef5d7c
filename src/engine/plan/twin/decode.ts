/** The operations of one decoder step: attention over a cache, and the greedy choice. */
import type { ArgMax, DecodeCrossAttention, DecodeSelfAttention } from '../operations.ts';
import { softmax } from './attention.ts';
import type { TwinMemory } from './memory.ts';

export function decodeSelfAttention(operation: DecodeSelfAttention, memory: TwinMemory): void {
  const { heads, headSize } = operation;
  const inner = heads * headSize;
  const { position } = memory.run;
  const qkv = memory.floats(operation.qkv);
  const cache = memory.floats(operation.cache);
  const context = memory.floats(operation.context);
  const weight = memory.floats(operation.bias.weight);
  const buckets = memory.table(operation.bias.buckets);
  const ancestry = memory.table(operation.ancestry);
  const length = operation.ancestry.length / operation.qkv.shape[0]!;
  const middle = (operation.bias.buckets.length - 1) / 2;
  const scores = new Float64Array(position + 1);
  for (let row = 0; row < memory.run.counts[operation.rows]; row += 1) {
    const own = (row * length + position) * 2 * inner;
    cache.set(qkv.subarray(row * 3 * inner + inner, (row + 1) * 3 * inner), own);
    // The cache row of position p, as an index of floats.
    const at = (p: number) => (p === position ? own : (ancestry[row * length + p]! * length + p) * 2 * inner);
    for (let head = 0; head < heads; head += 1) {
      const first = head * headSize;
      for (let p = 0; p <= position; p += 1) {
        scores[p] = weight[buckets[p - position + middle]! * heads + head]!;
        for (let d = first; d < first + headSize; d += 1) {
          scores[p]! += qkv[row * 3 * inner + d]! * cache[at(p) + d]!;
        }
      }
      softmax(scores, position + 1);
      for (let d = first; d < first + headSize; d += 1) {
        let sum = 0;
        for (let p = 0; p <= position; p += 1) sum += scores[p]! * cache[at(p) + inner + d]!;
        context[row * inner + d] = sum;
      }
    }
  }
}

export function decodeCrossAttention(operation: DecodeCrossAttention, memory: TwinMemory): void {
  const { heads, headSize } = operation;
  const inner = heads * headSize;
  const q = memory.floats(operation.q);
  const keys = memory.floats(operation.k.of);
  const values = memory.floats(operation.v.of);
  const stride = operation.k.of.shape[1]!;
  const context = memory.floats(operation.context);
  const rowSequences = memory.table(operation.rowSequences);
  const sequences = memory.table(operation.sequences);
  for (let row = 0; row < memory.run.counts[operation.rows]; row += 1) {
    const sequence = rowSequences[row]!;
    const firstKey = sequences[3 * sequence]!;
    const count = sequences[3 * sequence + 1]!;
    const scores = new Float64Array(count);
    for (let head = 0; head < heads; head += 1) {
      const first = head * headSize;
      for (let j = 0; j < count; j += 1) {
        scores[j] = 0;
        for (let d = first; d < first + headSize; d += 1) {
          scores[j]! += q[row * inner + d]! * keys[(firstKey + j) * stride + operation.k.from + d]!;
        }
      }
      softmax(scores, count);
      for (let d = first; d < first + headSize; d += 1) {
        let sum = 0;
        for (let j = 0; j < count; j += 1) {
          sum += scores[j]! * values[(firstKey + j) * stride + operation.v.from + d]!;
        }
        context[row * inner + d] = sum;
      }
    }
  }
}

export function argMax(operation: ArgMax, memory: TwinMemory): void {
  const logits = memory.floats(operation.logits);
  const ids = memory.table(operation.ids);
  const finished = memory.table(operation.finished);
  const generated = memory.table(operation.generated);
  const [capacity, columns] = operation.logits.shape as [number, number];
  for (let row = 0; row < memory.run.counts[operation.rows]; row += 1) {
    let best = 0;
    for (let column = 1; column < columns; column += 1) {
      if (logits[row * columns + column]! > logits[row * columns + best]!) best = column;
    }
    const id = finished[row] === 1 ? operation.padId : best;
    generated[memory.run.position * capacity + row] = id;
    ids[row] = id;
    if (id === operation.endId) finished[row] = 1;
  }
}
