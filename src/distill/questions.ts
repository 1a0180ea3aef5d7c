/**
 * Questions that wait until the engine is between two steps. Whoever drives the run calls `answer` there; asking never
 * touches an engine that is at work.
 */
import { EngineError, LostWeightsError } from '../base/errors.ts';
import { ask, type Asked, type AskOptions, type AskWatch } from './ask.ts';

interface Waiting {
  question: string;
  report: AskWatch['report'];
  stopped: boolean;
  resolve: (asked: Asked | null) => void;
  reject: (error: unknown) => void;
}

export class Questions {
  #waiting: Waiting[] = [];
  #serving: Promise<void> | null = null;
  #closed = false;

  /** Waits for its turn; null where it was stopped. Rejects where the run ends before, or the engine fails. */
  ask(question: string, report: AskWatch['report']): Promise<Asked | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, report, stopped: false, resolve, reject });
      report('waiting for the step in hand', 0, 1);
      if (this.#closed) this.close();
    });
  }

  /**
   * Answers all that wait. A failure is told to whoever asked.
   * @throws LostWeightsError where the trained weights did not come back: that is a failure of the run as well.
   */
  answer(options: AskOptions): Promise<void> {
    if (this.#waiting.length === 0) return this.#serving ?? Promise.resolve();
    this.#serving ??= this.#serve(options).finally(() => (this.#serving = null));
    return this.#serving;
  }

  async #serve(options: AskOptions): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { question, report, resolve, reject } = next;
      const one = next;
      const failure = await ask(options, question, { report, stopped: () => one.stopped }).then(
        (asked) => {
          resolve(asked);
          return null;
        },
        (error: unknown) => {
          reject(error);
          return error;
        },
      );
      this.#waiting = this.#waiting.filter((other) => other !== one);
      // The next question would be answered by the wrong student; it waits for the recovered one.
      if (failure instanceof LostWeightsError) throw failure;
    }
  }

  /** Ends all that wait and, after the text in hand, what is being answered. */
  stop(): void {
    for (const one of this.#waiting) {
      one.stopped = true;
      one.resolve(null);
    }
  }

  /** Nobody is left to answer: all that wait are told so. */
  close(): void {
    this.#closed = true;
    const error = new EngineError('The run ended before the question was answered.', 'Ask again.');
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }
}
