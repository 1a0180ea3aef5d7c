/** Asking a student: texts in, texts out, in batches of like length, with progress and a way out. */
import { breathe } from '../base/breathe.ts';
import type { Engine } from '../engine/engine.ts';
import type { Encoder } from './tasks.ts';

/** What asking needs of a tokenizer. */
export interface Speaker extends Encoder {
  /** Text without special tokens, cleaned as the tokenizer's configuration says. */
  decode(ids: Int32Array): string;
}

export interface AnswerOptions {
  maxInputTokens: number;
  maxNewTokens: number;
  numBeams?: number;
  /** Rows that go through the student together. */
  batchSize?: number;
}

/** Rows that are answered together, where nobody says otherwise. */
export const answersAtOnce = 32;

/**
 * Generates a text for each prompt. Yields the number done after each batch, returns the texts in the prompts' order;
 * a caller that stops iterating stops the work.
 */
export async function* answerAll(
  engine: Engine,
  tokenizer: Speaker,
  prompts: readonly string[],
  options: AnswerOptions,
): AsyncGenerator<number, string[]> {
  const inputs = prompts.map((prompt) => tokenizer.encode(prompt, options.maxInputTokens));
  // Like lengths together: less padding, and a batch ends when its longest answer does.
  const order = inputs
    .map((_, index) => index)
    .sort((a, b) => inputs[a]!.length - inputs[b]!.length || a - b);
  const texts = new Array<string>(prompts.length).fill('');
  const batchSize = options.batchSize ?? answersAtOnce;
  for (let start = 0; start < order.length; start += batchSize) {
    const rows = order.slice(start, start + batchSize);
    const generations = await engine.generate(
      rows.map((row) => inputs[row]!),
      { maxNewTokens: options.maxNewTokens, numBeams: options.numBeams ?? 1 },
    );
    rows.forEach((row, index) => {
      texts[row] = tokenizer.decode(generations[index]!.ids);
    });
    yield Math.min(start + batchSize, order.length);
    await breathe();
  }
  return texts;
}
