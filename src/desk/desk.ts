/**
 * A teacher at work on a dataset's rows in this page: what was asked and answered by now, what is asked next, and what
 * becomes of it. Every answer is in the store before the next question depends on it.
 */
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { teachRows, type Taught, type TeachProgress } from '../jobs/teach.ts';
import { openTeacherLog, type TeacherLog } from '../store/teachers.ts';
import { Answers, type Mark } from '../teacher/answers.ts';
import { bringBack, promptLines, type BroughtBack } from '../teacher/batch.ts';
import { Budget, costOf } from '../teacher/budget.ts';
import { Lessons } from '../teacher/lessons.ts';
import type { Outcome } from '../teacher/outcome.ts';
import { Pace, type Clock } from '../teacher/pace.ts';
import type { Ask, Usage } from '../teacher/provider.ts';
import { closedLabels } from '../teacher/read-answer.ts';
import { reasonOf, verdictOf, type DeskRow, type Reason } from './judge.ts';
import { mannerOf, promptOf, type Pass, type Setup, teacherIdOf } from './setup.ts';

export type { TeachEnd, TeachProgress } from '../jobs/teach.ts';

/** What a run needs from the page. */
export interface Hooks {
  /** @param row The row that the question is about. */
  ask: (ask: Ask, signal: AbortSignal, row: number) => Promise<Outcome>;
  clock: Clock;
  stop: AbortSignal;
  abort: AbortSignal;
  report: (progress: TeachProgress) => void;
  tell: (words: string) => void;
}

/** What is asked: the first rows, those that could not be read, or the reasons for labels that it got wrong. */
export type Task = { pass: 'first'; rows: number } | { pass: 'again' } | { pass: 'given' };

export class Desk {
  readonly rows: DeskRow[];
  readonly #examples: readonly Example[];
  readonly #labels: readonly string[] | null;
  readonly #setup: Setup;
  readonly #log: TeacherLog;
  readonly #answers: Answers;
  readonly #byRow: ReadonlyMap<number, DeskRow>;

  private constructor(examples: readonly Example[], setup: Setup, log: TeacherLog) {
    this.#examples = examples;
    this.#labels = closedLabels(examples);
    this.#setup = setup;
    this.#log = log;
    this.#answers = new Answers(log.text, (text) => log.append(text));
    this.rows = examples.map((row) => ({ row, said: null, given: null, mark: null }));
    this.#byRow = new Map(this.rows.map((one) => [one.row.row, one]));
  }

  /** Opens what a teacher has answered about these rows. @throws StorageError */
  static async open(datasetId: string, examples: readonly Example[], setup: Setup): Promise<Desk> {
    const log = await openTeacherLog(datasetId, teacherIdOf(setup));
    const desk = new Desk(examples, setup, log);
    await desk.#lookUp();
    return desk;
  }

  /** Answers stored, of any row and prompt. */
  get stored(): number {
    return this.#answers.size;
  }

  get spent(): Usage {
    return this.#answers.before().spent;
  }

