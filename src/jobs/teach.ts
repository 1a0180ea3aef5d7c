/** A teacher asked for rationales, row by row: several at once, each answer stored as it comes, none asked for twice. */
import { TeacherError } from '../base/errors.ts';
import type { Answers, StoredAnswer } from '../teacher/answers.ts';
import type { Budget, Limits } from '../teacher/budget.ts';
import type { Lesson, Lessons, Manner, OpenQuestion, TaughtRow } from '../teacher/lessons.ts';
import type { Outcome } from '../teacher/outcome.ts';
import { backOffMs, type Clock, type Pace } from '../teacher/pace.ts';
import { mostTokens } from '../teacher/prompt.ts';
import type { Ask, Feature, Usage } from '../teacher/provider.ts';

export interface TeachJob {
  lessons: Lessons;
  manner: Manner;
  streams: boolean;
  /** @param row The row that the question is about. */
  ask: (ask: Ask, signal: AbortSignal, row: number) => Promise<Outcome>;
  answers: Answers;
  budget: Budget;
  pace: Pace;
  clock: Clock;
  /** Sends no more; what is in flight is waited for. */
  stop: AbortSignal;
  /** Ends what is in flight too. */
  abort: AbortSignal;
  report: (progress: TeachProgress) => void;
  /** Something that a person should know, as a sentence. */
  tell: (words: string) => void;
}

export interface TeachProgress {
  /** Rows that are answered or given up, of `total`. */
  done: number;
  total: number;
  /** Of `done`: those that this run asked for; those whose answer could be read; those with the row's own label. */
  asked: number;
  read: number;
  right: number;
  /** Requests that this run sent, and those of them that went wrong. */
  requests: number;
  faults: number;
  inFlight: number;
  spent: Readonly<Usage>;
  /** Null where no prices are known. */
  cost: number | null;
  elapsedMs: number;
}

export type TeachEnd =
  | { kind: 'done' }
  | { kind: 'stopped' }
  /** The next request might have passed this limit. */
  | { kind: 'budget'; limit: keyof Limits }
  | { kind: 'failed'; error: TeacherError };

export interface Taught {
  rows: readonly TaughtRow[];
  end: TeachEnd;
  progress: TeachProgress;
}

/** A row is given up after so many faults. */
const mostAttempts = 7;
/** A teacher that never answered is given up after so many faults; one that did, after so many rows in a row. */
const faultsBeforeFirst = 6;
const givenUpInARow = 4;
/** Asked so often to slow down without an answer in between, a run ends. */
const mostSlowdowns = 12;

/**
 * Asks for every row that has no answer yet. What the teacher does is said by `end`.
 * @throws What the store throws, such as NoRoomError, when what is in flight has ended.
 */
export function teachRows(job: TeachJob): Promise<Taught> {
  return new Teaching(job).run();
}

/**
 * One of the rows in flight at once. Each has its own signals: one signal with a listener for every request would look
 * like a leak to Node.
 */
interface Lane {
  /** No more is to be sent. */
  ending: AbortController;
  /** What is in flight is to end. */
  abort: AbortController;
}

class Teaching {
  readonly #job: TeachJob;
  readonly #omitted = new Set<Feature>();
  readonly #lanes: readonly Lane[];
  readonly #startedMs: number;
  #end: TeachEnd = { kind: 'done' };
  /** No more is sent, for whatever reason. */
  #isEnding = false;
  /** No other row is begun: the budget has no room for it. */
  #isFull = false;
  #next = 0;
  #asked = 0;
  #requests = 0;
  #faults = 0;
  #hasAnswered = false;
  #hasToldOfText = false;
  #givenUpInARow = 0;

