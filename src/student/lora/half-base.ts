/**
 * The base of adapters in half precision (`Lora.baseDtype`): its matrices are rounded to 16-bit floats once, and all is
 * computed from these in single precision. Layer norms and relative biases, which are small, stay as they are.
 */
import { InputError } from '../../base/errors.ts';
import { floatsToHalves, halvesToFloats } from '../../formats/half.ts';
import type { T5Config, Weights } from '../config.ts';
import { expectedParameters, sizeOf, type Parameter } from '../parameters.ts';

export { floatsToHalves, halvesToFloats };

/** The largest value that binary16 holds. */
export const largestHalf = 65_504;

/** Whether a weight of a base is kept in half precision. A GPU writes whole pairs: an odd matrix is left alone. */
export function isHalfMatrix({ name, shape }: Parameter): boolean {
  return shape.length === 2 && !name.includes('relative_attention_bias') && sizeOf(shape) % 2 === 0;
}

/** @throws InputError where a weight would overflow, with its name: before anything is trained on it. */
export function checkHalfBase(config: T5Config, weights: Weights): void {
  for (const parameter of expectedParameters(config)) {
    if (!isHalfMatrix(parameter)) continue;
    const values = weights.get(parameter.name);
    // What rounds to 65,504 stays finite.
    const stray = values?.find((value) => !(Math.abs(value) < 65_520));
    if (stray === undefined) continue;
    throw new InputError(
      `${parameter.name} holds ${stray}, and half precision ends at ${largestHalf.toLocaleString('en')}.`,
      'Keep the base in single precision: set its precision to float32.',
    );
  }
}

/** Weights of which the base's matrices are what half precision holds: copies of these, the others as they are. */
export function halfBase(config: T5Config, weights: Weights): Weights {
  const rounded: Weights = new Map(weights);
  for (const parameter of expectedParameters(config)) {
    if (!isHalfMatrix(parameter)) continue;
    rounded.set(parameter.name, halvesToFloats(floatsToHalves(weights.get(parameter.name)!)));
  }
  return rounded;
}
