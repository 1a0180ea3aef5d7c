/** How long the rows are that a student will be trained on. */
import { isOneTarget } from '../../distill/methods.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { DatasetRecord, StudentRecord } from '../../store/records.ts';

/** Tokens of the longest row that the recipe leaves: measured where they were, else its limits. */
export function longestRow(dataset: DatasetRecord | null, student: StudentRecord, recipe: Recipe) {
  const lengths = dataset?.lengths.train;
  if (lengths?.studentId !== student.id) {
    return { inputTokens: recipe.maxInputTokens, targetTokens: recipe.maxTargetTokens };
  }
  const [label, rationale] = [lengths.label.max, lengths.rationale?.max ?? 0];
  // Of one target the marker is a few tokens more.
  const target = isOneTarget(recipe.method) ? label + rationale + 4 : Math.max(label, rationale);
  return {
    inputTokens: Math.min(recipe.maxInputTokens, lengths.input.max),
    targetTokens: Math.min(recipe.maxTargetTokens, target),
  };
}
