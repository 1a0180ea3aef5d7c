/** What of a recipe in the form is not as a preset has it. */
import { readNumber } from '../../base/units.ts';
import { notebookRecipe, presets, type RecipeKey } from '../../distill/recipe.ts';
import { draftOf, recipeKeys, type RecipeDraft } from '../recipe/recipe-draft.ts';

export type Preset = (typeof presets)[number];

export interface Difference {
  key: RecipeKey;
  /** As typed. */
  text: string;
  /** The preset's, as the form would hold it. */
  presetText: string;
}

export interface PresetDiff {
  preset: Preset;
  /** In the order of the recipe's keys. */
  differences: Difference[];
}

/** Fields of a draft that say something else than a preset: `0.10` is `0.1`. */
export function differencesFrom(preset: Preset, draft: RecipeDraft): Difference[] {
  const texts = draftOf(preset.recipe);
  return recipeKeys.flatMap((key) =>
    isSame(key, draft[key], texts[key]) ? [] : [{ key, text: draft[key], presetText: texts[key] }],
  );
}

/** The preset that the draft is nearest to, and what sets them apart. Of two as near, the first. */
export function nearestPreset(draft: RecipeDraft): PresetDiff {
  const [first, ...others] = presets.map((preset) => ({
    preset,
    differences: differencesFrom(preset, draft),
  }));
  return others.reduce(
    (best, next) => (next.differences.length < best.differences.length ? next : best),
    first!,
  );
}

function isSame(key: RecipeKey, text: string, presetText: string): boolean {
  if (typeof notebookRecipe[key] !== 'number') return text === presetText;
  return readNumber(text) === readNumber(presetText);
}
