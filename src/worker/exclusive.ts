/** Work of a kind that is done one at a time: a second one fails with a clear message. */
import { EngineError } from '../base/errors.ts';

export class Exclusive {
  readonly #underWay: string;
  #isAtWork = false;

  /** @param underWay What a second one is refused with: `A student is being reduced.` */
  constructor(underWay: string) {
    this.#underWay = underWay;
  }

  get isAtWork(): boolean {
    return this.#isAtWork;
  }

  /** @throws EngineError where another is under way; whatever the work throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isAtWork) throw new EngineError(this.#underWay, 'Wait for its end, or stop it.');
    this.#isAtWork = true;
    try {
      return await work();
    } finally {
      this.#isAtWork = false;
    }
  }
}
