/** What an operation costs: floating-point operations, and bytes that must pass through memory at least once. */
import type { AttentionShape, Operation } from './operations.ts';
import { operandsOf } from './operands.ts';
import {
  bytesPerValue,
  lengthOf,
  sizeOfExtent,
  type Counts,
  type CountName,
  type Extent,
  type Tensor,
} from './plan.ts';

export interface Cost {
  /** A multiplication with an addition counts as two; square roots and exponentials as one. */
  flops: number;
  /** Of floats read and written once each, at the plan's capacities. */
  bytes: number;
}

/** Pairs of query and key, if all sequences are equally long. */
function attentionPairs(shape: AttentionShape, counts: Counts): number {
  const sequences = Math.max(1, counts[shape.sequences]);
  const queries = counts[shape.rows];
  if (shape.causal) return (queries * (queries / sequences + 1)) / 2;
  const keyRows: CountName = shape.keySequences === shape.querySequences ? shape.rows : 'encoderRows';
  return (queries * counts[keyRows]) / sequences;
}

function flopsOf(operation: Operation, counts: Counts): number {
  const extent = (size: Extent) => sizeOfExtent(size, counts);
  switch (operation.kind) {
    case 'embed':
    case 'zero':
    case 'argMax':
      return 0;
    case 'drop':
      return counts[operation.rows] * operation.input.shape[1]!;
    case 'rmsNorm':
      return counts[operation.rows] * (4 * operation.x.shape[1]! + 2);
    case 'rmsNormBackward':
      return counts[operation.rows] * 11 * operation.x.shape[1]!;
    case 'sumPartials':
    case 'biasGradient':
      return lengthOf(operation.partials);
    case 'matmul':
      return 2 * extent(operation.m) * extent(operation.n) * extent(operation.k);
    case 'attention':
      return attentionPairs(operation, counts) * operation.heads * (4 * operation.headSize + 4);
    case 'attentionBackward':
      return attentionPairs(operation, counts) * operation.heads * (8 * operation.headSize + 4);
    case 'crossEntropy':
      return counts[operation.rows] * (operation.gradient ? 5 : 3) * operation.logits.shape[1]!;
    case 'embedBackward':
      return (counts.encoderRows + counts.decoderRows) * operation.output.shape[1]!;
    case 'squaredNorm':
      return 2 * lengthOf(operation.gradients);
    case 'clip':
      return lengthOf(operation.partials);
    case 'adamw':
      return 15 * operation.length;
    case 'adafactor':
      return 16 * lengthOf(operation.gradients);
    case 'decodeSelfAttention':
    case 'decodeCrossAttention':
      // Per position of the cache, or token of the input: half of the longest, on average.
      return (counts[operation.rows] * operation.heads * 4 * operation.headSize * averageKeys(operation)) / 2;
    default:
      return operation satisfies never;
  }
}

function averageKeys(
  operation: Extract<Operation, { kind: 'decodeSelfAttention' | 'decodeCrossAttention' }>,
): number {
  if (operation.kind === 'decodeSelfAttention') return operation.cache.shape[0]! / operation.qkv.shape[0]!;
  return (6 * operation.k.of.shape[0]!) / operation.sequences.length;
}

function bytesOf(operation: Operation, counts: Counts): number {
  switch (operation.kind) {
    case 'embed':
      // Of the table only the rows that are looked up.
      return 8 * counts[operation.rows] * operation.output.shape[1]!;
    case 'embedBackward':
      return (
        4 * (counts.encoderRows + counts.decoderRows + 2 * counts.distinctIds) * operation.output.shape[1]!
      );
    case 'adamw':
      return 28 * operation.length;
    case 'adafactor':
      // Gradients for the rows, the columns, the norm of the update and the update; weights for their norm, too.
      return 4 * 7 * lengthOf(operation.gradients);
    case 'matmul': {
      const { reads, writes } = operandsOf(operation);
      const size = ({ m, n, k }: typeof operation, tensor: Tensor): number => {
        // Columns of a wider matrix are all that is read of it.
        if (operation.strides === undefined) return lengthOf(tensor);
        const [rows, columns, depth] = [m, n, k].map((extent) => sizeOfExtent(extent, counts));
        if (tensor === operation.c) return rows! * columns!;
        return tensor === operation.a ? rows! * depth! : columns! * depth!;
      };
      return [...reads, ...writes].reduce(
        (sum, tensor) => sum + bytesPerValue(tensor) * size(operation, tensor),
        0,
      );
    }
    default: {
      const { reads, writes } = operandsOf(operation);
      return 4 * [...reads, ...writes].reduce((sum, tensor) => sum + lengthOf(tensor), 0);
    }
  }
}

/** @param counts Of a run, or the plan's capacities. */
export function costOf(operation: Operation, counts: Counts): Cost {
  return { flops: flopsOf(operation, counts), bytes: bytesOf(operation, counts) };
}

/** Floating-point operations of whole programs. */
export function flopsOfAll(operations: readonly Operation[], counts: Counts): number {
  return operations.reduce((sum, operation) => sum + flopsOf(operation, counts), 0);
}
