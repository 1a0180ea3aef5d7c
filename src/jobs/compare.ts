/** The comparison of base, distilled and teacher, with the weights that an engine holds, written down where the run is. */
import type { Example } from '../data/example.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import { compare, type CompareResult } from '../distill/compare.ts';
import type { RunSink } from '../distill/ports.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { RunState } from '../distill/run-state.ts';
import type { Engine } from '../engine/engine.ts';
import type { Student } from '../student/folder.ts';

export interface Comparison {
  engine: Engine;
  student: Student;
  recipe: Recipe;
  /** Rows to answer, at least one. */
  test: readonly Example[];
  /** As in `CompareOptions`. */
  metric?: MetricId | undefined;
  baseAnswers?: readonly string[] | null;
  /** The step of the weights that the engine holds. */
  step: number;
  sink: Pick<RunSink, 'comparison'>;
  /** Told how far it is. */
  say: (state: RunState) => Promise<void>;
  /** Looked at between two batches of answers: true leaves the comparison out. */
  skipped: () => boolean;
}

/**
 * Compares, and has the result written down. The engine holds the same weights afterwards.
 * @returns Null where it was skipped.
 * @throws LostWeightsError where the trained weights could not be put back.
 */
export async function compareRun(comparison: Comparison): Promise<CompareResult | null> {
  const { engine, student, recipe, test, metric, baseAnswers, step, sink, say, skipped } = comparison;
  const { tokenizer, weights: baseWeights } = student;
  const options = { engine, tokenizer, recipe, test, metric, baseWeights, baseAnswers, step, skipped };
  const answers = compare(options);
  try {
    for (;;) {
      const next = await answers.next();
      if (next.done) {
        if (next.value !== null) await sink.comparison(next.value, step);
        return next.value;
      }
      await say(next.value);
    }
  } finally {
    // Also where telling failed: the trained weights go back on the engine.
    await answers.return(null);
  }
}
