/** A student's weights as a file of 16-bit floats holds them. */
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halvesToFloats } from '../formats/half.ts';
import type { WrittenFloat } from '../formats/safetensors-writer.ts';
import type { Weights } from './config.ts';

export type { WrittenFloat };

const rounding: Record<WrittenFloat, (values: Float32Array) => Float32Array> = {
  f32: (values) => values,
  f16: (values) => halvesToFloats(floatsToHalves(values)),
  bf16: (values) => bfloatsToFloats(floatsToBfloats(values)),
};

/** Float32 again, after having been written and read. */
export function roundedWeights(weights: Weights, dtype: WrittenFloat): Weights {
  return new Map([...weights].map(([name, values]) => [name, rounding[dtype](values)]));
}
