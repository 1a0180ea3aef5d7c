/** Dispatches of one decoder step of generation. */
import type { ArgMax, DecodeCrossAttention, DecodeSelfAttention } from '../plan/operations.ts';
import type { Counts } from '../plan/plan.ts';
import { dispatch, fold, read, write, type Dispatch } from './dispatch.ts';
import argMaxSource from './kernels/arg-max.wgsl?raw';
import attentionSource from './kernels/decode-attention.wgsl?raw';
import { extentWord } from './run-block.ts';

const chunkKeys = 64;

export function decodeSelfAttention(operation: DecodeSelfAttention, capacities: Counts): Dispatch {
  const { rows, heads, headSize, qkv, cache, ancestry, bias, context } = operation;
  return dispatch({
    source: attentionSource,
    label: 'decodeSelfAttention',
    tables: 'read',
    flags: ['SELF'],
    constants: { HEAD: headSize, STEPS: Math.ceil(headSize / chunkKeys) },
    bindings: [read('qkv', qkv), read('bias', bias.weight), write('cache', cache), write('context', context)],
    params: {
      heads,
      length: ancestry.length / capacities[rows],
      ancestry: ancestry.offset,
      buckets: bias.buckets.offset,
      maxLength: (bias.buckets.length + 1) / 2,
    },
    grid: (counts) => [counts[rows], heads, 1],
  });
}

export function decodeCrossAttention(operation: DecodeCrossAttention): Dispatch {
  const { rows, heads, headSize, q, k, v, rowSequences, sequences, context } = operation;
  return dispatch({
    source: attentionSource,
    label: 'decodeCrossAttention',
    tables: 'read',
    constants: { HEAD: headSize, STEPS: Math.ceil(headSize / chunkKeys) },
    bindings: [read('q', q), read('keys', k.of), read('values', v.of), write('context', context)],
    params: {
      heads,
      rowSequences: rowSequences.offset,
      sequences: sequences.offset,
      keys: k.from,
      values: v.from,
      keyStride: k.of.shape[1]!,
      valueStride: v.of.shape[1]!,
    },
    grid: (counts) => [counts[rows], heads, 1],
  });
}

export function argMax(operation: ArgMax, capacities: Counts): Dispatch {
  const { rows, logits, ids, finished, generated, endId, padId } = operation;
  return dispatch({
    source: argMaxSource,
    label: 'argMax',
    tables: 'read_write',
    bindings: [read('logits', logits)],
    params: {
      rows: extentWord(rows),
      columns: logits.shape[1]!,
      ids: ids.offset,
      finished: finished.offset,
      generated: generated.offset,
      capacity: capacities[rows],
      endId,
      padId,
    },
    grid: (counts) => fold(counts[rows]),
  });
}
