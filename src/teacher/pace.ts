/**
 * How many requests are in flight, and when the next one may go: more while answers come, half as many when the server
 * asks for it (additive increase, multiplicative decrease, as TCP does), with waits that grow and are spread by chance.
 */

/** Time, as a run has it; tests have their own. */
export interface Clock {
  nowMs(): number;
  /** Ends early where the signal is aborted. */
  sleep(waitMs: number, signal: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}

/** The machine's own time. */
export const machineClock: Clock = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  sleep: (waitMs, signal) =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    }),
};

const firstWaitMs = 1000;
const longestBackOffMs = 60_000;
/** Answers that take so many times the fastest one show a server at its limit: no more are sent at once. */
const slowFactor = 4;

/** The wait before attempt number `failures` + 1: doubled each time, up to a minute, between half and all of it. */
export function backOffMs(failures: number, random: number): number {
  const most = Math.min(longestBackOffMs, firstWaitMs * 2 ** (failures - 1));
  return most * (0.5 + random / 2);
}

export class Pace {
  readonly #clock: Clock;
  #limit: number;
  #inFlight = 0;
  #notBeforeMs = -Infinity;
  #slowdowns = 0;
  #halvedAtMs = -Infinity;
  #fastestMs = Infinity;
  #waiting: (() => void)[] = [];

  /** @param most Requests in flight at most. */
  constructor(
    readonly most: number,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#limit = Math.min(most, 4);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waits for a place. False where the signal was aborted first. */
  async enter(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (signal.aborted) return false;
      const waitMs = this.#notBeforeMs - this.#clock.nowMs();
      if (waitMs > 0) {
        await this.#clock.sleep(waitMs, signal);
      } else if (this.#inFlight < Math.floor(this.#limit)) {
        this.#inFlight += 1;
        return true;
      } else {
        await this.changed(signal);
      }
    }
  }

  /** To be called once for each `enter` that was true. */
  leave(): void {
    this.#inFlight -= 1;
    this.#wake();
  }

  /** Resolves when a request has ended, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#waiting.push(done);
    });
  }

  answered(elapsedMs: number): void {
    this.#slowdowns = 0;
    this.#fastestMs = Math.min(this.#fastestMs, elapsedMs);
    if (elapsedMs > slowFactor * this.#fastestMs) return;
    this.#limit = Math.min(this.most, this.#limit + 1 / this.#limit);
    this.#wake();
  }

  /**
   * The server asks for a slower pace. Those in flight are told of the same jam one after another: it counts once.
   * @param waitMs What the server asks for, or null. @param sentMs When the request was sent.
   * @returns How often it has asked for it since it last answered.
   */
  slower(waitMs: number | null, sentMs: number): number {
    if (sentMs >= this.#halvedAtMs) {
      this.#slowdowns += 1;
      this.#limit = Math.max(1, this.#limit / 2);
      this.#halvedAtMs = this.#clock.nowMs();
    }
    const jitter = this.#clock.random();
    const wait = waitMs === null ? backOffMs(this.#slowdowns, jitter) : waitMs + jitter * 250;
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#clock.nowMs() + wait);
    return this.#slowdowns;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
