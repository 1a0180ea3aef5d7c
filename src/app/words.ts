/** States in words: one place, so that every screen says the same. */
import { formatBytes, formatCount, formatDuration, formatPercent, plural } from '../base/units.ts';
import type { EvaluationPurpose, RunState } from '../distill/run-state.ts';
import { methodWords } from '../distill/methods.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { Layout } from '../data/example.ts';
import { layoutTitle } from '../data/layout-titles.ts';
import type { DatasetRecord, Split } from '../store/records.ts';

const purposes: Record<EvaluationPurpose, string> = {
  accuracy: 'measuring test accuracy',
  validation: 'measuring on the validation rows',
  watched: 'asking the watched questions',
  distilled: 'comparing: the distilled student answers',
  rationales: 'comparing: the distilled student explains',
  base: 'comparing: the base student answers',
};

/** What is under way, without figures: what a live region says when it changes. */
export function phaseWords(state: RunState): string {
  switch (state.phase) {
    case 'idle':
      return 'waiting to start';
    case 'preparing':
      return `preparing: ${state.what}`;
    case 'compiling':
      return 'preparing the first step';
    case 'training':
      return 'training';
    case 'evaluating':
      return purposes[state.purpose];
    case 'pausing':
      return 'pausing after the current step';
    case 'paused':
      return 'paused';
    case 'recovering':
      return `recovering (${state.reason})`;
    case 'done':
      if (state.early) return 'ended early';
      return state.stopped ? 'stopped, weights kept' : 'done';
    case 'failed':
      return 'failed';
    default:
      return state satisfies never;
  }
}

/** The phase with its figures: `training 57 %`, `paused at step 12`. */
export function stateWords(state: RunState): string {
  switch (state.phase) {
    case 'preparing':
      return `${phaseWords(state)}${countWords(state)}`;
    case 'evaluating':
      return `${phaseWords(state)}${countWords(state)}`;
    case 'training':
      return `training ${formatPercent(state.step / state.steps, 0)}`;
    case 'paused':
      return `paused at step ${formatCount(state.step)}`;
    case 'done':
      if (state.early) return `ended early at step ${formatCount(state.step)}: it got no better`;
      if (state.stopped && state.step === 0) return 'stopped before its first step';
      return state.stopped
        ? `stopped at step ${formatCount(state.step)}, weights kept`
        : `done, ${plural(state.step, 'step')}`;
    case 'failed':
      return `failed at step ${formatCount(state.step)}`;
    case 'compiling':
      return state.total === undefined
        ? phaseWords(state)
        : `${phaseWords(state)}${countWords({ done: state.done ?? 0, total: state.total })}`;
    case 'idle':
    case 'pausing':
    case 'recovering':
      return phaseWords(state);
    default:
      return state satisfies never;
  }
}

/** What a person asked of the run under way, and the run has not done yet. */
export type Asked = 'pause' | 'stop';

/** What is said of a run from the press on that begins it until it is there. */
export function beginningWords(asked: Asked | null): string {
  if (asked === null) return 'a run begins';
  return asked === 'stop' ? 'stopping' : 'a run begins, and pauses before its first step';
}

/**
 * What is shown from the press of Pause or Stop until the run has come to it. The worker answers between two steps
 * only, which may take seconds.
 * @param stepMs What a step takes; null where that is not known.
 */
export function askedWords(asked: Asked, state: RunState, stepMs: number | null): string | null {
  const doing = asked === 'pause' ? 'pausing' : 'stopping';
  switch (state.phase) {
    case 'training':
    case 'pausing': {
      const wait = stepMs === null || stepMs < 1000 ? '' : `, about ${formatDuration(stepMs)}`;
      return `${doing} after this step${wait}`;
    }
    case 'evaluating':
      return `${doing} after these answers`;
    case 'preparing':
      return asked === 'stop' ? doing : `${doing} before the next step; ${stateWords(state)}`;
    case 'compiling':
    case 'recovering':
      return `${doing} as soon as the engine is ready`;
    case 'paused':
      return asked === 'pause' ? null : 'stopping';
    case 'idle':
    case 'done':
    case 'failed':
      return null;
    default:
      return state satisfies never;
  }
}

function countWords({
  done,
  total,
  inBytes,
}: {
  done: number;
  total: number;
  inBytes?: true | undefined;
}): string {
  const count = inBytes ? formatBytes : formatCount;
  return total > 1 ? `, ${count(done)} of ${count(total)}` : '';
}

/** No row that is read on a screen is longer; a browser lays out millions of letters for seconds. */
const mostLetters = 4000;

/** A text of a file or a student, cut to a readable length. */
export function clipped(text: string): string {
  if (text.length <= mostLetters) return text;
  return `${text.slice(0, mostLetters)}… (${formatCount(text.length)} letters in all)`;
}

/** A text as it is shown: an empty one would look like nothing at all. */
export function shownText(text: string): string {
  return text === '' ? '(empty)' : clipped(text);
}

/** p as people read it: `0.34`, `0.021`, `below 0.001`. */
export function chanceWords(p: number): string {
  if (p < 0.001) return 'below 0.001';
  return p > 0.995 ? '1' : String(Number(p.toPrecision(2)));
}

export { plural };

/** The rows of a dataset in one line: `400 rows · 500 test`. */
export function rowWords(dataset: DatasetRecord): string {
  const { train, validation, test } = dataset.splits;
  const parts = [
    train && plural(train.rows, 'row'),
    validation && `${formatCount(validation.rows)} validation`,
    test && `${formatCount(test.rows)} test`,
  ].filter(Boolean);
  return parts.length === 0 ? 'no rows yet' : parts.join(' · ');
}

/** What a file was recognised as. */
export function layoutWords(layout: Layout): string {
  switch (layout) {
    case 'cos-e':
      return 'CommonsenseQA rows';
    case 'rationales':
      return 'teacher’s rationales and labels';
    case 'rows':
      return 'rows with input and label';
    default:
      return layoutTitle(layout);
  }
}

export const splitWords: Record<Split, string> = {
  train: 'Train',
  validation: 'Validation',
  test: 'Test',
};

/** A recipe's gist: `600 steps of 16 at 2e-3, step by step, alpha 0.1`. */
export function recipeWords(recipe: Recipe): string {
  const rate = recipe.learningRate < 0.01 ? recipe.learningRate.toExponential() : String(recipe.learningRate);
  const method =
    recipe.method === 'step-by-step' ? `step by step, alpha ${recipe.alpha}` : methodWords[recipe.method];
  return `${plural(recipe.steps, 'step')} of ${formatCount(recipe.batchSize * recipe.accumulation)} at ${rate}, ${method}`;
}
