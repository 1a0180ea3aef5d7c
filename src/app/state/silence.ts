/**
 * Notices a worker that gives no sign while a run is at work. On WebAssembly a step keeps its worker's thread busy, so
 * that no watchdog there can fire; the page can. Time is counted in ticks, each for no more than it was meant to last:
 * hours in which a laptop slept do not count. The studio never ends the worker by itself: the person is told, and can.
 */
export const silenceTickMs = 2000;
/** So many times what a step takes, and at least `leastMs`; before the first steps were timed, `firstMs`. */
const patience = { factor: 5, leastMs: 60_000, firstMs: 180_000 };

/** How long a worker may be silent in a run whose step takes so long; null: that is not known yet. */
export function patienceMs(msPerStep: number | null): number {
  return msPerStep === null ? patience.firstMs : Math.max(patience.leastMs, patience.factor * msPerStep);
}

export class Silence {
  #silentMs = 0;
  #tickedAt: number;

  /** @param now Milliseconds of any clock that does not go back, here and in `tick`. */
  constructor(now: number) {
    this.#tickedAt = now;
  }

  /** The worker has said something, or nothing is expected of it. */
  heard(): void {
    this.#silentMs = 0;
  }

  /** To be called every `silenceTickMs`. @returns How long there was no sign. */
  tick(now: number): number {
    this.#silentMs += Math.min(now - this.#tickedAt, silenceTickMs);
    this.#tickedAt = now;
    return this.#silentMs;
  }
}
