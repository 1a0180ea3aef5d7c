/** A teacher's interface: how a question is put to it, and how its answer is read. One adapter for each, pure. */
import type { Prompt } from './prompt.ts';

/** What some servers do not take; asked without it where one refuses it. */
export type Feature = 'temperature' | 'max_tokens' | 'stop' | 'stream_options' | 'schema' | 'n';

/** One request, in no interface's own words. */
export interface Ask {
  model: string;
  prompt: Prompt;
  temperature: number;
  /** Tokens that the answer may have. */
  maxTokens: number;
  streams: boolean;
  /** The answer's JSON Schema, or null for text. */
  schema: object | null;
  omitted: ReadonlySet<Feature>;
  /** Signs at which the answer ends, where the prompt has none of its own. */
  stop?: readonly string[];
  /** How many answers are asked for at once; missing for one. All but the first are counted, not read. */
  answers?: number;
}

/** Tokens as the server counted them. */
export interface Usage {
  input: number;
  output: number;
}

/** A whole answer, or what one event of a stream adds to it. */
export interface Part {
  text: string;
  /** What the teacher thought before its answer, where the interface keeps it apart. */
  reasoning: string;
  /** Why it ended; null while it continues. */
  finish: 'stop' | 'length' | 'refused' | null;
  usage: Usage | null;
  /** Answers that came at once; missing where the interface has one. */
  answers?: number;
}

export type Reply = Part & { finish: NonNullable<Part['finish']> };

export interface Provider {
  /** Whether it can be asked for several answers at once. */
  readonly hasSeveral: boolean;
  readonly promptKind: Prompt['kind'];
  /** Where to send it, below the address that the person entered. */
  path(ask: Ask): string;
  /** Where its models are listed. */
  readonly modelsPath: string;
  /** What comes before `path` where the address is a bare origin. */
  readonly prefix: string;
  headers(key: string | null): Record<string, string>;
  body(ask: Ask): object;
  /** A whole answer or an event; null where it says nothing of the answer. @throws ZodError where it has another shape. */
  read(value: unknown): Part | null;
}
