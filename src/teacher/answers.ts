/**
 * A teacher's answers, each kept as it comes under row, prompt, model and parameters, so that none is asked for twice. The
 * file is a log of JSON Lines that is only ever added to. A request is written down before it is sent: what it may have
 * cost is known even where the program was killed before the answer came.
 */
import { digest } from '../base/bytes.ts';
import { z } from '../base/schemas.ts';
import type { Prompt } from './prompt.ts';
import type { Usage } from './provider.ts';

/** What makes a question the same question. */
export interface Question {
  api: string;
  model: string;
  prompt: Prompt;
  temperature: number;
  maxTokens: number;
  schema: object | null;
  /** Which of several rows with this very prompt, from 0. */
  twin: number;
  /** Which of several answers to it, from 0. */
  sample: number;
}

/** The key of a question, the same on every machine. */
export function keyOf(question: Question): Promise<string> {
  const { api, model, prompt, temperature, maxTokens, schema, twin, sample } = question;
  const words = JSON.stringify([api, model, prompt, temperature, maxTokens, schema, twin, sample]);
  return digest(new TextEncoder().encode(words));
}

/** What a person decided about an answer. It stands beside the answer, which stays as the teacher gave it. */
const mark = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accepted') }),
  z.object({ kind: z.literal('rejected') }),
  z.object({ kind: z.literal('edited'), label: z.string(), rationale: z.string() }),
]);
export type Mark = z.infer<typeof mark>;

const key = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
const usage = z.object({ input: count, output: count });
const line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('asked'), key, row: count, most: usage }),
  z.object({
    type: z.literal('answered'),
    key,
    row: count,
    model: z.string(),
    text: z.string(),
    reasoning: z.string(),
    finish: z.enum(['stop', 'length', 'refused']),
    usage: usage.nullable(),
    elapsedMs: z.number().nonnegative(),
  }),
  z.object({ type: z.literal('failed'), key, row: count, isBilled: z.boolean(), words: z.string() }),
  /** Null takes the mark away. */
  z.object({ type: z.literal('marked'), key, mark: mark.nullable() }),
]);

type Line = z.infer<typeof line>;
export type StoredAnswer = Extract<Line, { type: 'answered' }>;

/** Where the log's text goes: added at its end, at once. */
export type AppendText = (text: string) => void;

export class Answers {
  readonly #append: AppendText;
  readonly #answers = new Map<string, StoredAnswer>();
  readonly #marks = new Map<string, Mark>();
  /** Requests without an end. */
  readonly #open = new Map<string, Usage>();
  readonly #rows = new Set<number>();
  readonly #spent: Usage = { input: 0, output: 0 };
  /** Lines that cannot be read: torn by a kill, as a rule. */
  readonly unreadable: number;

  /** @param log The log's text so far. */
  constructor(log: string, append: AppendText) {
    let unreadable = 0;
    for (const text of log.split('\n')) {
      if (text === '') continue;
      const found = parseLine(text);
      if (found === null) unreadable += 1;
      else this.#take(found);
    }
    this.unreadable = unreadable;
    this.#append = append;
    // So that what comes next begins its own line.
    if (log !== '' && !log.endsWith('\n')) append('\n');
  }

  /** Answers stored. */
  get size(): number {
    return this.#answers.size;
  }

  get(ofKey: string): StoredAnswer | null {
    return this.#answers.get(ofKey) ?? null;
  }

  markOf(ofKey: string): Mark | null {
    return this.#marks.get(ofKey) ?? null;
  }

  /** What was used by now. What is not known counts as the most that it can be. */
  before(): { rows: ReadonlySet<number>; spent: Usage } {
    const open = [...this.#open.values()];
    return {
      rows: this.#rows,
      spent: {
        input: open.reduce((sum, most) => sum + most.input, this.#spent.input),
        output: open.reduce((sum, most) => sum + most.output, this.#spent.output),
      },
    };
  }

  /** Writes down what happened. @throws Whatever `append` throws. */
  add(happened: Line): void {
    this.#append(`${JSON.stringify(happened)}\n`);
    this.#take(happened);
  }

  #take(happened: Line): void {
    if (happened.type === 'marked') {
      if (happened.mark === null) this.#marks.delete(happened.key);
      else this.#marks.set(happened.key, happened.mark);
      return;
    }
    const most = this.#open.get(happened.key) ?? null;
    this.#rows.add(happened.row);
    if (happened.type === 'asked') {
      // Asked again after a kill: what the first request cost stays counted.
      if (most !== null) this.#count(most);
      this.#open.set(happened.key, happened.most);
      return;
    }
    this.#open.delete(happened.key);
    if (happened.type === 'answered') {
      this.#count(happened.usage ?? most);
      this.#answers.set(happened.key, happened);
    } else if (happened.isBilled) {
      this.#count(most);
    }
  }

  #count(used: Usage | null): void {
    this.#spent.input += used?.input ?? 0;
    this.#spent.output += used?.output ?? 0;
  }
}

function parseLine(text: string): Line | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
