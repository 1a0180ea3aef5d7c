/** Guards an engine's entry: its state is one, so a second use while one is under way would read or write in between. */
import { EngineError } from '../base/errors.ts';

export class OneAtATime {
  #underWay: string | null = null;
  #ended: Error | null = null;

  /**
   * Does something that nothing else may come between.
   * @param name What it is, as a part of a sentence: `a step`.
   * @throws EngineError where something else is under way. That is a fault of the program: whoever uses an engine waits
   * for its turn (`jobs/engine-owner.ts`).
   */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.check(name);
    this.#underWay = name;
    try {
      return await work();
    } finally {
      this.#underWay = null;
    }
  }

  /** The same, for what is done at once. @throws EngineError where something else is under way. */
  check(name: string): void {
    if (this.#ended !== null) throw this.#ended;
    if (this.#underWay === null) return;
    throw entryError(name, this.#underWay);
  }

  /** Refuses everything from now on, with this error. */
  end(error: Error): void {
    this.#ended = error;
  }
}

/** @param underWay What it came between, as a part of a sentence. */
export function entryError(name: string, underWay: string): EngineError {
  return new EngineError(
    `The engine was asked for ${name} in the middle of ${underWay}.`,
    'This is a fault in Stillroom: report it with this message, and resume the run from its last checkpoint.',
  );
}
