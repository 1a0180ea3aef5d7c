/**
 * Base, distilled and teacher on the same test rows, as Google's notebook judges them: the distilled student is asked
 * with its prefix, the base student with the bare input, and an answer is right when it equals the label exactly, as far as
 * the student's tokenizer can write it (`writtenLabel`).
 */
import { LostWeightsError, withoutStop } from '../base/errors.ts';
import type { Example, Tally } from '../data/example.ts';
import { stateOf, type Engine, type EngineState } from '../engine/engine.ts';
import type { Weights } from '../student/config.ts';
import { answerAll, answerInputs, explainInputs, type Speaker } from './answer.ts';
import type { Written } from './methods.ts';
import type { Recipe } from './recipe.ts';
import type { EvaluationPurpose, Prediction, RunState } from './run-state.ts';
import { tally } from './score.ts';
import { writtenLabelOf } from './written-labels.ts';

export interface CompareOptions {
  engine: Engine;
  tokenizer: Speaker;
  recipe: Recipe;
  /** Rows to answer, at least one. */
  test: readonly Example[];
  /** The student's weights before distillation. */
  baseWeights: Weights;
  /** The step whose weights the engine holds now. */
  step: number;
  /** Looked at between two batches of answers: true leaves the comparison out. */
  skipped: () => boolean;
}

export interface CompareResult {
  predictions: Prediction[];
  accuracy: ComparedAccuracy;
}

export interface ComparedAccuracy {
  base: Tally;
  distilled: Tally;
  teacher: Tally | null;
  /** The students' answers by equality with the label's raw text; only where a label cannot be written back as it is. */
  rawText?: { base: Tally; distilled: Tally } | undefined;
}

/**
 * Answers every test row three times (distilled, its rationale, base). Yields states with progress; returns null when
 * it was skipped. The engine's weights are as before when it ends, in whatever way.
 */
export async function* compare(options: CompareOptions): AsyncGenerator<RunState, CompareResult | null> {
  const { engine, tokenizer, recipe, test } = options;
  const inputs = test.map(({ input }) => input);
  const distilled = yield* ask(options, 'distilled', answerInputs(engine, tokenizer, recipe, inputs));
  if (distilled === null) return null;
  if (recipe.method === 'step-by-step') {
    const rationales = yield* ask(options, 'rationales', explainInputs(engine, tokenizer, recipe, inputs));
    if (rationales === null) return null;
    distilled.forEach((one, index) => (one.rationale = rationales[index]!));
  }
  const trained = await engine.read();
  let base: string[] | null;
  try {
    engine.restore(untouched(options.baseWeights));
    const { maxInputTokens, generationMaxTokens: maxNewTokens } = recipe;
    const answers = answerAll(engine, tokenizer, inputs, { maxInputTokens, maxNewTokens });
    base = yield* ask(options, 'base', answers);
  } finally {
    putBack(engine, trained);
  }
  if (base === null) return null;
  return collect(options, base, distilled);
}

/**
 * Puts the trained weights back on an engine that was lent to the base student.
 * @throws LostWeightsError where that fails: training must not resume with what the engine holds then.
 */
export function putBack(engine: Engine, trained: EngineState): void {
  try {
    engine.restore(trained);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new LostWeightsError(
      `The trained weights could not be put back on the engine (${withoutStop(detail)}).`,
      'Resume the run from its last checkpoint.',
    );
  }
}

/** A state before the first step. */
export function untouched(weights: Weights): EngineState {
  return stateOf(weights);
}

async function* ask<T>(
  { test, skipped, step }: CompareOptions,
  purpose: EvaluationPurpose,
  answers: AsyncGenerator<number, T>,
): AsyncGenerator<RunState, T | null> {
  const total = test.length;
  yield { phase: 'evaluating', purpose, step, done: 0, total };
  for (;;) {
    const next = await answers.next();
    if (next.done) return next.value;
    yield { phase: 'evaluating', purpose, step, done: next.value, total };
    if (skipped()) return null;
  }
}

function collect(
  { test, tokenizer, recipe }: CompareOptions,
  base: readonly string[],
  distilled: readonly Written[],
): CompareResult {
  const predictions = test.map((example, index): Prediction => ({
    row: example.row,
    input: example.input,
    label: example.label,
    ...writtenLabelOf(example.label, tokenizer, recipe),
    teacher: example.teacherLabel,
    base: base[index]!,
    distilled: distilled[index]!.answer,
    rationale: distilled[index]!.rationale,
    teacherRationale: example.rationale,
  }));
  return { predictions, accuracy: accuracyOf(predictions) };
}

/** Counts right answers: the students' as they can write the labels, the teacher's by the labels themselves. */
export function accuracyOf(predictions: readonly Prediction[]): ComparedAccuracy {
  const count = (who: 'base' | 'distilled' | 'teacher', label: (row: Prediction) => string): Tally =>
    tally(predictions.map((row) => [row[who], label(row)] as const));
  const written = (row: Prediction): string => row.writtenLabel ?? row.label;
  const raw = (row: Prediction): string => row.label;
  const teacher = count('teacher', raw);
  return {
    base: count('base', written),
    distilled: count('distilled', written),
    teacher: teacher.total === 0 ? null : teacher,
    ...(predictions.some(({ writtenLabel }) => writtenLabel !== undefined)
      ? { rawText: { base: count('base', raw), distilled: count('distilled', raw) } }
      : {}),
  };
}
