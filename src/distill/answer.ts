/** Asking a student: texts in, texts out, in batches of like length, with progress and a way out. */
import { breathe } from '../base/breathe.ts';
import type { Engine, GenerateOptions } from '../engine/engine.ts';
import { isOneTarget, readTarget, type Written } from './methods.ts';
import type { Recipe } from './recipe.ts';
import { answerPrompt, rationalePrompt, type Encoder } from './tasks.ts';

/** What asking needs of a tokenizer. */
export interface Speaker extends Encoder {
  /** Text without special tokens, cleaned as the tokenizer's configuration says. */
  decode(ids: Int32Array): string;
}

/** Without more than lengths, answers are greedy. */
export interface AnswerOptions extends Partial<GenerateOptions> {
  maxInputTokens: number;
  maxNewTokens: number;
  /** Rows that go through the student together. */
  batchSize?: number;
}

/** Rows that are answered together, by default. */
export const answersAtOnce = 32;

/**
 * Generates a text for each prompt. Yields the number done after each batch, returns the texts in the prompts' order;
 * a caller that stops iterating stops the work.
 */
export async function* answerAll(
  engine: Engine,
  tokenizer: Speaker,
  prompts: readonly string[],
  { maxInputTokens, batchSize = answersAtOnce, ...generation }: AnswerOptions,
): AsyncGenerator<number, string[]> {
  const inputs = prompts.map((prompt) => tokenizer.encode(prompt, maxInputTokens));
  // Like lengths together: less padding, and a batch ends when its longest answer does.
  const order = inputs
    .map((_, index) => index)
    .sort((a, b) => inputs[a]!.length - inputs[b]!.length || a - b);
  const texts = new Array<string>(prompts.length).fill('');
  for (let start = 0; start < order.length; start += batchSize) {
    const rows = order.slice(start, start + batchSize);
    const generations = await engine.generate(
      rows.map((row) => inputs[row]!),
      { numBeams: 1, ...generation },
    );
    rows.forEach((row, index) => {
      texts[row] = tokenizer.decode(generations[index]!.ids);
    });
    yield Math.min(start + batchSize, order.length);
    await breathe();
  }
  return texts;
}

/** How a student writes, where a person wants it otherwise than the recipe has it. */
export interface Writing {
  /** 1: as the recipe has it, which is greedily where it says nothing else. */
  numBeams: number;
  /** New tokens at most; null: as the recipe has it. */
  maxNewTokens: number | null;
}

/** As everything that is measured is written. */
const recipesWriting: Writing = { numBeams: 1, maxNewTokens: null };

/** What deciding on an answer's length needs of a recipe. */
type GenerationLimits = Pick<Recipe, 'method' | 'generationMaxTokens' | 'maxTargetTokens'>;

/**
 * New tokens at most of a student's answer. A label behind its rationale would never be reached under a limit that
 * answers alone were given: such a text may be as long as its target was.
 */
export function answerTokens({ method, generationMaxTokens, maxTargetTokens }: GenerationLimits): number {
  return method === 'rationale-then-label'
    ? Math.max(generationMaxTokens, maxTargetTokens)
    : generationMaxTokens;
}

/** As a recipe asks a student, the base one too; and how a person wants it otherwise. */
export function askedBy(
  { maxInputTokens, generationMaxTokens, generation }: Recipe,
  { numBeams, maxNewTokens }: Writing = recipesWriting,
  mostTokens = generationMaxTokens,
): AnswerOptions {
  const lengths = { maxInputTokens, maxNewTokens: maxNewTokens ?? mostTokens };
  return { ...lengths, ...generation, ...(numBeams > 1 && { numBeams }) };
}

/**
 * The distilled student's answers to inputs, asked as its method taught it. Of one target the rationale is read as well;
 * of two tasks it is another question (`explainAll`). Yields as `answerAll`.
 */
export async function* answerInputs(
  engine: Engine,
  tokenizer: Speaker,
  recipe: Recipe,
  inputs: readonly string[],
  writing: Writing = recipesWriting,
): AsyncGenerator<number, Written[]> {
  const { method } = recipe;
  const prompts = inputs.map((input) => answerPrompt(recipe, input));
  const texts = yield* answerAll(engine, tokenizer, prompts, askedBy(recipe, writing, answerTokens(recipe)));
  return texts.map((text) =>
    isOneTarget(method) ? readTarget(method, text) : { answer: text, rationale: null },
  );
}

/** Its rationales to inputs as a separate task; nothing where the method has no such task. */
export async function* explainInputs(
  engine: Engine,
  tokenizer: Speaker,
  recipe: Recipe,
  inputs: readonly string[],
  writing: Writing = recipesWriting,
): AsyncGenerator<number, string[]> {
  const prompts = inputs.flatMap((input) => rationalePrompt(recipe, input) ?? []);
  return yield* answerAll(engine, tokenizer, prompts, askedBy(recipe, writing));
}
