/** Runs one operation. */
import type { Operation } from '../operations.ts';
import { attention, attentionBackward, biasGradient } from './attention.ts';
import { argMax, decodeCrossAttention, decodeSelfAttention } from './decode.ts';
import { crossEntropy } from './loss.ts';
import { matmul } from './matmul.ts';
import type { TwinMemory } from './memory.ts';
import { drop, embed, embedBackward, rmsNorm, rmsNormBackward, sumPartials, zero } from './rows.ts';
import { adafactor, adamw, clip, squaredNorm } from './update.ts';

type Kernels = {
  [Kind in Operation['kind']]: (operation: Extract<Operation, { kind: Kind }>, memory: TwinMemory) => void;
};

const kernels: Kernels = {
  embed,
  embedBackward,
  rmsNorm,
  rmsNormBackward,
  sumPartials,
  zero,
  matmul,
  drop,
  attention,
  attentionBackward,
  biasGradient,
  crossEntropy,
  squaredNorm,
  clip,
  adamw,
  adafactor,
  decodeSelfAttention,
  decodeCrossAttention,
  argMax,
};

export function execute(operation: Operation, memory: TwinMemory): void {
  // Kernels are filed under their operation's own kind.
  const kernel = kernels[operation.kind] as (operation: Operation, memory: TwinMemory) => void;
  kernel(operation, memory);
}
