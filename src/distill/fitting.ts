/** Whether a recipe suits the size of its student, and which preset would suit it better. */
import { formatParameters } from '../base/units.ts';
import { notebookRecipe, smallRecipe, type Recipe } from './recipe.ts';

/**
 * Where AdamW is usually begun, by parameters at most. The ends are measured: the bundled student's by the study
 * (docs/study.md), flan-t5-base's in the published notebook; reports on T5 put AdamW near 1e-4 where Adafactor has 1e-3
 * (text-to-text-transfer-transformer#230, nanoT5#15). Between them it falls as students grow.
 */
export const usualRates = [
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

/** How long rows are in the student's tokens: 99 in 100 have no more. */
export interface RowTokens {
  input: number;
  /** Of label and rationale, the longer. */
  target: number;
}

/** Longer rows than this are cut: memory grows with the square of their length. */
const mostTokens = 1024;

/** The preset for a student of this size, at its rate, with room for these rows. */
export function fittingPreset(
  parameters: number,
  rows: RowTokens | null = null,
): { title: 'Small' | 'Notebook'; recipe: Recipe } {
  const learningRate = usualRate(parameters);
  const title = parameters <= 30e6 ? 'Small' : 'Notebook';
  const preset = title === 'Small' ? smallRecipe : notebookRecipe;
  return { title, recipe: { ...preset, learningRate, ...roomFor(preset, rows) } };
}

/** Limits that leave the rows whole; those of the recipe where they do already. */
function roomFor(
  { maxInputTokens, maxTargetTokens }: Pick<Recipe, 'maxInputTokens' | 'maxTargetTokens'>,
  rows: RowTokens | null,
): Pick<Recipe, 'maxInputTokens' | 'maxTargetTokens'> {
  const enough = (limit: number, tokens: number): number =>
    tokens <= limit ? limit : Math.max(limit, Math.min(mostTokens, 16 * Math.ceil(tokens / 16)));
  return {
    maxInputTokens: enough(maxInputTokens, rows?.input ?? 0),
    maxTargetTokens: enough(maxTargetTokens, rows?.target ?? 0),
  };
}

export interface Advice {
  /** What does not fit, a sentence for each. */
  why: string[];
  /** Settings that would. */
  settings: Partial<Pick<Recipe, 'learningRate' | 'maxInputTokens' | 'maxTargetTokens'>>;
  /** The whole preset that suits. */
  preset: ReturnType<typeof fittingPreset>;
}

/** Null where the recipe suits the student and the rows, as far as their sizes say. */
export function adviceFor(recipe: Recipe, parameters: number, rows: RowTokens | null = null): Advice | null {
  const why: string[] = [];
  const settings: Advice['settings'] = {};
  const misfit = rateMisfit(recipe, parameters);
  if (misfit !== null) {
    why.push(misfit);
    settings.learningRate = usualRate(parameters);
  }
  const room = roomFor(recipe, rows);
  if (rows !== null && room.maxInputTokens !== recipe.maxInputTokens) {
    why.push(`Inputs have up to ${rows.input} tokens, and are cut after ${recipe.maxInputTokens}.`);
    settings.maxInputTokens = room.maxInputTokens;
  }
  if (rows !== null && room.maxTargetTokens !== recipe.maxTargetTokens) {
    why.push(`What is learnt has up to ${rows.target} tokens, and is cut after ${recipe.maxTargetTokens}.`);
    settings.maxTargetTokens = room.maxTargetTokens;
  }
  return why.length === 0 ? null : { why, settings, preset: fittingPreset(parameters, rows) };
}

/** Null where the rate suits the student, or its optimiser or adapters are known to want others. */
function rateMisfit(recipe: Recipe, parameters: number): string | null {
  if (recipe.optimizer !== 'adamw' || recipe.lora !== null || recipe.learningRate === 0) return null;
  const usual = usualRate(parameters);
  const factor = recipe.learningRate / usual;
  if (factor < muchFactor && factor > 1 / muchFactor) return null;
  const [size, rate] = [formatParameters(parameters), recipe.learningRate.toExponential()];
  const what =
    factor > 1 ? `so high a rate makes it forget what it knew` : `so low a rate needs many times the steps`;
  return `A student of ${size} parameters is usually begun at about ${usual.toExponential()}; this is ${rate}: ${what}.`;
}
