import type { WrittenFloat } from '../formats/safetensors.ts';

/** PyTorch's names of what weights are written as. */
export const torchDtypes = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const satisfies Record<
  WrittenFloat,
  string
>;
