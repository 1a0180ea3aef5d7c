/** Which of a run's weights are taken, and when more training has stopped to help: decided by its measurements alone. */
import type { Recipe } from './recipe.ts';
import type { Evaluation } from './run-state.ts';
import { shareOf } from './score.ts';

/** By accuracy; where that is equal by loss, where both have one. Positive where `a` is better. */
function compareEvaluations(a: Evaluation, b: Evaluation): number {
  const byShare = shareOf(a) - shareOf(b);
  if (byShare !== 0 || a.loss === undefined || b.loss === undefined) return byShare;
  return b.loss - a.loss;
}

/** The best one; of equals the later, which has learnt longer. Null of none. */
export function bestEvaluation(evaluations: readonly Evaluation[]): Evaluation | null {
  return evaluations.reduce<Evaluation | null>(
    (best, one) => (best === null || compareEvaluations(one, best) >= 0 ? one : best),
    null,
  );
}

/** Whether an evaluation is as good as any before, so that its weights are worth a checkpoint. */
export function isBestYet(evaluation: Evaluation, before: readonly Evaluation[]): boolean {
  return before.every((one) => compareEvaluations(evaluation, one) >= 0);
}

/** Whether so many evaluations in a row were no better than the best before them; never with a patience of 0. */
export function hasStalled(evaluations: readonly Evaluation[], patience: number): boolean {
  if (patience === 0) return false;
  let best: Evaluation | null = null;
  let since = 0;
  for (const one of evaluations) {
    if (best === null || compareEvaluations(one, best) > 0) [best, since] = [one, 0];
    else since += 1;
  }
  return since >= patience;
}

/** The step that a recipe names to be taken; null where it takes the last or the best one. */
export function namedStep({ take }: Pick<Recipe, 'take'>): number | null {
  return take === 'last' || take === 'best' ? null : Number(take);
}

/** The step whose weights are compared and taken away, of a run that has come to `step`. */
export function takenStep(
  recipe: Pick<Recipe, 'take'>,
  evaluations: readonly Evaluation[],
  step: number,
): number {
  if (recipe.take === 'best') return bestEvaluation(evaluations)?.step ?? step;
  return Math.min(namedStep(recipe) ?? step, step);
}

/** Steps whose checkpoints stay, beside the newest: what may yet be taken. */
export function keptSteps(recipe: Pick<Recipe, 'take'>, evaluations: readonly Evaluation[]): number[] {
  const best = bestEvaluation(evaluations);
  const named = namedStep(recipe);
  return [...(best === null ? [] : [best.step]), ...(named === null ? [] : [named])];
}

/** Whether the measurements decide something: which weights are taken, or when training ends. */
export function choosesByMeasuring({ take, patience }: Pick<Recipe, 'take' | 'patience'>): boolean {
  return take === 'best' || patience > 0;
}

/** What is to be known where the test rows decide. */
export const chosenByTestWords =
  'There are no validation rows, so the test rows decide which weights are taken: accuracy on them will look better than it is on new rows.';
