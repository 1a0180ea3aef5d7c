/**
 * The first steps of a run to come, taken to be timed: what a step and an answer take on this machine, before anybody
 * decides on thousands of them. Nothing of it is kept.
 */
import type { Example } from '../data/example.ts';
import type { Rows } from '../data/row-source.ts';
import type { Engine } from '../engine/engine.ts';
import { answerInputs, answersAtOnce, type Speaker } from './answer.ts';
import { BatchPlan, microBatch } from './batches.ts';
import type { Recipe } from './recipe.ts';
import { updateOf } from './schedule.ts';
import { checkTrainable } from './tasks.ts';
import { TrainRows } from './train-rows.ts';
import { Watchdog } from './watchdog.ts';

/** What was measured. */
export interface StepTimes {
  /** Of a training step: the median of those timed. */
  stepMs: number;
  timedSteps: number;
  /** To answer a test row, of as many at once as a measurement takes; null where there is none to answer. */
  rowMs: number | null;
}

export interface RehearsalOptions {
  engine: Engine;
  tokenizer: Speaker;
  recipe: Recipe;
  train: Rows;
  /** Rows that accuracy is measured on; may be empty. */
  test: readonly Example[];
  /** Milliseconds from any moment on; the page's clock where left out. */
  now?: () => number;
}

/** So many timed steps are enough, once they took so long together. */
const enough = { steps: 5, ms: 1500 };
/** No more than this, however fast they are; and no further one after so long, however few there were. */
const atMost = { steps: 40, ms: 8000 };
/** An answer that took longer is not asked for again: what was made ready on the way weighs little in it. */
const worthRepeatingMs = 4000;

/**
 * Yields how far it is, in steps of an expected total; a caller that stops iterating stops the work.
 * @throws InputError where the rows do not suit the recipe; NonFiniteError, DeviceLostError as the engine does,
 * HungStepError where it never answers.
 */
export async function* rehearse(
  options: RehearsalOptions,
): AsyncGenerator<{ done: number; total: number }, StepTimes> {
  const { engine, recipe, train, test, tokenizer } = options;
  const now = options.now ?? (() => performance.now());
  checkTrainable(recipe, train);
  const plan = new BatchPlan(recipe, train.length);
  const rows = new TrainRows(train, recipe, tokenizer);
  const measuresAnswers = recipe.evalEvery > 0 && test.length > 0;
  const total = 1 + enough.steps + (measuresAnswers ? 1 : 0);
  const watchdog = new Watchdog();
  const times: number[] = [];
  let timedMs = 0;
  yield { done: 0, total };
  for (let step = 1; step <= Math.min(recipe.steps, 1 + atMost.steps); step += 1) {
    const batches = (await rows.take(plan.rowsOfStep(step), null)).map(microBatch);
    const start = now();
    await watchdog.guard(step, engine.step(batches, updateOf(recipe, step)));
    const ms = now() - start;
    // The first step compiles and warms caches: it counts only where there is no other.
    if (step === 2) times.length = 0;
    times.push(ms);
    if (step > 1) timedMs += ms;
    yield { done: Math.min(step, 1 + enough.steps), total };
    const isEnough = times.length >= enough.steps && timedMs >= enough.ms;
    if (step > 1 && (isEnough || timedMs >= atMost.ms)) break;
  }
  let rowMs: number | null = null;
  if (measuresAnswers) {
    const inputs = test.slice(0, answersAtOnce).map(({ input }) => input);
    for (let time = 0; time < 2; time += 1) {
      const start = now();
      const answers = answerInputs(engine, tokenizer, recipe, inputs);
      const ask = async (): Promise<void> => {
        while (!(await answers.next()).done);
      };
      // Another limit than a step's, which may be far shorter.
      await new Watchdog().guard(times.length, ask());
      const ms = now() - start;
      rowMs = ms / inputs.length;
      if (ms > worthRepeatingMs) break;
      yield { done: 1 + enough.steps, total };
    }
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { stepMs: sorted[sorted.length >> 1]!, timedSteps: times.length, rowMs };
}
