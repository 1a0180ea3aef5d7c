/**
 * Whose the machine is: one piece of work that computes has it at a time, and a second one fails with a clear message. Only
 * what nothing is kept of, a rehearsal, gives way to whatever else is asked for.
 */
import { EngineError } from '../base/errors.ts';
import type { Watch } from '../distill/ports.ts';

/** What other work that computes asks of it. */
export type SharedMachine = Pick<MachineUse, 'makeWay' | 'busy'>;

export class MachineUse {
  readonly #isReducing: () => boolean;
  #isTaken = false;
  #attempt: { cancel: AbortController; end: Promise<unknown> } | null = null;

  /** @param isReducing Whether a student is being reduced or measured: a rehearsal beside it would time that too. */
  constructor(isReducing: () => boolean) {
    this.#isReducing = isReducing;
  }

  /** A run or a comparison is at work, paused ones included. */
  get busy(): boolean {
    return this.#isTaken;
  }

  /**
   * Takes the machine, after a rehearsal has given way.
   * @returns Gives it back.
   * @throws EngineError where it is taken.
   */
  async take(): Promise<() => void> {
    await this.makeWay();
    if (this.#isTaken) {
      throw new EngineError('A run is at work.', 'Stop it, or wait for its end, then try again.');
    }
    this.#isTaken = true;
    return () => (this.#isTaken = false);
  }

  /** Work that takes the machine as a run does: refused while one is at work, and none begins meanwhile. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const giveBack = await this.take();
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  /** Steps of which nothing is kept. @throws EngineError also where a student is being reduced or measured. */
  async tryOut<Found>(attempt: (watch: Watch) => Promise<Found>, { report, signal }: Watch): Promise<Found> {
    await this.makeWay();
    if (this.#isReducing()) {
      throw new EngineError('A student is being reduced or measured.', 'Wait for its end, or stop it.');
    }
    const cancel = new AbortController();
    const both = { report, signal: AbortSignal.any([signal, cancel.signal]) };
    const work = this.alone(() => attempt(both));
    this.#attempt = { cancel, end: work.catch(() => undefined) };
    return work;
  }

  /** Ends a rehearsal; resolves when it is over. */
  async makeWay(): Promise<void> {
    const attempt = this.#attempt;
    if (attempt === null) return;
    attempt.cancel.abort();
    await attempt.end;
  }
}
