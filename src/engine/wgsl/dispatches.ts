/** From operations to dispatches. */
import type { Matmul, Operation } from '../plan/operations.ts';
import type { Counts } from '../plan/plan.ts';
import { attention, attentionBackward } from './attention.ts';
import { argMax, decodeCrossAttention, decodeSelfAttention } from './decode.ts';
import type { Dispatch } from './dispatch.ts';
import { adamw, clip, crossEntropy, squaredNorm, zero } from './loss.ts';
import { matmul, type MatmulVariant } from './matmul.ts';
import { biasGradient, embed, embedBackward, rmsNorm, rmsNormBackward, sumPartials } from './rows.ts';

/** Nearly always one. @param choose The variant for a matrix product. */
export function dispatchesOf(
  operation: Operation,
  capacities: Counts,
  choose: (operation: Matmul) => MatmulVariant,
): Dispatch[] {
  switch (operation.kind) {
    case 'embed':
      return [embed(operation)];
    case 'rmsNorm':
      return [rmsNorm(operation)];
    case 'rmsNormBackward':
      return [rmsNormBackward(operation)];
    case 'sumPartials':
      return [sumPartials(operation)];
    case 'matmul':
      return [matmul(operation, choose(operation))];
    case 'attention':
      return [attention(operation)];
    case 'attentionBackward':
      return attentionBackward(operation);
    case 'biasGradient':
      return [biasGradient(operation)];
    case 'crossEntropy':
      return crossEntropy(operation);
    case 'zero':
      return [zero(operation)];
    case 'embedBackward':
      return [embedBackward(operation)];
    case 'squaredNorm':
      return [squaredNorm(operation)];
    case 'clip':
      return [clip(operation)];
    case 'adamw':
      return [adamw(operation)];
    case 'decodeSelfAttention':
      return [decodeSelfAttention(operation, capacities)];
    case 'decodeCrossAttention':
      return [decodeCrossAttention(operation)];
    case 'argMax':
      return [argMax(operation, capacities)];
    default:
      return operation satisfies never;
  }
}
