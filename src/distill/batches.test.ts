import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchPlan, microBatch } from './batches.ts';
import { recipeSchema } from './recipe.ts';

describe('BatchPlan', () => {
  it('takes consecutive rows without shuffling', () => {
    const plan = new BatchPlan(recipeSchema.parse({ batchSize: 4, shuffle: false }), 10);
    expect(plan.stepsPerEpoch).toBe(3);
    expect([1, 2, 3, 4].map((step) => plan.rowsOfStep(step))).toEqual([
      [[0, 1, 2, 3]],
      [[4, 5, 6, 7]],
      [[8, 9]],
      [[0, 1, 2, 3]],
    ]);
  });

  it('gives a step its micro-batches', () => {
    const plan = new BatchPlan(recipeSchema.parse({ batchSize: 2, accumulation: 2, shuffle: false }), 5);
    expect(plan.rowsOfStep(1)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(plan.rowsOfStep(2)).toEqual([[4]]);
    expect(plan.rowsOfStep(3)).toEqual(plan.rowsOfStep(1));
  });

  const settings = fc.record({
    rows: fc.integer({ min: 1, max: 60 }),
    batchSize: fc.integer({ min: 1, max: 9 }),
    accumulation: fc.integer({ min: 1, max: 4 }),
    seed: fc.integer({ min: 0, max: 1000 }),
    shuffle: fc.boolean(),
  });

  it('shows every row once an epoch', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 3 }), ({ rows, ...keys }, epoch) => {
        const plan = new BatchPlan(recipeSchema.parse(keys), rows);
        const seen: number[] = [];
        for (let step = 1; step <= plan.stepsPerEpoch; step += 1) {
          const microBatches = plan.rowsOfStep(epoch * plan.stepsPerEpoch + step);
          expect(microBatches.length).toBeGreaterThan(0);
          seen.push(...microBatches.flat());
        }
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
      }),
    );
  });

  it('is a function of the step alone: going on from anywhere gives the same rows', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 200 }), ({ rows, ...keys }, step) => {
        const recipe = recipeSchema.parse(keys);
        const walked = new BatchPlan(recipe, rows);
        for (let before = 1; before < step; before += 7) walked.rowsOfStep(before);
        expect(new BatchPlan(recipe, rows).rowsOfStep(step)).toEqual(walked.rowsOfStep(step));
      }),
    );
  });

  it('shuffles by seed and epoch', () => {
    const order = (seed: number, epoch: number) =>
      new BatchPlan(recipeSchema.parse({ batchSize: 50, seed }), 50).rowsOfStep(epoch + 1).flat();
    expect(order(0, 0)).not.toEqual(order(1, 0));
    expect(order(0, 0)).not.toEqual(order(0, 1));
    expect(order(7, 2)).toEqual(order(7, 2));
  });
});

describe('microBatch', () => {
  const ids = (...values: number[]) => Int32Array.from(values);
  const row = {
    answerInput: ids(5, 1),
    answerTarget: ids(6, 1),
    rationaleInput: ids(7, 1),
    rationaleTarget: ids(8, 1),
  };

  it('leaves rows without a rationale out of the rationale task alone', () => {
    const batch = microBatch([row, { ...row, rationaleInput: null, rationaleTarget: null }]);
    expect(batch.answer.inputs).toHaveLength(2);
    expect(batch.rationale?.targets).toEqual([ids(8, 1)]);
  });

  it('has no rationale task where no row has one', () => {
    expect(microBatch([{ ...row, rationaleInput: null, rationaleTarget: null }]).rationale).toBeNull();
  });
});
