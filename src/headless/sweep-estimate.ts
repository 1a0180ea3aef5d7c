/** What a sweep will take: steps and answers of its runs, timed before the first one begins. */
import { answersAtOnce } from '../distill/answer.ts';
import type { PlannedRun } from '../experiment/spec.ts';
import { rehearseRun, type Rehearsal } from '../jobs/rehearse.ts';
import { countParameters } from '../student/parameters.ts';
import { engineStudent } from '../distill/engine-student.ts';
import { openOneThread } from './sweep-worker.ts';
import type { TrainInputs } from './train-inputs.ts';

export interface Estimate {
  /** Of each run, alone. */
  runMs: ReadonlyMap<PlannedRun, number>;
  /** Of all, side by side. */
  totalMs: number;
  /** At most, at any time. */
  diskBytes: number;
}

/** Kinds of steps that are timed; runs with others are given the mean of these. */
const mostKinds = 6;
const bytesPerFloat = 4;
/** Of a line of metrics.jsonl. */
const metricsBytes = 200;

/**
 * Times a few steps of each kind that there is, on one thread.
 * @returns Null where it was stopped.
 */
export async function estimateSweep(
  runs: readonly PlannedRun[],
  inputsOf: (run: PlannedRun) => TrainInputs,
  processes: number,
  signal: AbortSignal,
): Promise<Estimate | null> {
  const kinds = new Map<string, Rehearsal>();
  for (const run of runs) {
    const kind = kindOf(run);
    if (kinds.has(kind) || kinds.size >= mostKinds) continue;
    const { student, train, test } = inputsOf(run);
    const trained = engineStudent(student, run.recipe);
    try {
      const times = await rehearseRun(
        {
          tokenizer: student.tokenizer,
          // Answers are timed only where accuracy is measured.
          recipe: { ...run.recipe, evalEvery: 1 },
          train: train.examples,
          test: (test?.examples ?? []).slice(0, answersAtOnce),
          open: () => openOneThread(trained),
          request: { engine: 'wasm', backend: null },
        },
        { report: () => undefined, signal },
      );
      kinds.set(kind, times);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }
  const all = [...kinds.values()];
  const mean = (read: (one: Rehearsal) => number): number =>
    all.reduce((sum, one) => sum + read(one), 0) / all.length;
  const runMs = new Map(
    runs.map((run) => {
      const times = kinds.get(kindOf(run));
      const stepMs = times?.stepMs ?? mean((one) => one.stepMs);
      const rowMs = times?.rowMs ?? mean((one) => one.rowMs ?? 0);
      const rows = inputsOf(run).test?.examples.length ?? 0;
      return [run, run.recipe.steps * stepMs + askedRows(run, rows) * rowMs];
    }),
  );
  const longest = Math.max(...runMs.values());
  const work = [...runMs.values()].reduce((sum, ms) => sum + ms, 0);
  return {
    runMs,
    // One process may be left with the longest run.
    totalMs: Math.max(longest, work / processes),
    diskBytes:
      runs.reduce((sum, run) => sum + keptBytes(run, inputsOf(run)), 0) +
      workBytes(runs, inputsOf, processes),
  };
}

/** Runs of a kind have steps that take the same. */
function kindOf({ recipe, student }: PlannedRun): string {
  const { method, batchSize, accumulation, maxInputTokens, maxTargetTokens, generationMaxTokens, freeze } =
    recipe;
  return JSON.stringify([
    student,
    method,
    batchSize,
    accumulation,
    maxInputTokens,
    maxTargetTokens,
    generationMaxTokens,
    freeze,
  ]);
}

/** Texts that are generated: accuracy on the way; then answers, rationales and those of the base student. */
function askedRows({ recipe }: PlannedRun, rows: number): number {
  const { evalEvery, steps, method } = recipe;
  const onTheWay = evalEvery === 0 ? 0 : Math.floor(steps / evalEvery);
  return rows * (onTheWay + (method === 'step-by-step' ? 3 : 2));
}

/** What a run leaves: the model, a line a step, a line a test row. */
function keptBytes({ recipe }: PlannedRun, { student, test }: TrainInputs): number {
  const { config, tokenizerFiles } = student;
  const texts = Object.values(tokenizerFiles).reduce((sum, text) => sum + text.length, 0);
  const rows = (test?.examples ?? []).reduce(
    (sum, row) => sum + 2 * (row.input.length + row.label.length) + 200,
    0,
  );
  return bytesPerFloat * countParameters(config) + texts + metricsBytes * recipe.steps + rows;
}

/** Checkpoints while it trains: weights and two moments, two of them and one that is being written. */
function workBytes(
  runs: readonly PlannedRun[],
  inputsOf: (run: PlannedRun) => TrainInputs,
  processes: number,
): number {
  const largest = Math.max(...runs.map((run) => countParameters(inputsOf(run).student.config)));
  return processes * 3 * 3 * bytesPerFloat * largest;
}
