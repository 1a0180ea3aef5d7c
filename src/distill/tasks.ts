/**
 * The method's two tasks as token ids: "predict: " + input -> label and "explain: " + input -> rationale; standard
 * fine-tuning has the bare input -> label alone (google-research/distilling-step-by-step, run.py), and the paper's
 * ablation the bare input -> both as one text, which is the answer task here.
 */
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { sourceOf, type Rows } from '../data/row-source.ts';
import { isOneTarget, targetParts, teachesRationales } from './methods.ts';
import type { Recipe } from './recipe.ts';

export const predictPrefix = 'predict: ';
export const explainPrefix = 'explain: ';

/** What tasks need of a tokenizer. */
export interface Encoder {
  /** Ids with the end token; with `maxTokens`, cut so that the end token is the last of at most so many. */
  encode(text: string, maxTokens?: number): Int32Array;
}

/** One example, ready for an engine. */
export interface TaskRow {
  answerInput: Int32Array;
  answerTarget: Int32Array;
  /** Null where the method has no rationale task, or the row no rationale. */
  rationaleInput: Int32Array | null;
  rationaleTarget: Int32Array | null;
}

/** The text that the distilled student is asked for an answer with. */
export function answerPrompt(recipe: Recipe, input: string): string {
  return recipe.method === 'step-by-step' ? predictPrefix + input : input;
}

/** The text that the distilled student is asked for a rationale with; null where the method teaches none. */
export function rationalePrompt(recipe: Recipe, input: string): string | null {
  return recipe.method === 'step-by-step' ? explainPrefix + input : null;
}

/**
 * Refuses rows that a recipe cannot train on.
 * @throws InputError naming the row and what to do.
 */
export function checkTrainable(recipe: Recipe, rows: Rows): void {
  const { length, rationales, firstUntaught } = sourceOf(rows);
  if (length === 0) {
    throw new InputError(
      'There are no training rows.',
      'Add a training file with at least one row that can be used.',
    );
  }
  if (teachesRationales(recipe.method) && rationales === 0) {
    throw new InputError(
      `No training row has a rationale, and the method "${recipe.method}" needs them.`,
      'Add the teacher’s rationales, or choose the method "standard".',
    );
  }
  if (recipe.labels === 'teacher' && firstUntaught !== null) {
    throw new InputError(
      `Training row ${firstUntaught + 1} has no label by the teacher, and the recipe trains on the teacher’s labels.`,
      'Add the teacher’s labels for every row, or choose "gold" for labels.',
    );
  }
}

/** The tokens of one training example. */
export function taskRow(recipe: Recipe, example: Example, tokenizer: Encoder): TaskRow {
  const label = recipe.labels === 'teacher' ? (example.teacherLabel ?? example.label) : example.label;
  const rationaleInput = example.rationale === null ? null : rationalePrompt(recipe, example.input);
  return {
    answerInput: tokenizer.encode(answerPrompt(recipe, example.input), recipe.maxInputTokens),
    answerTarget: answerTarget(recipe, label, example.rationale, tokenizer),
    rationaleInput: rationaleInput === null ? null : tokenizer.encode(rationaleInput, recipe.maxInputTokens),
    rationaleTarget:
      rationaleInput === null || example.rationale === null
        ? null
        : tokenizer.encode(example.rationale, recipe.maxTargetTokens),
  };
}

/** What answers are trained towards: the label, or the method's one target, whose label is never cut off. */
function answerTarget(
  { method, maxTargetTokens }: Recipe,
  label: string,
  rationale: string | null,
  tokenizer: Encoder,
): Int32Array {
  if (!isOneTarget(method)) return tokenizer.encode(label, maxTargetTokens);
  const [first, second] = targetParts(method, label, rationale);
  const whole = tokenizer.encode(first + second);
  if (whole.length <= maxTargetTokens) return whole;
  if (method === 'label-then-rationale') return tokenizer.encode(first + second, maxTargetTokens);
  const end = tokenizer.encode(second, maxTargetTokens);
  // Without its end token.
  const start = tokenizer
    .encode(first)
    .slice(0, -1)
    .subarray(0, maxTargetTokens - end.length);
  return Int32Array.from([...start, ...end]);
}
