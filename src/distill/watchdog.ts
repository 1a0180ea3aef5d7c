/**
 * Notices a step that never ends: a driver that hangs tells nobody. Time is counted in ticks, each for no more than it
 * was meant to last, so that hours of sleep of a laptop, and work that kept the thread busy, are not taken for a hang.
 */
import { HungStepError } from '../base/errors.ts';

export interface Patience {
  /** For the first step, in which shaders are compiled and products are timed. */
  firstMs: number;
  /** For any other: so many times the longest step before it, and at least `leastMs`. */
  factor: number;
  leastMs: number;
  tickMs: number;
}

/** Long beyond doubt: who is taken for hung and was not loses work. */
export const patience: Patience = { firstMs: 600_000, factor: 20, leastMs: 120_000, tickMs: 2000 };

export class Watchdog {
  readonly #patience: Patience;
  #longestMs: number | null = null;

  constructor(settings: Patience = patience) {
    this.#patience = settings;
  }

  /**
   * Waits for a step.
   * @throws HungStepError where it takes too long; what it does later is nobody's concern any more.
   */
  async guard<T>(step: number, work: Promise<T>): Promise<T> {
    const { firstMs, factor, leastMs, tickMs } = this.#patience;
    const limitMs = this.#longestMs === null ? firstMs : Math.max(leastMs, factor * this.#longestMs);
    const startedAt = performance.now();
    let timer: ReturnType<typeof setInterval> | undefined;
    const hang = new Promise<never>((_, reject) => {
      let waitedMs = 0;
      let tickedAt = startedAt;
      timer = setInterval(() => {
        const now = performance.now();
        waitedMs += Math.min(now - tickedAt, 2 * tickMs);
        tickedAt = now;
        if (waitedMs >= limitMs) reject(new HungStepError(step, waitedMs));
      }, tickMs);
    });
    try {
      const result = await Promise.race([work, hang]);
      this.#longestMs = Math.max(this.#longestMs ?? 0, performance.now() - startedAt);
      return result;
    } finally {
      clearInterval(timer);
    }
  }
}
