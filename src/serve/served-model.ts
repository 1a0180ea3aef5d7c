/** What the server knows of its model: how texts become ids and back, and what is put before them. */
import { answerTokens, type Speaker } from '../distill/answer.ts';
import type { Recipe } from '../distill/recipe.ts';
import { answerPrompt, explainPrefix, predictPrefix, rationalePrompt } from '../distill/tasks.ts';
import type { GenerateOptions } from '../engine/engine.ts';

export interface ServedModel {
  tokenizer: Speaker;
  /** Put before a text that is to be answered; empty where the method has none. */
  answerPrefix: string;
  /** Put before a text that is to be explained; null where the student gives no rationales. */
  rationalePrefix: string | null;
  /** Tokens of one text at most, prefix and end token included. */
  maxInputTokens: number;
  /** New tokens where a request does not say. */
  maxNewTokens: number;
  /** How answers are chosen, as the run measured them; null is greedily. A request may ask for other beams. */
  generation: Recipe['generation'];
  /** Ids of the best continuation of each row, in their order. */
  generate: (rows: readonly Int32Array[], options: GenerateOptions) => Promise<readonly Int32Array[]>;
}

/**
 * How a student is asked.
 * @param recipe What it was trained by; null where that is not known: then as the method has it.
 */
export function askedAs(recipe: Recipe | null): Omit<ServedModel, 'tokenizer' | 'generate'> {
  if (recipe === null) {
    return {
      answerPrefix: predictPrefix,
      rationalePrefix: explainPrefix,
      maxInputTokens: 512,
      maxNewTokens: 64,
      generation: null,
    };
  }
  return {
    answerPrefix: answerPrompt(recipe, ''),
    rationalePrefix: rationalePrompt(recipe, ''),
    maxInputTokens: recipe.maxInputTokens,
    maxNewTokens: answerTokens(recipe),
    generation: recipe.generation,
  };
}

/** A text as the student is asked with it; a client may have put the answer's prefix there itself. */
export function withPrefix(model: ServedModel, task: 'answer' | 'rationale', text: string): string {
  const bare = text.startsWith(model.answerPrefix) ? text.slice(model.answerPrefix.length) : text;
  return (task === 'answer' ? model.answerPrefix : (model.rationalePrefix ?? '')) + bare;
}