  constructor(job: TeachJob) {
    this.#job = job;
    this.#startedMs = job.clock.nowMs();
    this.#lanes = Array.from({ length: Math.min(job.pace.most, job.lessons.all.length) }, () => ({
      ending: new AbortController(),
      abort: new AbortController(),
    }));
  }

  async run(): Promise<Taught> {
    const { stop, abort, lessons, answers } = this.#job;
    const stopped = (): void => this.#endWith({ kind: 'stopped' });
    const aborted = (): void => {
      stopped();
      for (const lane of this.#lanes) lane.abort.abort(abort.reason);
    };
    stop.addEventListener('abort', stopped);
    abort.addEventListener('abort', aborted);
    if (stop.aborted) stopped();
    if (abort.aborted) aborted();
    try {
      for (const lesson of lessons.all) await lessons.open(lesson, answers);
      this.#report();
      const ended = await Promise.allSettled(this.#lanes.map((lane) => this.#follow(lane)));
      const failed = ended.find((lane) => lane.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      stop.removeEventListener('abort', stopped);
      abort.removeEventListener('abort', aborted);
    }
    return { rows: lessons.all, end: this.#end, progress: this.#progress() };
  }

  /** Takes rows one after another. What is no outcome (a full disk) ends all lanes. */
  async #follow(lane: Lane): Promise<void> {
    try {
      const { all } = this.#job.lessons;
      while (!this.#isEnding && !this.#isFull && this.#next < all.length) {
        const lesson = all[this.#next++]!;
        if (lesson.answer === null) await this.#teach(lane, lesson);
      }
    } catch (error) {
      this.#endWith({ kind: 'stopped' });
      throw error;
    }
  }

  async #teach(lane: Lane, lesson: Lesson): Promise<void> {
    const { lessons, answers } = this.#job;
    for (;;) {
      const [question] = await lessons.open(lesson, answers);
      if (question === undefined) break;
      if (!(await this.#obtain(lane, lesson, question))) break;
      if (lessons.sawText) this.#tellOfText();
    }
    if (lesson.answer !== null || lesson.givenUp !== null) this.#asked += 1;
    this.#report();
  }

  /** Asks until there is an answer. False where the row is given up, or the run ends. */
  async #obtain(lane: Lane, lesson: Lesson, { key, maxTokens }: OpenQuestion): Promise<boolean> {
    const { manner, pace, clock, answers, budget } = this.#job;
    const { signal } = lane.ending;
    const { row } = lesson.row;
    const most: Usage = { input: mostTokens(lesson.prompt), output: maxTokens };
    for (let failures = 0; ;) {
      if (!(await pace.enter(signal))) return false;
      let outcome: Outcome;
      const sentMs = clock.nowMs();
      const omitted = new Set(this.#omitted);
      try {
        if (!(await this.#reserve(lane, row, most))) return false;
        answers.add({ type: 'asked', key, row, most });
        this.#requests += 1;
        const { model, temperature } = manner;
        const { streams } = this.#job;
        const asking = {
          model,
          temperature,
          streams,
          maxTokens,
          prompt: lesson.prompt,
          schema: lesson.schema,
        };
        outcome = await this.#job.ask({ ...asking, omitted }, lane.abort.signal, row);
      } catch (error) {
        if (lane.abort.signal.aborted) return false;
        throw error;
      } finally {
        // Who waits for this continues when what follows, up to the next `await`, has settled the budget.
        pace.leave();
      }
      if (outcome.kind === 'answered') {
        const { text, reasoning, finish, usage } = outcome.reply;
        const elapsedMs = Math.round(clock.nowMs() - sentMs);
        const answer = { key, row, model: manner.model, text, reasoning, finish, usage, elapsedMs };
        const stored: StoredAnswer = { type: 'answered', ...answer };
        answers.add(stored);
        budget.settle(most, usage);
        pace.answered(elapsedMs);
        this.#hasAnswered = true;
        this.#givenUpInARow = 0;
        if (budget.isPassed) this.#endWith({ kind: 'failed', error: passed() });
        return true;
      }
      const isBilled = (outcome.kind === 'fault' || outcome.kind === 'refused') && outcome.isBilled;
      budget.settle(most, isBilled ? null : { input: 0, output: 0 });
      const words = outcome.kind === 'ended' ? outcome.problem : outcome.words;
      answers.add({ type: 'failed', key, row, isBilled, words });
      this.#faults += 1;
      switch (outcome.kind) {
        case 'slower':
          if (pace.slower(outcome.waitMs, sentMs) >= mostSlowdowns) this.#endWith(failedFor(slowed(words)));
          break;
        case 'unsupported':
          if (omitted.has(outcome.feature)) return this.#giveUp(lesson, words);
          this.#omit(outcome.feature, words);
          break;
        case 'fault': {
          failures += 1;
          if (!this.#hasAnswered && this.#faults >= faultsBeforeFirst) {
            this.#endWith(failedFor(unreachable(words)));
          }
          if (failures >= mostAttempts) return this.#giveUp(lesson, words);
          await clock.sleep(backOffMs(failures, clock.random()), signal);
          break;
        }
        case 'refused':
          return this.#giveUp(lesson, words);
        case 'ended':
          this.#endWith(failedFor(new TeacherError(outcome.problem, outcome.remedy)));
          break;
        default:
          return outcome satisfies never;
      }
    }
  }

  /** Puts aside what a request may cost; waits while others may give some back. False where the run ends. */
  async #reserve(lane: Lane, row: number, most: Usage): Promise<boolean> {
    const { budget, pace } = this.#job;
    for (;;) {
      const granted = budget.reserve(row, most);
      if (granted === 'granted') return true;
      if (granted !== 'wait') {
        // Rows that were begun may fit: only no other is.
        this.#isFull = true;
        if (this.#end.kind === 'done') this.#end = { kind: 'budget', limit: granted };
        return false;
      }
      await pace.changed(lane.ending.signal);
      if (this.#isEnding) return false;
    }
  }

  #tellOfText(): void {
    if (this.#hasToldOfText) return;
    this.#hasToldOfText = true;
    this.#job.tell('The teacher does not keep to the schema: its answers are read as text.');
  }

  #omit(feature: Feature, words: string): void {
    if (this.#omitted.has(feature)) return;
    this.#omitted.add(feature);
    this.#job.tell(`The teacher does not take ${feature} (${words}). It is asked without it from now on.`);
  }

  #giveUp(lesson: Lesson, words: string): false {
    this.#job.lessons.giveUp(lesson, words);
    this.#givenUpInARow += 1;
    if (this.#givenUpInARow >= givenUpInARow) this.#endWith(failedFor(unreachable(words)));
    return false;
  }

  /** The first reason counts. */
  #endWith(end: TeachEnd): void {
    if (this.#isEnding) return;
    this.#end = end;
    this.#isEnding = true;
    for (const lane of this.#lanes) lane.ending.abort();
  }

  #report(): void {
    this.#job.report(this.#progress());
  }

  #progress(): TeachProgress {
    const { budget, pace, clock, lessons } = this.#job;
    return {
      ...lessons.counts,
      total: lessons.all.length,
      asked: this.#asked,
      requests: this.#requests,
      faults: this.#faults,
      inFlight: pace.inFlight,
      spent: { ...budget.spent },
      cost: budget.cost,
      elapsedMs: clock.nowMs() - this.#startedMs,
    };
  }
}

function failedFor(error: TeacherError): TeachEnd {
  return { kind: 'failed', error };
}

function slowed(words: string): TeacherError {
  return new TeacherError(
    `The teacher asked ${mostSlowdowns} times in a row to slow down and answered nothing in between (${words}).`,
    'Resume later, or with fewer in flight.',
  );
}

function unreachable(words: string): TeacherError {
  return new TeacherError(
    `The teacher does not answer (${words}).`,
    'Check the address and that the server runs and has the model, then resume.',
  );
}

function passed(): TeacherError {
  return new TeacherError(
    'The teacher used more tokens than it was allowed, and passed the budget with them.',
    'Raise the budget to resume, and ask for longer answers: it may think before it answers.',
  );
}
