/** What a person may ask of work under way. The session looks here between steps; nothing is torn down midway. */
export class Control {
  #pauseRequested = false;
  #stops = 0;
  #skipRequested = false;
  #saveRequested = false;
  #wake: (() => void) | null = null;
  readonly #stopped = new AbortController();

  get pauseRequested(): boolean {
    return this.#pauseRequested;
  }

  /** Whether a checkpoint was asked for that `takeSave` has not told yet. */
  get saveRequested(): boolean {
    return this.#saveRequested;
  }

  get stopRequested(): boolean {
    return this.#stops > 0;
  }

  /** Gives up what need not come to its end once a person has asked to stop. */
  get stopSignal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** How often a person has asked to stop: a second time gives up what the first could not bring to its end. */
  get stops(): number {
    return this.#stops;
  }

  pause(): void {
    this.#pauseRequested = true;
  }

  resume(): void {
    this.#pauseRequested = false;
    this.#wakeUp();
  }

  /** Ends the work after the current piece; also ends a pause. */
  stop(): void {
    this.#stops += 1;
    this.#pauseRequested = false;
    this.#stopped.abort(new DOMException('The run was stopped.', 'AbortError'));
    this.#wakeUp();
  }

  /** Ends the current evaluation, not the run. */
  skipEvaluation(): void {
    this.#skipRequested = true;
  }

  /** True once after each `skipEvaluation`. */
  takeSkip(): boolean {
    const skip = this.#skipRequested;
    this.#skipRequested = false;
    return skip;
  }

  /** Asks for a checkpoint after the current step. */
  save(): void {
    this.#saveRequested = true;
  }

  /** True once after each `save`. */
  takeSave(): boolean {
    const save = this.#saveRequested;
    this.#saveRequested = false;
    return save;
  }

  /** Resolves when the pause ends, by `resume` or `stop`. */
  async whilePaused(): Promise<void> {
    while (this.#pauseRequested) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves after so long, or as soon as work is asked to stop. */
  async sleep(durationMs: number): Promise<void> {
    if (this.stopRequested) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      this.#wake = () => {
        if (!this.stopRequested) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #wakeUp(): void {
    this.#wake?.();
  }
}
