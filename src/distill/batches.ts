/** Which rows each step sees: epochs in (seeded) order, micro-batches, and their task batches. */
import { RandomSequence } from '../base/random.ts';
import type { MicroBatch } from '../engine/engine.ts';
import type { Recipe } from './recipe.ts';
import type { TaskRow } from './tasks.ts';

/** Separates the shuffles from other uses of a run's seed. */
const shuffleStream = 1;

/**
 * Walks over the rows as Hugging Face's Trainer does: each epoch in a new order (or the files' own), the last
 * micro-batch of an epoch as small as it comes, the last step of an epoch with as many micro-batches as are left.
 */
export class BatchPlan {
  readonly #recipe: Recipe;
  readonly #rows: number;
  readonly stepsPerEpoch: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array();

  /** @param rows Number of training rows, at least 1. */
  constructor(recipe: Recipe, rows: number) {
    this.#recipe = recipe;
    this.#rows = rows;
    this.stepsPerEpoch = Math.ceil(Math.ceil(rows / recipe.batchSize) / recipe.accumulation);
  }

  /** Row indices of a step (from 1), micro-batch by micro-batch. A pure function of recipe, row count and step. */
  rowsOfStep(step: number): number[][] {
    const epoch = Math.floor((step - 1) / this.stepsPerEpoch);
    const inEpoch = (step - 1) % this.stepsPerEpoch;
    const order = this.#orderOf(epoch);
    const { batchSize, accumulation } = this.#recipe;
    const microBatches: number[][] = [];
    for (let index = 0; index < accumulation; index += 1) {
      const start = (inEpoch * accumulation + index) * batchSize;
      const rows = order.subarray(start, start + batchSize);
      if (rows.length > 0) microBatches.push([...rows]);
    }
    return microBatches;
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#epoch !== epoch) {
      this.#epoch = epoch;
      this.#order = this.#recipe.shuffle
        ? new RandomSequence(this.#recipe.seed, (shuffleStream << 24) + epoch).permutation(this.#rows)
        : Uint32Array.from({ length: this.#rows }, (_, index) => index);
    }
    return this.#order;
  }
}

/** The rows of a micro-batch as the engine takes them. Rows without a rationale are in the answer task alone. */
export function microBatch(rows: readonly TaskRow[]): MicroBatch {
  const rationaleInputs: Int32Array[] = [];
  const rationaleTargets: Int32Array[] = [];
  for (const row of rows) {
    if (row.rationaleInput === null || row.rationaleTarget === null) continue;
    rationaleInputs.push(row.rationaleInput);
    rationaleTargets.push(row.rationaleTarget);
  }
  return {
    answer: { inputs: rows.map((row) => row.answerInput), targets: rows.map((row) => row.answerTarget) },
    rationale: rationaleInputs.length === 0 ? null : { inputs: rationaleInputs, targets: rationaleTargets },
  };
}
