/** Weights and moments of an exported run, held against the student's configuration. */
import { InputError } from '../base/errors.ts';
import { untrainedParameters } from '../distill/engine-student.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { EngineState } from '../engine/engine.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import type { T5Config, Weights } from '../student/config.ts';
import { expectedParameters, sizeOf } from '../student/parameters.ts';
import { again } from './unpack-archive.ts';

/** AdamW's averages of one step. */
export type Moments = Pick<EngineState, 'expAvg' | 'expAvgSq'>;

/** The values of a tensor that is float32 and of a shape; null where there is none such. */
type ValuesOf = (name: string, shape: readonly number[]) => Float32Array | null;

/** Of a safetensors file. */
function inFile(bytes: Uint8Array, file: string): ValuesOf {
  const { tensors } = parseSafetensors(bytes, file);
  return (name, shape) => {
    const tensor = tensors.get(name);
    return tensor?.data instanceof Float32Array && String(tensor.shape) === String(shape)
      ? tensor.data
      : null;
  };
}

/** Of a checkpoint's state, which has lengths alone. */
function inState(weights: Weights): ValuesOf {
  return (name, shape) => {
    const values = weights.get(name);
    return values?.length === sizeOf(shape) ? values : null;
  };
}

/**
 * Moments of every weight that the recipe trains.
 * @throws InputError where one is missing, of another shape, or no number.
 */
export function readMoments(bytes: Uint8Array, config: T5Config, recipe: Recipe, file: string): Moments {
  const values = inFile(bytes, file);
  const read = (prefix: string): Weights =>
    momentsOf(config, recipe, prefix, file, (name, shape) => values(prefix + name, shape));
  return { expAvg: read('exp_avg.'), expAvgSq: read('exp_avg_sq.') };
}

/** As `readMoments`, of a checkpoint. */
export function checkMoments(moments: Moments, config: T5Config, recipe: Recipe, file: string): Moments {
  const { expAvg, expAvgSq } = moments;
  return {
    expAvg: momentsOf(config, recipe, 'exp_avg.', file, inState(expAvg)),
    expAvgSq: momentsOf(config, recipe, 'exp_avg_sq.', file, inState(expAvgSq)),
  };
}

function momentsOf(
  config: T5Config,
  recipe: Recipe,
  prefix: string,
  file: string,
  valuesOf: ValuesOf,
): Weights {
  const frozen = untrainedParameters(config, recipe);
  return new Map(
    expectedParameters(config)
      .filter(({ name }) => !frozen.has(name))
      .map(({ name, shape }) => {
        const values = valuesOf(name, shape);
        if (values === null)
          throw new InputError(`"${prefix}${name}" is missing or of another shape.`, again, { file });
        if (!values.every(Number.isFinite))
          throw new InputError(
            `"${prefix}${name}" has values that are no numbers (NaN or Infinity).`,
            again,
            {
              file,
            },
          );
        return [name, values];
      }),
  );
}

/** @throws InputError where a weight is missing, of another shape, or no number. */
export function readModel(bytes: Uint8Array, config: T5Config, file: string): Weights {
  return weightsOf(config, file, inFile(bytes, file));
}

/** As `readModel`, of a checkpoint. */
export function checkModel(weights: Weights, config: T5Config, file: string): Weights {
  return weightsOf(config, file, inState(weights));
}

function weightsOf(config: T5Config, file: string, valuesOf: ValuesOf): Weights {
  const weights: Weights = new Map();
  for (const { name, shape } of expectedParameters(config)) {
    const values = valuesOf(name, shape);
    if (values === null)
      throw new InputError(`weight "${name}" is missing or of another shape.`, again, { file });
    if (!values.every(Number.isFinite)) {
      throw new InputError(
        `weight "${name}" has values that are no numbers (NaN or Infinity), so this student cannot answer.`,
        'Go back to a run whose loss stayed a number, and export that one.',
        { file },
      );
    }
    weights.set(name, values);
  }
  return weights;
}
