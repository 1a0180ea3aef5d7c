/** Rows on their way: what is asked for each, which of it has an answer, and what the answers say together. */
import type { Example } from '../data/example.ts';
import { keyOf, type Answers, type StoredAnswer } from './answers.ts';
import { choicesOf, type Prompt } from './prompt.ts';
import { readAnswer, type ReadAnswer } from './read-answer.ts';
import { answerSchema } from './schema.ts';

/** How a teacher is asked: with the row and its prompt, this makes a question the same question. */
export interface Manner {
  api: string;
  model: string;
  temperature: number;
  /** Tokens of an answer; one that was cut before it could be read is asked for once more with twice as many. */
  maxTokens: number;
  /** Answers for each row; with several, the label that most of them give counts (self-consistency). */
  votes: number;
  /** Answers are asked for as JSON of a schema; read as text where the server does not keep to it. */
  usesSchema: boolean;
}

export interface TaughtRow {
  row: Example;
  /** The answer that counts; null while one is still to come. */
  answer: StoredAnswer | null;
  read: ReadAnswer | null;
  /** How many answers have the label that counts. */
  agreeing: number;
  /** Why there is no answer, where the row was given up. */
  givenUp: string | null;
}

export interface Lesson extends TaughtRow {
  prompt: Prompt;
  schema: object | null;
  /** Which of several rows with this very prompt. */
  twin: number;
}

/** A question that has no answer yet. */
export interface OpenQuestion {
  key: string;
  maxTokens: number;
}

const cutShort = 'it was cut before it said what the answer is';

export class Lessons {
  readonly all: readonly Lesson[];
  readonly #manner: Manner;
  readonly #labels: readonly string[] | null;
  /** Rows that are answered or given up; of these, those that could be read; of these, those with the row's own label. */
  readonly counts = { done: 0, read: 0, right: 0 };
  /** Of the answers that were asked for as JSON, one was text. */
  sawText = false;

  /**
   * @param labels What a label can be, where the dataset has few (`closedLabels`).
   * @param isAsked Which of the rows are asked; all of them say which of several rows with the same prompt each is.
   */
  constructor(
    rows: readonly Example[],
    promptOf: (row: Example) => Prompt,
    manner: Manner,
    labels: readonly string[] | null,
    isAsked: (row: Example) => boolean = () => true,
  ) {
    this.#manner = manner;
    this.#labels = labels;
    const seen = new Map<string, number>();
    this.all = rows.flatMap((row) => {
      const prompt = promptOf(row);
      const schema = manner.usesSchema ? answerSchema(choicesOf(row) ?? this.#labels) : null;
      const words = JSON.stringify(prompt);
      const twin = seen.get(words) ?? 0;
      seen.set(words, twin + 1);
      if (!isAsked(row)) return [];
      return [{ row, prompt, schema, twin, answer: null, read: null, agreeing: 0, givenUp: null }];
    });
  }

  /** The questions of a row that have no answer yet. Where there are none, the row is settled. */
  async open(lesson: Lesson, answers: Answers): Promise<OpenQuestion[]> {
    const open: OpenQuestion[] = [];
    const given: StoredAnswer[] = [];
    for (let sample = 0; sample < this.#manner.votes; sample++) {
      for (const maxTokens of this.#lengths) {
        const key = await this.#keyOf(lesson, sample, maxTokens);
        const stored = answers.get(key);
        if (stored === null) open.push({ key, maxTokens });
        else if (maxTokens === this.#manner.maxTokens && this.#isCut(lesson, stored)) continue;
        else given.push(stored);
        break;
      }
    }
    if (open.length === 0 && lesson.answer === null) this.#settle(lesson, given);
    return open;
  }

  /** Every question that a row may ask, by key: also the longer ones. */
  async keys(lesson: Lesson): Promise<string[]> {
    const samples = Array.from({ length: this.#manner.votes }, (_, sample) => sample);
    return Promise.all(
      samples.flatMap((sample) => this.#lengths.map((length) => this.#keyOf(lesson, sample, length))),
    );
  }

  giveUp(lesson: Lesson, words: string): void {
    lesson.givenUp = words;
    this.counts.done += 1;
  }

  /** Tokens that an answer may have: twice as many where the first was cut before it could be read. */
  get #lengths(): readonly number[] {
    return [this.#manner.maxTokens, this.#manner.maxTokens * 2];
  }

  #keyOf({ prompt, schema, twin }: Lesson, sample: number, maxTokens: number): Promise<string> {
    const { api, model, temperature } = this.#manner;
    return keyOf({ api, model, prompt, temperature, maxTokens, schema, twin, sample });
  }

  #isCut(lesson: Lesson, answer: StoredAnswer): boolean {
    return answer.finish === 'length' && !this.#read(lesson, answer).ok;
  }

  #read({ row, schema }: Lesson, { text, reasoning, finish }: StoredAnswer): ReadAnswer {
    // Some servers put the whole answer where the thinking goes.
    const said = text.trim() === '' && finish === 'stop' ? reasoning : text;
    const read = readAnswer(said, { choices: choicesOf(row), labels: this.#labels });
    if (schema !== null && read.ok && !said.includes('{')) this.sawText = true;
    return !read.ok && finish === 'length' ? { ok: false, why: cutShort } : read;
  }

  /** The label that most answers give (of equals, the first), with a rationale of an answer that gives it. */
  #settle(lesson: Lesson, given: readonly StoredAnswer[]): void {
    const heard = given.map((answer) => ({ answer, read: this.#read(lesson, answer) }));
    const byLabel = new Map<string, typeof heard>();
    for (const one of heard) {
      if (!one.read.ok) continue;
      byLabel.set(one.read.label, [...(byLabel.get(one.read.label) ?? []), one]);
    }
    const [most] = [...byLabel.values()].sort((one, other) => other.length - one.length);
    const counted = most?.find(({ read }) => read.ok && read.rationale !== null) ?? most?.[0] ?? heard[0]!;
    lesson.answer = counted.answer;
    lesson.read = counted.read;
    lesson.agreeing = most?.length ?? 0;
    this.counts.done += 1;
    if (!counted.read.ok) return;
    this.counts.read += 1;
    if (counted.read.label === lesson.row.label) this.counts.right += 1;
  }
}
