/** Weights and moments of an exported run, held against the student's configuration. */
import { InputError } from '../base/errors.ts';
import { untrainedParameters } from '../distill/engine-student.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { EngineState } from '../engine/engine.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import type { T5Config, Weights } from '../student/config.ts';
import { expectedParameters } from '../student/parameters.ts';
import { again } from './unpack-archive.ts';

/** AdamW's averages of one step. */
export type Moments = Pick<EngineState, 'expAvg' | 'expAvgSq'>;

/**
 * Moments of every weight that the recipe trains.
 * @throws InputError where one is missing, of another shape, or no number.
 */
export function readMoments(bytes: Uint8Array, config: T5Config, recipe: Recipe, file: string): Moments {
  const { tensors } = parseSafetensors(bytes, file);
  const frozen = untrainedParameters(config, recipe);
  const read = (prefix: string): Weights =>
    new Map(
      expectedParameters(config)
        .filter(({ name }) => !frozen.has(name))
        .map(({ name, shape }) => {
          const tensor = tensors.get(prefix + name);
          if (!(tensor?.data instanceof Float32Array) || String(tensor.shape) !== String(shape))
            throw new InputError(`"${prefix}${name}" is missing or of another shape.`, again, { file });
          if (!tensor.data.every(Number.isFinite))
            throw new InputError(
              `"${prefix}${name}" has values that are no numbers (NaN or Infinity).`,
              again,
              { file },
            );
          return [name, tensor.data];
        }),
    );
  return { expAvg: read('exp_avg.'), expAvgSq: read('exp_avg_sq.') };
}

/** @throws InputError where a weight is missing, of another shape, or no number. */
export function readModel(bytes: Uint8Array, config: T5Config, file: string): Weights {
  const { tensors } = parseSafetensors(bytes, file);
  const weights: Weights = new Map();
  for (const { name, shape } of expectedParameters(config)) {
    const tensor = tensors.get(name);
    if (!(tensor?.data instanceof Float32Array) || String(tensor.shape) !== String(shape)) {
      throw new InputError(`weight "${name}" is missing or of another shape.`, again, { file });
    }
    if (!tensor.data.every(Number.isFinite)) {
      throw new InputError(
        `weight "${name}" has values that are no numbers (NaN or Infinity), so this student cannot answer.`,
        'Go back to a run whose loss stayed a number, and export that one.',
        { file },
      );
    }
    weights.set(name, tensor.data);
  }
  return weights;
}
