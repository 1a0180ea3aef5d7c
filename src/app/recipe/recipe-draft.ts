/** A recipe as it is in the form: text by key, so that a half-typed number is kept as it was typed. */
import { readNumber } from '../../base/units.ts';
import {
  checkRecipe,
  notebookRecipe,
  recipeSchema,
  type Recipe,
  type RecipeIssue,
  type RecipeKey,
} from '../../distill/recipe.ts';
import { generationText, generationValue } from './generation-draft.ts';
import { loraText, loraValue } from './lora-draft.ts';

export type RecipeDraft = Record<RecipeKey, string>;

export const recipeKeys = Object.keys(recipeSchema.shape) as RecipeKey[];

/** A number as people write it in a recipe: `2e-3`, `0.1`, `600`. */
export function numberText(value: number): string {
  return value !== 0 && Math.abs(value) < 0.01 ? value.toExponential() : String(value);
}

/** The text of every field of a recipe. */
export function draftOf(recipe: Recipe): RecipeDraft {
  return Object.fromEntries(
    recipeKeys.map((key) => {
      if (key === 'lora') return [key, loraText(recipe.lora)];
      // Missing in recipes of runs that were begun by earlier versions.
      if (key === 'generation') return [key, generationText(recipe.generation ?? null)];
      const value = recipe[key];
      return [key, typeof value === 'number' ? numberText(value) : String(value)];
    }),
  ) as RecipeDraft;
}

type Reading = { recipe: Recipe; issues: [] } | { recipe: null; issues: RecipeIssue[] };

/** Every field asks for the reading of the same draft; drafts are never changed in place. */
const readings = new WeakMap<RecipeDraft, Reading>();

/** The recipe that the text means, or what is wrong with it, by field. */
export function readDraft(draft: RecipeDraft): Reading {
  const known = readings.get(draft);
  if (known) return known;
  const reading = checkRecipe(Object.fromEntries(recipeKeys.map((key) => [key, valueOf(key, draft[key])])));
  readings.set(draft, reading);
  return reading;
}

function valueOf(key: RecipeKey, text: string): unknown {
  if (key === 'lora') return loraValue(text);
  if (key === 'generation') return generationValue(text);
  const kind = typeof notebookRecipe[key];
  // A list, as String() writes it.
  if (kind === 'object') return listOf(text);
  if (kind === 'boolean') return text === 'true';
  if (kind === 'string') return text;
  return readNumber(text);
}

/** A list in the form's text. */
export function listOf(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

/** A stored draft; null where it is none of ours. */
export function parseDraft(text: string | null): RecipeDraft | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const known = draftOf(notebookRecipe);
    for (const key of recipeKeys) {
      const stored = (value as Record<string, unknown>)[key];
      if (typeof stored === 'string') known[key] = stored;
    }
    return known;
  } catch {
    return null;
  }
}

/** What is wrong with one field. */
export function issueOf(issues: readonly RecipeIssue[], key: RecipeKey): RecipeIssue | null {
  return issues.find((issue) => issue.key === key) ?? null;
}

/** Test rows as typed: null for all of them, undefined where the text is no such number. */
export function readTestRows(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.toLowerCase() === 'all') return null;
  const rows = readNumber(trimmed);
  return Number.isInteger(rows) && rows >= 1 ? rows : undefined;
}
