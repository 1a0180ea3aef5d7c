/** Questions to a run: each waits for its turn at the engine, which between two steps it gets. */
import { reportError, type ErrorReport } from '../base/errors.ts';
import { answerSome, ask, askedAtOnce, warmUp, type Asked, type AskOptions } from '../distill/ask.ts';
import type { Written } from '../distill/methods.ts';
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

export interface Questions extends Omit<Question, 'text'> {
  texts: readonly string[];
}

/** What came of many questions. */
export interface AnsweredSome {
  /** Of the first questions, in their order: fewer than there are where it was cancelled or failed. */
  answers: Written[];
  /** Why it ended before the last; null where it did not fail. */
  problem: ErrorReport | null;
}

/**
 * The distilled student's answers, some at a turn, so that a training continues in between. What was answered is kept where
 * it is cancelled or fails.
 * @throws What went wrong, where nothing was answered before.
 */
export async function askMany(owner: EngineOwner, questions: Questions): Promise<AnsweredSome> {
  const { texts, options, report, signal, isFresh = false } = questions;
  const answers: Written[] = [];
  try {
    while (answers.length < texts.length && !signal.aborted) {
      report('answered', answers.length, texts.length);
      const some = texts.slice(answers.length, answers.length + askedAtOnce);
      const written = await owner.use(async ({ engine }) => {
        const asking = { ...options(), engine };
        if (isFresh && answers.length === 0) await warmUp(asking);
        return answerSome(asking, some);
      }, signal);
      answers.push(...written);
    }
  } catch (error) {
    if (signal.aborted) return { answers, problem: null };
    if (answers.length === 0) throw error;
    return { answers, problem: reportError(error) };
  }
  return { answers, problem: null };
}
