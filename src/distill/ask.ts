/**
 * One question to two students: the distilled one as its weights are at this moment, and the base one that it was made
 * from. Each answers and explains, and is timed. The engine's state is as before when it ends, in whatever way.
 */
import { InputError } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { Weights } from '../student/config.ts';
import { answerAll, answerInputs, askedBy, explainInputs, type Speaker, type Writing } from './answer.ts';
import type { Written } from './methods.ts';
import type { Recipe } from './recipe.ts';
import { rationalePrompt } from './tasks.ts';

/** What one student made of a question. */
export interface Spoken {
  answer: string;
  answerMs: number;
  /** Null for the standard method, which teaches no rationales, and where it was not asked for. */
  rationale: string | null;
  /** Null where it was not asked as a separate question. */
  rationaleMs: number | null;
}

export interface Asked {
  question: string;
  distilled: Spoken;
  /** Null where the base student is no longer here, or was not asked for. */
  base: Spoken | null;
  /** The step of the distilled weights. */
  step: number;
  /** True where the question had more tokens than the recipe lets a student read. */
  truncated: boolean;
}

/** What a person chose for a question. */
export interface Asking extends Writing {
  /** Whether the rationale is asked for too, where that is a separate question. */
  rationale: boolean;
  /** Whether the base student is asked too. */
  base: boolean;
}

export interface AskOptions {
  asking: Asking;
  engine: Engine;
  tokenizer: Speaker;
  recipe: Recipe;
  /** The student's weights before distillation; null where it is no longer here: then it is not asked. */
  baseWeights: Weights | null;
  /** The step whose weights the engine holds now. */
  step: number;
}

/** How asking is watched and ended from outside. */
export interface AskWatch {
  report: (what: string, done: number, total: number) => void;
  /** Looked at between two generations. */
  stopped: () => boolean;
}

/**
 * Asks both students. The base student is asked with the bare question, as in a comparison.
 * @returns Null where it was stopped.
 * @throws InputError where the question is empty; LostWeightsError where the trained weights could not be put back.
 */
export async function ask(options: AskOptions, question: string, watch: AskWatch): Promise<Asked | null> {
  const { engine, tokenizer, recipe, step, asking } = options;
  const text = question.trim();
  if (text === '') throw new InputError('The question is empty.', 'Type or paste one, then ask.');
  const explain = asking.rationale ? rationalePrompt(recipe, text) : null;
  const baseWeights = asking.base ? options.baseWeights : null;
  const students = baseWeights === null ? 1 : 2;
  const total = students * (explain === null ? 1 : 2);
  let done = 0;
  const timed = async <T>(
    who: string,
    begin: () => AsyncGenerator<number, T[]>,
  ): Promise<{ one: T; ms: number } | null> => {
    if (watch.stopped()) return null;
    watch.report(who, done, total);
    const startedAt = performance.now();
    const one = await onlyOf(begin());
    done += 1;
    return { one, ms: performance.now() - startedAt };
  };
  const speak = async (
    who: string,
    begin: () => AsyncGenerator<number, Written[]>,
  ): Promise<Spoken | null> => {
    const answer = await timed(`${who} student answers`, begin);
    if (answer === null) return null;
    const explains = () => explainInputs(engine, tokenizer, recipe, [text], asking);
    const rationale = explain === null ? null : await timed(`${who} student explains`, explains);
    if (explain !== null && rationale === null) return null;
    return {
      answer: answer.one.answer,
      answerMs: answer.ms,
      rationale: rationale?.one ?? answer.one.rationale,
      rationaleMs: rationale?.ms ?? null,
    };
  };
  const distilled = await speak('distilled', () => answerInputs(engine, tokenizer, recipe, [text], asking));
  if (distilled === null) return null;
  const truncated = tokenizer.encode(text).length > recipe.maxInputTokens;
  if (baseWeights === null) return { question: text, distilled, base: null, step, truncated };
  const putBack = await engine.standIn(baseWeights);
  let base: Spoken | null;
  try {
    base = await speak('base', () => bareAnswer(options, text));
  } finally {
    await putBack();
  }
  if (base === null) return null;
  return { question: text, distilled, base, step, truncated };
}

/** Questions that are answered in one turn at the engine. */
export const askedAtOnce = 16;

/**
 * The distilled student's answers to a few questions, with rationales where they are asked for.
 * @param texts At most `askedAtOnce`: the engine is not given back before all are answered.
 */
export async function answerSome(
  { engine, tokenizer, recipe, asking }: AskOptions,
  texts: readonly string[],
): Promise<Written[]> {
  const answers = await endOf(answerInputs(engine, tokenizer, recipe, texts, asking));
  if (!asking.rationale || rationalePrompt(recipe, '') === null) return answers;
  const rationales = await endOf(explainInputs(engine, tokenizer, recipe, texts, asking));
  return answers.map(({ answer }, index) => ({ answer, rationale: rationales[index]! }));
}

/** The first generation on a fresh engine also compiles: done once before anything is timed. */
export async function warmUp({ engine, tokenizer, recipe }: AskOptions): Promise<void> {
  const input = tokenizer.encode('?', recipe.maxInputTokens);
  await engine.generate([input], { numBeams: 1, ...recipe.generation, maxNewTokens: 2 });
}

async function* bareAnswer(
  { engine, tokenizer, recipe, asking }: AskOptions,
  text: string,
): AsyncGenerator<number, Written[]> {
  const answers = yield* answerAll(engine, tokenizer, [text], askedBy(recipe, asking));
  return answers.map((answer) => ({ answer, rationale: null }));
}

async function onlyOf<T>(answers: AsyncGenerator<number, T[]>): Promise<T> {
  return (await endOf(answers))[0]!;
}

async function endOf<T>(answers: AsyncGenerator<number, T>): Promise<T> {
  for (;;) {
    const next = await answers.next();
    if (next.done) return next.value;
  }
}