  get cost(): number | null {
    return costOf(this.spent, this.#setup.prices);
  }

  /** Rows that are asked by a task and have no answer yet. */
  openRows(task: Task): number {
    switch (task.pass) {
      case 'first':
        return this.rows.slice(0, task.rows).filter((one) => one.said === null).length;
      case 'again':
        return this.rows.filter(isUnread).length;
      case 'given':
        return this.rows.filter(isGivenNext).length;
      default:
        return task satisfies never;
    }
  }

  /** Asks until all rows of the task are answered, or something ends it. @throws StorageError; what `ask` throws. */
  async run(task: Task, hooks: Hooks): Promise<Taught> {
    const { where, streams, budget, prices } = this.#setup;
    // A model in this tab answers one question after another.
    const inFlight = where === 'tab' ? 1 : this.#setup.inFlight;
    const lessons = this.#lessonsOf(task);
    const taught = await teachRows({
      lessons,
      streams,
      manner: mannerOf(this.#setup),
      answers: this.#answers,
      pace: new Pace(inFlight, hooks.clock),
      budget: new Budget(budget, prices, this.#answers.before()),
      clock: hooks.clock,
      // A question is written down before it is sent: what it may cost is known even where the page goes meanwhile.
      ask: async (ask, signal, row) => {
        await this.#log.flushed();
        return hooks.ask(ask, signal, row);
      },
      stop: hooks.stop,
      abort: hooks.abort,
      report: (progress) => {
        this.#take(task.pass, lessons);
        hooks.report(progress);
      },
      tell: hooks.tell,
    });
    this.#take(task.pass, lessons);
    await this.#log.flushed();
    return taught;
  }

  /** The prompts without an answer, a line for each. */
  prompts(): Promise<string[]> {
    const lessons = this.#lessonsOf({ pass: 'first', rows: this.rows.length });
    return promptLines(lessons, this.#answers, mannerOf(this.#setup), this.#setup.api);
  }

  /** Keeps the answers of a file of results. @throws StorageError; InputError where no line of it is an answer to these prompts. */
  async takeAnswers(file: string, text: string): Promise<BroughtBack> {
    const lessons = this.#lessonsOf({ pass: 'first', rows: this.rows.length });
    const brought = await bringBack(text, lessons, this.#answers, mannerOf(this.#setup), this.#setup.api);
    if (brought.added === 0 && brought.unread.length > 0 && brought.foreign === 0) {
      const [first] = brought.unread;
      throw new InputError(
        `No line of it is an answer: ${first!.why}.`,
        'Bring the results of the saved prompts: JSON Lines, each with the custom_id of its prompt.',
        { file, line: first!.line },
      );
    }
    await this.#log.flushed();
    this.#take('first', lessons);
    return brought;
  }

  /** Writes a person's decision beside the answer of a row. Null takes it back. */
  async mark(row: number, mark: Mark | null): Promise<void> {
    const one = this.#byRow.get(row);
    const answer = one?.said?.answer ?? null;
    if (one === undefined || answer === null) return;
    this.#answers.add({ type: 'marked', key: answer.key, mark });
    one.mark = mark;
    await this.#log.flushed();
  }

  /** What becomes of the rows that have an answer. */
  reasons(): { row: Example; reason: Reason }[] {
    const { keepsWrong, mode } = this.#setup;
    return this.rows.flatMap((one) => {
      const reason = reasonOf(one, { keepsWrong, isGiven: mode === 'rationalise' });
      return reason === null ? [] : [{ row: one.row, reason }];
    });
  }

  /** Reads every pass out of the store: none of it is asked again. */
  async #lookUp(): Promise<void> {
    await this.#lookUpPass('first', () => true);
    await this.#lookUpPass('again', (row) => isUnread(this.#byRow.get(row.row)!));
    await this.#lookUpPass('given', (row) => isGivenNext(this.#byRow.get(row.row)!));
  }

  async #lookUpPass(pass: Pass, isAsked: (row: Example) => boolean): Promise<void> {
    if (this.#answers.size === 0) return;
    const lessons = this.#lessons(pass, isAsked);
    for (const lesson of lessons.all) await lessons.open(lesson, this.#answers);
    this.#take(pass, lessons);
  }

  #lessonsOf(task: Task): Lessons {
    switch (task.pass) {
      case 'first': {
        const asked = new Set(this.#examples.slice(0, task.rows).map(({ row }) => row));
        return this.#lessons('first', ({ row }) => asked.has(row));
      }
      case 'again':
        return this.#lessons('again', ({ row }) => isUnread(this.#byRow.get(row)!));
      case 'given':
        return this.#lessons('given', ({ row }) => isGivenNext(this.#byRow.get(row)!));
      default:
        return task satisfies never;
    }
  }

  #lessons(pass: Pass, isAsked: (row: Example) => boolean): Lessons {
    const setup = this.#setup;
    return new Lessons(
      this.#examples,
      (row) => promptOf(row, setup, pass),
      mannerOf(setup),
      this.#labels,
      isAsked,
    );
  }

  /** Shows what lessons came to by now. */
  #take(pass: Pass, lessons: Lessons): void {
    for (const lesson of lessons.all) {
      if (lesson.answer === null && lesson.givenUp === null) continue;
      const one = this.#byRow.get(lesson.row.row)!;
      if (pass === 'given') {
        one.given = lesson;
        continue;
      }
      // Asked again, what cannot be read either stays what it was.
      if (pass === 'again' && !lesson.read?.ok) continue;
      one.said = lesson;
      one.mark = lesson.answer === null ? null : this.#answers.markOf(lesson.answer.key);
    }
  }
}

/** Nothing could be made of its answer, or there was none. */
function isUnread(one: DeskRow): boolean {
  const verdict = verdictOf(one);
  return verdict === 'unread' || verdict === 'given-up';
}

/** The reason for its label is asked for next: the teacher got it wrong. */
function isGivenNext(one: DeskRow): boolean {
  const verdict = verdictOf(one);
  return one.given === null && (verdict === 'wrong' || verdict === 'unread');
}
