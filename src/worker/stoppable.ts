/** Long work beside a run, with one way out. */
import { EngineError } from '../base/errors.ts';

/** Thrown through the work to its beginning, which knows that it is no failure. */
class Stopped extends Error {}

/** Work of one kind, one at a time, each with a fresh stop. */
export class Stoppable {
  readonly #underWay: string;
  #stopRequested = false;
  #atWork = false;

  /** @param underWay What a second one is refused with: `A student is being reduced.` */
  constructor(underWay: string) {
    this.#underWay = underWay;
  }

  get atWork(): boolean {
    return this.#atWork;
  }

  /** Ends what is at work, at its next `check`. */
  stop(): Promise<null> {
    this.#stopRequested = true;
    return Promise.resolve(null);
  }

  /** To be called between two pieces of the work: ends it where a person asked for that. */
  check(): void {
    if (this.#stopRequested) throw new Stopped();
  }

  /**
   * @returns What the work came to; null where a person stopped it, which is how it was before.
   * @throws EngineError where another is under way.
   */
  async run<T>(work: () => Promise<T>): Promise<T | null> {
    if (this.#atWork) throw new EngineError(this.#underWay, 'Wait for its end, or stop it.');
    this.#atWork = true;
    this.#stopRequested = false;
    try {
      return await work();
    } catch (error) {
      if (error instanceof Stopped) return null;
      throw error;
    } finally {
      this.#atWork = false;
    }
  }
}

/** A reduction, or its measurement. */
export const reduction = new Stoppable('A student is being reduced.');
/** The first steps of a run to come, timed. */
export const rehearsal = new Stoppable('A step is being measured.');
