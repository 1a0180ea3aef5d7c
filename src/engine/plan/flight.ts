/**
 * Steps under way: queued, their results not known yet. They are known in the order of the steps; where one fails, those
 * behind it have changed nothing (`halted` in operations.ts) and fail with its error.
 */
import type { StepResult } from '../engine.ts';
import type { Plan } from './plan.ts';

export class Flight {
  /** The plan of the steps under way; null where there are none. */
  #plan: Plan | null = null;
  #count = 0;
  /** Settles when all steps so far have; rejects where one of those that were under way together failed. */
  #last: Promise<unknown> = Promise.resolve();

  get plan(): Plan | null {
    return this.#plan;
  }

  /** @param read Gives the result of the step that was queued; rejects where the step failed. */
  add(plan: Plan, read: () => Promise<StepResult>): Promise<StepResult> {
    const before = this.#count === 0 ? Promise.resolve() : this.#last;
    this.#plan = plan;
    this.#count += 1;
    const result = Promise.all([read(), before]).then(([found]) => found);
    const landed = () => {
      this.#count -= 1;
      if (this.#count === 0) this.#plan = null;
    };
    result.then(landed, landed);
    this.#last = result;
    return result;
  }

  /** Waits until nothing is under way; failures are told by the steps. */
  async land(): Promise<void> {
    while (this.#count > 0) await this.#last.catch(() => undefined);
  }

  /** Waits likewise. @throws The error of the first step under way that failed. */
  async landWhole(): Promise<void> {
    const last = this.#last;
    if (this.#count > 0) await last;
  }
}
