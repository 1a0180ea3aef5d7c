/**
 * Errors that a person reads. Every message says what happened and what to do next; every failure has one class,
 * so that code can tell them apart and a test can ask for the right one.
 */

/** What crosses the worker boundary in place of an Error: nothing is flattened to a bare string. */
export interface ErrorReport {
  name: string;
  message: string;
  /** The file at fault, where there is one. */
  file: string | null;
  /** Line in that file, from 1, where there is one. */
  line: number | null;
}

/** Base of every error that Stillroom raises on purpose. */
export abstract class StillroomError extends Error {
  constructor(
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${problem} ${remedy}`);
    this.name = new.target.name;
  }
}

/** A message is read at a glance; a stranger's file may hold names of megabytes, and messages name what they found. */
const mostProblem = 600;
const mostPlace = 250;

/** Text without its middle where it is longer than a message bears. */
function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/** A file, recipe or folder that cannot be used as it is: the person can fix it. The terminal exits with 2. */
export class InputError extends StillroomError {
  readonly file: string | null;
  readonly line: number | null;

  /**
   * @param problem What is wrong, as a sentence.
   * @param remedy What to do about it, as a sentence.
   * @param where The file (as the person named it) and the line in it, from 1.
   */
  constructor(
    problem: string,
    remedy: string,
    where: { file?: string | undefined; line?: number | undefined } = {},
  ) {
    const place =
      where.file === undefined
        ? ''
        : where.line === undefined
          ? `${where.file}: `
          : `${where.file}, line ${where.line}: `;
    super(clip(place, mostPlace) + clip(problem, mostProblem), remedy);
    this.file = where.file ?? null;
    this.line = where.line ?? null;
  }
}

/** The engine could not do what was asked of it (no adapter, out of memory, a kernel refused). */
export class EngineError extends StillroomError {
  // Written out, here and below: a build shortens the names of classes, and a failed run is judged by its error's name.
  override name = 'EngineError';
}

/** There is no GPU now, or it does not open: for good, or until the browser has started it again. */
export class NoGpuError extends EngineError {
  override name = 'NoGpuError';
}

/** The GPU device is gone: driver reset, sleep, unplugged, or destroyed. What was on it is lost. */
export class DeviceLostError extends StillroomError {}

/** The trained weights could not be put back on the engine: what it holds now is not the run. */
export class LostWeightsError extends DeviceLostError {}

/** The GPU refused a command: out of memory, as a rule. What it was to compute is not there. */
export class RefusedCommandError extends EngineError {
  override name = 'RefusedCommandError';
}

/** A step took so much longer than any before it that it is taken for one that never ends. */
export class HungStepError extends StillroomError {
  constructor(
    readonly step: number,
    waitedMs: number,
  ) {
    super(
      `Step ${step} did not end within ${Math.round(waitedMs / 1000)} seconds.`,
      'Resume from the last checkpoint; if it happens again, choose a smaller batch or WebAssembly.',
    );
  }
}

/** A loss or a gradient norm was NaN or infinite at this step. */
export class NonFiniteError extends StillroomError {
  constructor(
    readonly step: number,
    what: string,
  ) {
    super(
      `At step ${step} the ${what} was not a finite number.`,
      'Lower the learning rate, or check that the student’s weights suit single precision, and train again.',
    );
  }
}

/** A checkpoint is not, or no longer, what was written. */
export class CheckpointError extends StillroomError {}

/** A file of a checkpoint is there and could not be read this time: nothing is known of its bytes, so nothing goes. */
export class UnreadableError extends StillroomError {}

/** A teacher answers no row now: it refuses the key, has no quota left, or cannot be reached. What it answered is kept. */
export class TeacherError extends StillroomError {}

/** A model hub does not answer, breaks off, or is out of order. What was fetched of a model is kept, and resumed. */
export class HubError extends StillroomError {}

/** The browser would not store what it was given. */
export class StorageError extends StillroomError {}

/** There is no room left for it. What was stored before is unharmed, and what was to be stored is not lost. */
export class NoRoomError extends StorageError {}

/** What reads the pipe that was to be written to has ended. */
export class NobodyReadsError extends StorageError {}

/** A sentence, or words from elsewhere, as a part of a sentence of ours. */
export function withoutStop(words: string): string {
  return words.trim().replace(/\.$/, '');
}

/** Any thrown value as a report that can be posted, stored and shown. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof InputError) {
    return { name: error.name, message: error.message, file: error.file, line: error.line };
  }
  if (error instanceof Error) {
    return { name: error.name, message: error.message || error.name, file: null, line: null };
  }
  return { name: 'Error', message: String(error), file: null, line: null };
}
