/** A question to a run: it waits for its turn at the engine, which between two steps it gets. */
import { ask, warmUp, type Asked, type AskOptions } from '../distill/ask.ts';
import type { ReportProgress } from '../distill/ports.ts';
import type { EngineOwner } from './engine-owner.ts';

export interface Question {
  text: string;
  /** What both students are asked with, as the run is when the question has its turn. */
  options: () => Omit<AskOptions, 'engine'>;
  report: ReportProgress;
  /** Cancels it, after the text that is being written. */
  signal: AbortSignal;
  /** The engine was opened for this question: the first generation, which also compiles, is not timed. */
  isFresh?: boolean;
}

/**
 * @throws The signal's reason where it was cancelled; InputError where the question is empty; LostWeightsError where the
 * trained weights could not be put back.
 */
export async function askRun(owner: EngineOwner, question: Question): Promise<Asked> {
  const { text, options, report, signal, isFresh = false } = question;
  report('waiting for the current step', 0, 1);
  return owner.use(async ({ engine }) => {
    const asking = { ...options(), engine };
    if (isFresh) await warmUp(asking);
    const asked = await ask(asking, text, { report, stopped: () => signal.aborted });
    if (asked !== null) return asked;
    throw signal.reason;
  }, signal);
}
