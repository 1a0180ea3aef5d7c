/** The mean loss of a student on some rows, nothing trained: what a change to it costs at once. */
import { breathe } from '../base/breathe.ts';
import type { Engine, TaskBatch } from '../engine/engine.ts';
import { microBatch } from './batches.ts';
import type { TaskRow } from './tasks.ts';

export interface MeanLoss {
  /** Means over all target tokens of a task. */
  answer: number;
  /** Null where no row has a rationale. */
  rationale: number | null;
  /** Time in the engine. */
  elapsedMs: number;
}

const rowsTogether = 10;

/** Yields the number of rows done; a caller that stops iterating stops the work. @param onBatch Told of each batch. */
export async function* meanLoss(
  engine: Engine,
  rows: readonly TaskRow[],
  onBatch: (batch: TaskBatch) => void = () => undefined,
): AsyncGenerator<number, MeanLoss> {
  const sums = { answer: 0, rationale: 0 };
  const tokens = { answer: 0, rationale: 0 };
  let elapsedMs = 0;
  for (let start = 0; start < rows.length; start += rowsTogether) {
    const batch = microBatch(rows.slice(start, start + rowsTogether));
    for (const task of ['answer', 'rationale'] as const) {
      const part = batch[task];
      if (part === null) continue;
      onBatch(part);
      const startedAt = performance.now();
      const measured = await engine.evaluate(part);
      elapsedMs += performance.now() - startedAt;
      sums[task] += measured.loss * measured.tokens;
      tokens[task] += measured.tokens;
    }
    yield Math.min(start + rowsTogether, rows.length);
    await breathe();
  }
  return {
    answer: sums.answer / tokens.answer,
    rationale: tokens.rationale === 0 ? null : sums.rationale / tokens.rationale,
    elapsedMs,
  };
}
