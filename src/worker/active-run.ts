/** A run that a worker is at work on, and what can be done with it between two steps. */
import type { Example } from '../data/example.ts';
import { compare } from '../distill/compare.ts';
import type { Control } from '../distill/control.ts';
import type { AskOptions } from '../distill/ask.ts';
import type { Questions } from '../distill/questions.ts';
import type { RunState } from '../distill/run-state.ts';
import type { Engine } from '../engine/engine.ts';
import { writePredictions } from '../store/runs.ts';
import type { Student } from '../student/folder.ts';
import type { RunJournal } from './run-journal.ts';

export interface ActiveRun {
  readonly journal: RunJournal;
  readonly control: Control;
  readonly student: Student;
  readonly test: readonly Example[];
  /** Another one after a GPU was lost. */
  engine: Engine;
  /** A comparison or an answer while paused; training does not go on before it has ended. */
  comparing: Promise<void> | null;
  /** What a person asks meanwhile; answered between two steps. */
  readonly questions: Questions;
}

/** What both students are asked with, as the engine is now. */
export function askOptions({ journal, engine, student }: ActiveRun): AskOptions {
  const { recipe, step } = journal.record;
  return { engine, tokenizer: student.tokenizer, recipe, baseWeights: student.weights, step };
}

/** The first rows, or all of them. */
export function limited<T>(rows: readonly T[], count: number | null): readonly T[] {
  return count === null ? rows : rows.slice(0, count);
}

/**
 * Compares base, distilled and teacher with the weights that the engine holds, and stores what each answered. The
 * engine holds the same weights afterwards.
 * @param step The step of these weights.
 */
export async function compareRun(
  { journal, control, engine, student, test }: ActiveRun,
  { step, testRows, say }: { step: number; testRows: number | null; say: (state: RunState) => Promise<void> },
): Promise<void> {
  control.takeSkip();
  const answers = compare({
    engine,
    tokenizer: student.tokenizer,
    recipe: journal.record.recipe,
    test: limited(test, testRows),
    baseWeights: student.weights,
    step,
    control,
  });
  try {
    for (;;) {
      const next = await answers.next();
      if (next.done) {
        if (next.value === null) return;
        await writePredictions(journal.record.id, next.value.predictions);
        await journal.change({ comparison: { ...next.value.accuracy, step } });
        return;
      }
      await say(next.value);
    }
  } finally {
    // Also where telling failed: the trained weights go back on the engine.
    await answers.return(null);
  }
}
