/** Whether a recipe suits the size of its student, and which preset would suit it better. */
import { formatParameters } from '../base/units.ts';
import { notebookRecipe, smallRecipe, type Recipe } from './recipe.ts';

/**
 * Where AdamW is usually begun, by parameters at most. The ends are measured: the bundled student's by the study
 * (docs/study.md), flan-t5-base's in the published notebook; reports on T5 put AdamW near 1e-4 where Adafactor has 1e-3
 * (text-to-text-transfer-transformer#230, nanoT5#15). Between them it falls as students grow.
 */
const usualRates = [
  { parameters: 3e6, rate: 2e-3 },
  { parameters: 30e6, rate: 1e-3 },
  { parameters: 150e6, rate: 3e-4 },
  { parameters: 220e6, rate: 1e-4 },
  { parameters: Infinity, rate: 5e-5 },
] as const;

/** Less than this factor from the usual rate is a matter of taste. */
const muchFactor = 4;

/** A learning rate to begin with, for AdamW. */
export function usualRate(parameters: number): number {
  return usualRates.find((one) => parameters <= one.parameters)!.rate;
}

/** The preset for a student of this size, at its rate. */
export function fittingPreset(parameters: number): { title: 'Small' | 'Notebook'; recipe: Recipe } {
  const learningRate = usualRate(parameters);
  return parameters <= 30e6
    ? { title: 'Small', recipe: { ...smallRecipe, learningRate } }
    : { title: 'Notebook', recipe: { ...notebookRecipe, learningRate } };
}

export interface Advice {
  /** What does not fit, in a sentence. */
  why: string;
  /** The rate that would. */
  learningRate: number;
  preset: ReturnType<typeof fittingPreset>;
}

/** Null where the recipe's rate suits the student, or its optimiser or adapters are known to want others. */
export function adviceFor(recipe: Recipe, parameters: number): Advice | null {
  if (recipe.optimizer !== 'adamw' || recipe.lora !== null || recipe.learningRate === 0) return null;
  const usual = usualRate(parameters);
  const factor = recipe.learningRate / usual;
  if (factor < muchFactor && factor > 1 / muchFactor) return null;
  const [size, rate] = [formatParameters(parameters), recipe.learningRate.toExponential()];
  const what =
    factor > 1 ? `so high a rate makes it forget what it knew` : `so low a rate needs many times the steps`;
  return {
    why: `A student of ${size} parameters is usually begun at about ${usual.toExponential()}; this is ${rate}: ${what}.`,
    learningRate: usual,
    preset: fittingPreset(parameters),
  };
}
