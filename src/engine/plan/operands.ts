/** Which tensors an operation reads and writes: what lifetimes, byte counts and bindings are derived from. */
import type { Operation } from './operations.ts';
import type { Tensor } from './plan.ts';

export interface Operands {
  /** Tensors whose content matters to the operation, those updated in place among them. */
  reads: readonly Tensor[];
  /** Tensors that the operation overwrites, adds to or updates. */
  writes: readonly Tensor[];
}

/** Tensors of an operation; the slabs of AdamW, which it addresses by range, are not listed. */
export function operandsOf(operation: Operation): Operands {
  switch (operation.kind) {
    case 'embed':
      return { reads: [operation.weight], writes: [operation.output] };
    case 'rmsNorm':
      return { reads: [operation.x, operation.weight], writes: [operation.y, operation.inverse] };
    case 'rmsNormBackward': {
      const { dy, x, inverse, weight, dx, partials, next, accumulate } = operation;
      return {
        reads: [dy, x, inverse, weight, ...(accumulate === 'never' ? [] : [dx])],
        writes: [dx, partials, ...(next === null ? [] : [next.output])],
      };
    }
    case 'sumPartials':
      return { reads: [operation.partials, ...added(operation)], writes: [operation.output] };
    case 'matmul': {
      const { a, b, c, epilogue } = operation;
      /** What the product is added to. */
      const onto = (tensor: Tensor) => (operation.accumulate === 'never' ? [] : [tensor]);
      switch (epilogue.kind) {
        case 'none':
          return { reads: [a, b, ...onto(c)], writes: [c] };
        case 'residual':
          return { reads: [a, b, epilogue.residual], writes: [c] };
        case 'relu':
          return { reads: [a, b, ...onto(c)], writes: [c] };
        case 'gated':
          return { reads: [a, b, ...onto(epilogue.hidden)], writes: [epilogue.hidden, c] };
        case 'reluBackward':
          return { reads: [a, b, epilogue.activation, ...onto(c)], writes: [c] };
        case 'gatedBackward':
          return { reads: [a, b, c, ...onto(epilogue.activation)], writes: [c, epilogue.activation] };
        default:
          return epilogue satisfies never;
      }
    }
    case 'drop': {
      const { input, output, accumulate } = operation;
      return { reads: [input, ...(accumulate === 'never' ? [] : [output])], writes: [output] };
    }
    case 'attention': {
      const { q, k, v, bias, probabilities, context } = operation;
      return {
        reads: distinct([q.of, k.of, v.of, ...(bias === null ? [] : [bias.weight])]),
        writes: [probabilities, context],
      };
    }
    case 'attentionBackward': {
      const { q, k, v, probabilities, context, dContext, dq, dk, dv, biasPartials } = operation;
      const partials = biasPartials === null ? [] : [biasPartials];
      return {
        reads: distinct([
          q.of,
          k.of,
          v.of,
          probabilities,
          context,
          dContext,
          ...(operation.accumulate === 'never' ? [] : partials),
        ]),
        writes: distinct([dq.of, dk.of, dv.of, ...partials]),
      };
    }
    case 'biasGradient':
      return { reads: [operation.partials, ...added(operation)], writes: [operation.output] };
    case 'crossEntropy': {
      const { logits, rowWeights, losses, results, gradient } = operation;
      return {
        reads: [logits, results, ...(rowWeights === null ? [] : [rowWeights])],
        writes: [losses, results, ...(gradient ? [logits] : [])],
      };
    }
    case 'zero':
      return { reads: [], writes: [operation.target] };
    case 'embedBackward':
      return { reads: [operation.encoder, operation.decoder, operation.output], writes: [operation.output] };
    case 'squaredNorm':
      return { reads: [operation.gradients], writes: [operation.partials] };
    case 'clip':
      return { reads: [operation.partials, operation.results], writes: [operation.results] };
    case 'adamw':
      return { reads: [operation.results], writes: [] };
    case 'adafactor': {
      const { parameters, gradients, rowState, columnState, rowSums, columnSums, scalars, results } =
        operation;
      return {
        reads: [gradients, results],
        writes: [parameters, rowState, columnState, rowSums, columnSums, scalars],
      };
    }
    case 'decodeSelfAttention': {
      const { qkv, cache, bias, context } = operation;
      return { reads: [qkv, cache, bias.weight], writes: [cache, context] };
    }
    case 'decodeCrossAttention':
      return { reads: distinct([operation.q, operation.k.of, operation.v.of]), writes: [operation.context] };
    case 'argMax':
      return { reads: [operation.logits], writes: [] };
    default:
      return operation satisfies never;
  }
}

function added(operation: { accumulate: string; output: Tensor }): Tensor[] {
  return operation.accumulate === 'never' ? [] : [operation.output];
}

function distinct(tensors: readonly Tensor[]): Tensor[] {
  return [...new Set(tensors)];
}
