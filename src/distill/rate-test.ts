/**
 * A learning-rate range test (Smith 2017, "Cyclical Learning Rates", section 3.3): some steps of a run to come at rates
 * that grow from one to the next, and at which of them the loss falls before it rises. Nothing of it is kept.
 */
import { NonFiniteError } from '../base/errors.ts';
import type { Rows } from '../data/row-source.ts';
import type { Engine } from '../engine/engine.ts';
import type { Speaker } from './answer.ts';
import { BatchPlan, microBatch } from './batches.ts';
import type { Recipe } from './recipe.ts';
import { updateOf } from './schedule.ts';
import { checkTrainable } from './tasks.ts';
import { TrainRows } from './train-rows.ts';
import { Watchdog } from './watchdog.ts';

/** A step at its rate. */
export interface RatePoint {
  learningRate: number;
  /** Combined, before the step. */
  loss: number;
  /** The mean of it and those before, each weighing less the older it is. */
  smoothed: number;
}

export interface FoundRate {
  points: RatePoint[];
  /** A rate to begin with; null where no rate made the loss fall. */
  suggested: number | null;
}

export interface RateTestOptions {
  engine: Engine;
  tokenizer: Speaker;
  recipe: Recipe;
  train: Rows;
}

const lowestRate = 1e-6;
const highestRate = 1;
/** Ten for each power of ten. */
export const rateSteps = 61;
/** Of the mean, what the older losses keep at each step. */
const smoothing = 0.8;
/** A loss so many times the least was driven up by the rate: what would follow says nothing. */
const tooHigh = 3;
/** The loss has fallen where it is less than this share of where it began. */
const fellTo = 0.97;

/**
 * Yields how far it is; a caller that stops iterating stops the work.
 * @throws InputError where the rows do not suit the recipe; DeviceLostError, EngineError as the engine does,
 * HungStepError where it never answers.
 */
export async function* testRates({
  engine,
  tokenizer,
  recipe,
  train,
}: RateTestOptions): AsyncGenerator<{ done: number; total: number }, FoundRate> {
  checkTrainable(recipe, train);
  const plan = new BatchPlan(recipe, train.length);
  const rows = new TrainRows(train, recipe, tokenizer);
  const watchdog = new Watchdog();
  const losses: { learningRate: number; loss: number }[] = [];
  for (let step = 1; step <= rateSteps; step += 1) {
    yield { done: step - 1, total: rateSteps };
    const batches = (await rows.take(plan.rowsOfStep(step), null)).map(microBatch);
    const learningRate = lowestRate * (highestRate / lowestRate) ** ((step - 1) / (rateSteps - 1));
    try {
      const update = { ...updateOf(recipe, step), learningRate };
      const { loss } = await watchdog.guard(step, engine.step(batches, update));
      losses.push({ learningRate, loss });
    } catch (error) {
      if (error instanceof NonFiniteError) break;
      throw error;
    }
    const points = smooth(losses);
    const least = Math.min(...points.map(({ smoothed }) => smoothed));
    if (points.at(-1)!.smoothed > tooHigh * least) break;
  }
  const points = smooth(losses);
  return { points, suggested: suggestedRate(points) };
}

/** Means as Adam has its moments: those at the beginning are not drawn towards 0. */
function smooth(losses: readonly { learningRate: number; loss: number }[]): RatePoint[] {
  let mean = 0;
  return losses.map(({ learningRate, loss }, index) => {
    mean = smoothing * mean + (1 - smoothing) * loss;
    return { learningRate, loss, smoothed: mean / (1 - smoothing ** (index + 1)) };
  });
}

/**
 * A third of the rate at which the mean loss was least, which is where it began to be driven up: rounded to 1, 2, 3 or 5
 * of its power of ten. Null where it never fell.
 */
export function suggestedRate(points: readonly RatePoint[]): number | null {
  const [first] = points;
  if (first === undefined) return null;
  const least = points.reduce((best, one) => (one.smoothed < best.smoothed ? one : best));
  if (least.smoothed > fellTo * first.smoothed) return null;
  const rate = least.learningRate / 3;
  const power = 10 ** Math.floor(Math.log10(rate));
  const digit = [5, 3, 2, 1].find((one) => one <= rate / power + 1e-9) ?? 1;
  return Number((digit * power).toPrecision(1));
}
