/**
 * What is done after a GPU was lost, hung, refused a command or counted wrongly: back to the last checkpoint on a fresh
 * device, at once, then after a while and with less on the GPU at a time; and where that does not help, a person decides.
 */
import {
  DeviceLostError,
  EngineError,
  HungStepError,
  NoGpuError,
  NonFiniteError,
  RefusedCommandError,
  withoutStop,
  type StillroomError,
} from '../base/errors.ts';

export type Verdict =
  /** Go on from the last checkpoint after `waitMs`, with each micro-batch cut into `parts`. */
  | { kind: 'again'; waitMs: number; parts: number; reason: string }
  /** It is not, or no longer, a thing to try again: the run fails with this error and can be resumed by hand. */
  | { kind: 'fail'; error: unknown };

/** Failures without a new checkpoint between them, after which a person is asked. */
export const mostFailures = 3;
/** Drivers that were reset need a moment. */
const waitsMs = [1000, 5000];
/**
 * A browser that starts its GPU process again offers no GPU for some seconds, and Chromium none for two minutes (117 s,
 * measured) once that process has died twice: how often it is looked for, and how long.
 */
const looksMs = [1000, 2000, 4000, 5000];
export const gpuIsBackWithinMs = 150_000;

/** Whether an error speaks of what computes rather than of the run. */
export function isRecoverable(error: unknown): error is StillroomError {
  return (
    error instanceof DeviceLostError ||
    error instanceof HungStepError ||
    error instanceof RefusedCommandError ||
    error instanceof NonFiniteError
  );
}

export class Recovery {
  readonly #batchSize: number;
  #failures = 0;
  #savedStep: number | null = null;
  #nonFiniteStep: number | null = null;
  #parts = 1;
  /** How often a GPU that is away was looked for since it was lost, and how long it was waited for. */
  #looks = 0;
  #lookedMs = 0;

  /** @param batchSize Rows of a micro-batch: it is cut into no more parts. */
  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** How many parts a micro-batch is cut into now. */
  get parts(): number {
    return this.#parts;
  }

  /**
   * What to do after a failure.
   * @param savedStep Step of the newest checkpoint; null where there is none. A later one than last time is progress.
   * @param opening Whether the engine failed to open, which right after a reset is a passing thing.
   */
  after(error: unknown, savedStep: number | null, opening = false): Verdict {
    const passes = isRecoverable(error) || (opening && this.#failures > 0 && error instanceof EngineError);
    if (!passes) return { kind: 'fail', error };
    if (!opening) this.#looks = this.#lookedMs = 0;
    if (opening && error instanceof NoGpuError) return this.#look(error, savedStep);
    if (this.#savedStep !== savedStep) this.#failures = 0;
    this.#savedStep = savedStep;
    this.#failures += 1;
    if (error instanceof NonFiniteError) {
      // The same steps on a fresh device gave the same: the recipe is at fault, not the GPU.
      if (this.#nonFiniteStep === error.step) return { kind: 'fail', error };
      this.#nonFiniteStep = error.step;
    }
    if (this.#failures >= mostFailures) {
      const tried = `It was tried ${mostFailures} times without getting to the next checkpoint.`;
      return { kind: 'fail', error: askingError(error, tried, savedStep) };
    }
    if (this.#failures > 1) this.#parts = Math.min(2 * this.#parts, Math.max(1, this.#batchSize));
    return {
      kind: 'again',
      waitMs: waitsMs[this.#failures - 1] ?? waitsMs.at(-1)!,
      parts: this.#parts,
      reason: withoutStop(error.problem),
    };
  }

  /** Waits for a GPU that is away: that is no failure of its own, and asks for no smaller pieces. */
  #look(error: NoGpuError, savedStep: number | null): Verdict {
    const waitMs = looksMs[this.#looks] ?? looksMs.at(-1)!;
    if (this.#lookedMs + waitMs > gpuIsBackWithinMs) {
      return {
        kind: 'fail',
        error: askingError(error, 'It was waited for two and a half minutes.', savedStep),
      };
    }
    this.#looks += 1;
    this.#lookedMs += waitMs;
    return {
      kind: 'again',
      waitMs,
      parts: this.#parts,
      reason: 'waiting for the browser to start the GPU again',
    };
  }
}

function askingError({ problem }: StillroomError, tried: string, savedStep: number | null): EngineError {
  const kept = savedStep === null ? 'No checkpoint was made yet' : `All up to step ${savedStep} is kept`;
  return new EngineError(
    `${problem} ${tried} ${kept}.`,
    'Resume when other programs have released the GPU, or resume with WebAssembly.',
  );
}
