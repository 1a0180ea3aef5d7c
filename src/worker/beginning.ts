/**
 * What is asked of a run that is beginning: from the press on, while other work gives way, before the run exists, and
 * while its checkpoint is read. A pause is kept until the run is on the engine; a stop ends the beginning at once.
 */
import { EngineError } from '../base/errors.ts';
import { Control } from '../distill/control.ts';

/** The run that is beginning, if any. */
export class Beginnings {
  #control: Control | null = null;

  /** What is asked of it; null where none is beginning. */
  get control(): Control | null {
    return this.#control;
  }

  /**
   * Takes what is asked from now on, until `work` has ended. Within another beginning it is that one's.
   * @returns What `work` does; it hands the control over to the run that it begins.
   */
  async of<Result>(work: (control: Control) => Promise<Result>): Promise<Result> {
    if (this.#control !== null) return work(this.#control);
    const control = (this.#control = new Control());
    try {
      return await work(control);
    } finally {
      this.#control = null;
    }
  }

  /** @throws EngineError where none is beginning. */
  require(): Control {
    if (this.#control !== null) return this.#control;
    throw new EngineError('No run is at work.', 'Start one first.');
  }
}
