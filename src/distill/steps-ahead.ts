/**
 * Steps that are queued on an engine before the results of those before them are known. The way to a GPU and back takes
 * milliseconds, in which a small student would train several steps: so many are queued that they last for as long.
 */
import type { Engine, MicroBatch, StepResult, Update } from '../engine/engine.ts';

/** What queued steps should last: a GPU answers sooner than that, and a pause still comes at once. */
const aheadMs = 60;
/** Steps below this are queued in pairs, however long they seem: alone, a step is measured with its way back. */
const pairsBelowMs = 120;
/** However short they are. */
export const mostSteps = 8;
/** Results may come together. */
const leastStepMs = 0.5;

/** Watches over a wait for a step. */
type Guard = <T>(step: number, work: Promise<T>) => Promise<T>;

interface Queued {
  step: number;
  learningRate: number;
  startedAt: number;
  result: Promise<StepResult>;
}

export interface DoneStep {
  step: number;
  learningRate: number;
  result: StepResult;
  /** Since the step before it was done, or since this one was queued where there was none. */
  elapsedMs: number;
}

export class StepsAhead {
  readonly #engine: Engine;
  readonly #queued: Queued[] = [];
  #lastStep: number;
  #doneAt = -Infinity;
  /** Of a step, while others were queued behind it; null before anything is known. */
  #stepMs: number | null = null;
  #hasFailed = false;

  /** @param step The last one that was taken. */
  constructor(engine: Engine, step: number) {
    this.#engine = engine;
    this.#lastStep = step;
  }

  /** Steps under way. */
  get count(): number {
    return this.#queued.length;
  }

  /** The last step that was queued. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Whether another one would be of use. */
  get wantsMore(): boolean {
    if (this.count === 0) return true;
    if (this.#hasFailed || this.#engine.begin === undefined || this.#stepMs === null) return false;
    const least = this.#stepMs < pairsBelowMs ? 2 : 1;
    return this.count < Math.min(mostSteps, Math.max(least, Math.ceil(aheadMs / this.#stepMs)));
  }

  /** Queues the next step. It never rejects: what fails is told by `next` in its turn. */
  async queue(
    batches: readonly MicroBatch[],
    update: Update,
    startedAt: number,
    guard: Guard,
  ): Promise<void> {
    const { step, learningRate } = update;
    this.#lastStep = step;
    let result: Promise<StepResult>;
    if (this.#engine.begin === undefined) result = this.#engine.step(batches, update);
    else {
      try {
        ({ result } = await guard(step, this.#engine.begin(batches, update)));
      } catch (error) {
        result = Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    result.catch(() => (this.#hasFailed = true));
    this.#queued.push({ step, learningRate, startedAt, result });
  }

  /**
   * Waits for the first of the steps under way.
   * @throws As the step does; those behind it have failed with it.
   */
  async next(guard: Guard): Promise<DoneStep> {
    const { step, learningRate, startedAt, result } = this.#queued.shift()!;
    const found = await guard(step, result);
    const now = performance.now();
    const elapsedMs = now - Math.max(startedAt, this.#doneAt);
    this.#doneAt = now;
    // The first one compiles kernels; the least is that of a step whose way back was hidden by others.
    const least = Math.max(leastStepMs, elapsedMs);
    this.#stepMs = this.#stepMs === null ? least : Math.min(least, 1.1 * this.#stepMs);
    return { step, learningRate, result: found, elapsedMs };
  }
}
