/** A student as a recipe has it trained: which of its weights, or adapters beside them. */
import type { EngineStudent } from '../engine/engine.ts';
import type { T5Config, Weights } from '../student/config.ts';
import { halfBase } from '../student/lora/half-base.ts';
import { initialiseAdapters, isAdapterName, mergeAdapters } from '../student/lora/lora.ts';
import { expectedParameters } from '../student/parameters.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import type { Recipe } from './recipe.ts';

/** Names of a student's own weights that are not trained: with adapters, all of them. */
export function untrainedParameters(
  config: T5Config,
  { freeze, lora }: Pick<Recipe, 'freeze' | 'lora'>,
): ReadonlySet<string> {
  if (lora === null) return frozenParameters(config, freeze);
  return new Set(expectedParameters(config).map(({ name }) => name));
}

/**
 * What an engine is made from.
 * @throws InputError where the recipe's adapters do not suit the student, or nothing would be trained.
 */
export function engineStudent(
  { config, weights }: { config: T5Config; weights: Weights },
  recipe: Pick<Recipe, 'freeze' | 'lora' | 'seed' | 'optimizer'>,
): EngineStudent {
  const frozen = untrainedParameters(config, recipe);
  const { lora, seed, optimizer } = recipe;
  if (lora === null) return { config, weights, frozen, optimizer };
  const adapters = { lora, weights: initialiseAdapters(config, lora, seed) };
  return { config, weights, frozen, optimizer, adapters };
}

/** Whether a state's weights are adapters, and the student's own weights must be had to make a student of them. */
export function areAdapters(weights: Weights): boolean {
  const first = weights.keys().next();
  return first.done !== true && isAdapterName(first.value);
}

/** The whole student that a run made: of adapters, its base with them merged in. */
export function wholeWeights(
  base: { config: T5Config; weights: Weights },
  { lora }: Pick<Recipe, 'lora'>,
  weights: Weights,
): Weights {
  if (lora === null || !areAdapters(weights)) return weights;
  // The base that the adapters were trained on, and measured with.
  const { config } = base;
  const own = lora.baseDtype === 'float16' ? { config, weights: halfBase(config, base.weights) } : base;
  return mergeAdapters(own, lora, weights);
}
