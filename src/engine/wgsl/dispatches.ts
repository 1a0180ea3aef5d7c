/** From operations to dispatches. */
import type { Matmul, Operation } from '../plan/operations.ts';
import type { Counts } from '../plan/plan.ts';
import { adafactor } from './adafactor.ts';
import { attention, attentionBackward } from './attention.ts';
import { argMax, decodeCrossAttention, decodeSelfAttention } from './decode.ts';
import type { Dispatch, SharingChoice } from './dispatch.ts';
import { adamw, clip, crossEntropy, squaredNorm, zero } from './loss.ts';
import { matmul, type MatmulVariant } from './matmul.ts';
import { biasGradient, drop, embed, embedBackward, rmsNorm, rmsNormBackward, sumPartials } from './rows.ts';

/** What a device is best at. */
export interface Choices extends SharingChoice {
  /** The variant for a matrix product. */
  product: (operation: Matmul) => MatmulVariant;
}

/** Nearly always one. */
export function dispatchesOf(operation: Operation, capacities: Counts, choices: Choices): Dispatch[] {
  switch (operation.kind) {
    case 'embed':
      return [embed(operation)];
    case 'rmsNorm':
      return [rmsNorm(operation, choices)];
    case 'rmsNormBackward':
      return [rmsNormBackward(operation, choices)];
    case 'sumPartials':
      return [sumPartials(operation)];
    case 'matmul':
      return [matmul(operation, choices.product(operation))];
    case 'drop':
      return [drop(operation)];
    case 'attention':
      return [attention(operation, choices)];
    case 'attentionBackward':
      return attentionBackward(operation, choices);
    case 'biasGradient':
      return [biasGradient(operation, choices.sharing)];
    case 'crossEntropy':
      return crossEntropy(operation, choices);
    case 'zero':
      return [zero(operation)];
    case 'embedBackward':
      return [embedBackward(operation)];
    case 'squaredNorm':
      return [squaredNorm(operation, choices.sharing)];
    case 'clip':
      return [clip(operation)];
    case 'adamw':
      return [adamw(operation)];
    case 'adafactor':
      return adafactor(operation, choices.sharing);
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
