/**
 * Base, distilled and teacher on the same test rows, as Google's notebook judges them: the distilled student is asked
 * with its prefix, the base student with the bare input, and an answer is right when it equals the label exactly, as far as
 * the student's tokenizer can write it (`writtenLabel`).
 */
import type { Example, Tally } from '../data/example.ts';
import { confusionOf } from '../data/metrics/labels.ts';
import {
  chooseMetric,
  metricsFor,
  tallyBy,
  type MainMetric,
  type MetricId,
} from '../data/metrics/metrics.ts';
import { rougeL, tokenF1 } from '../data/metrics/texts.ts';
import type { Engine } from '../engine/engine.ts';
import type { Weights } from '../student/config.ts';
import { answerAll, answerInputs, askedBy, explainInputs, type Speaker } from './answer.ts';
import type { Written } from './methods.ts';
import type { Recipe } from './recipe.ts';
import type { EvaluationPurpose, Prediction, RunState } from './run-state.ts';
import { writtenLabelOf } from './written-labels.ts';

export interface CompareOptions {
  engine: Engine;
  tokenizer: Speaker;
  recipe: Recipe;
  /** Rows to answer, at least one. */
  test: readonly Example[];
  /** The student's weights before distillation. */
  baseWeights: Weights;
  /** What it answered to these very rows, asked the same way, where that is known: then it is not asked again. */
  baseAnswers?: readonly string[] | null | undefined;
  /** The step whose weights the engine holds now. */
  step: number;
  /** What answers are judged by; left out: what suits the labels. */
  metric?: MetricId | undefined;
  /** Looked at between two batches of answers: true leaves the comparison out. */
  skipped: () => boolean;
}

export interface CompareResult {
  predictions: Prediction[];
  accuracy: ComparedAccuracy;
  /** How answers were chosen. */
  generation: Recipe['generation'];
}

/** By one metric. */
export interface MetricTallies {
  base: Tally;
  distilled: Tally;
  teacher: Tally | null;
}

export interface ComparedMetrics {
  /** What `base`, `distilled` and `teacher` are judged by, and why, as a clause. */
  main: MetricId;
  because: string;
  /** By every metric that says something of the labels. */
  by: Partial<Record<MetricId, MetricTallies>>;
  /** In [0, 1]; null where labels are not few. */
  macroF1: { base: number; distilled: number; teacher: number | null } | null;
  /** The student's rationales against the teacher's, in [0, 1]; null where there are none. */
  rationales: { rows: number; tokenF1: number; rougeL: number } | null;
}

export interface ComparedAccuracy extends MetricTallies {
  /** Not in comparisons of earlier versions, which were judged by equality. */
  metrics?: ComparedMetrics | undefined;
  /** The students' answers by equality with the label's raw text; only where a label cannot be written back as it is. */
  rawText?: { base: Tally; distilled: Tally } | undefined;
}

/**
 * Answers every test row three times (distilled, its rationale, base; not that which is known). Yields states with progress; returns null when
 * it was skipped. The engine's weights are as before when it ends, in whatever way.
 * @throws LostWeightsError where the trained weights could not be put back.
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
  if (options.baseAnswers?.length === test.length) return collect(options, options.baseAnswers, distilled);
  const putBack = await engine.standIn(options.baseWeights);
  let base: string[] | null;
  try {
    const answers = answerAll(engine, tokenizer, inputs, askedBy(recipe));
    base = yield* ask(options, 'base', answers);
  } finally {
    await putBack();
  }
  if (base === null) return null;
  return collect(options, base, distilled);
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
  { test, tokenizer, recipe, metric }: CompareOptions,
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
  const accuracy = accuracyOf(predictions, metric);
  const judgedBy = accuracy.metrics?.main ?? 'exact';
  if (judgedBy !== 'exact') for (const row of predictions) row.judgedBy = judgedBy;
  return { predictions, accuracy, generation: recipe.generation };
}

/**
 * Counts right answers: the students' as they can write the labels, the teacher's by the labels themselves.
 * @param metric What they are judged by; left out, what suits the labels.
 */
export function accuracyOf(predictions: readonly Prediction[], metric?: MetricId): ComparedAccuracy {
  const chosen = chooseMetric(predictions);
  const main: MainMetric =
    metric === undefined || metric === chosen.metric ? chosen : { metric, because: 'it was asked for' };
  const raw = predictions.map(({ input, label }) => ({ input, label }));
  const written = predictions.map(({ input, label, writtenLabel }) => ({
    input,
    label: writtenLabel ?? label,
  }));
  const answers =
    (who: 'base' | 'distilled' | 'teacher') =>
    (at: number): string | null =>
      predictions[at]![who];
  const tallies = (by: MetricId): MetricTallies => {
    const teacher = tallyBy(by, raw, answers('teacher'));
    return {
      base: tallyBy(by, written, answers('base')),
      distilled: tallyBy(by, written, answers('distilled')),
      teacher: teacher.total === 0 ? null : teacher,
    };
  };
  const counted = new Set<MetricId>([main.metric, ...metricsFor(raw)]);
  const rationales = rationaleScores(predictions);
  return {
    ...tallies(main.metric),
    ...(predictions.some(({ writtenLabel }) => writtenLabel !== undefined)
      ? {
          rawText: {
            base: tallyBy(main.metric, raw, answers('base')),
            distilled: tallyBy(main.metric, raw, answers('distilled')),
          },
        }
      : {}),
    metrics: {
      main: main.metric,
      because: main.because,
      by: Object.fromEntries([...counted].map((by) => [by, tallies(by)])),
      macroF1: macroF1Of(predictions),
      rationales,
    },
  };
}

/** The mean F1 of the labels, where labels are few. */
function macroF1Of(predictions: readonly Prediction[]): ComparedMetrics['macroF1'] {
  const of = (answer: (row: Prediction) => string | null): number | null => {
    const rows = predictions.flatMap((row) => {
      const said = answer(row);
      return said === null ? [] : [{ row: row.row, label: row.writtenLabel ?? row.label, answer: said }];
    });
    return confusionOf(rows)?.macroF1 ?? null;
  };
  const [base, distilled] = [of((row) => row.base), of((row) => row.distilled)];
  return base === null || distilled === null ? null : { base, distilled, teacher: of((row) => row.teacher) };
}

/** How near the student's rationales are to the teacher's, on rows that have both. */
function rationaleScores(predictions: readonly Prediction[]): ComparedMetrics['rationales'] {
  const both = predictions.flatMap(({ rationale, teacherRationale }) =>
    rationale === null || teacherRationale === null ? [] : [[rationale, teacherRationale] as const],
  );
  if (both.length === 0) return null;
  const mean = (score: (text: string, reference: string) => number): number =>
    both.reduce((sum, [text, reference]) => sum + score(text, reference), 0) / both.length;
  return { rows: both.length, tokenF1: mean(tokenF1), rougeL: mean(rougeL) };
}
