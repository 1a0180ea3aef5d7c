/**
 * A teacher without a connection: the prompts as a file, and the answers back by file. The lines are those of the
 * interface's own batches, each under the key of its question, so that answers find their rows whatever their order.
 */
import { z } from '../base/schemas.ts';
import type { Answers, StoredAnswer } from './answers.ts';
import type { Lessons, Manner } from './lessons.ts';
import type { Ask, Part, Provider } from './provider.ts';
import { providers, type Api } from './providers.ts';

/** A line for each question that has no answer yet. */
export async function promptLines(
  lessons: Lessons,
  answers: Answers,
  manner: Manner,
  api: Api,
): Promise<string[]> {
  const { model, temperature } = manner;
  const lines: string[] = [];
  for (const lesson of lessons.all) {
    for (const { key, maxTokens } of await lessons.open(lesson, answers)) {
      const { prompt, schema } = lesson;
      const asking = { model, prompt, temperature, maxTokens, schema, streams: false };
      lines.push(JSON.stringify(lineFor(api, key, { ...asking, omitted: new Set() })));
    }
  }
  return lines;
}

function lineFor(api: Api, key: string, ask: Ask): object {
  const provider: Provider = providers[api];
  const body = provider.body(ask);
  switch (api) {
    case 'anthropic':
      return { custom_id: key, params: body };
    case 'google':
      return { key, request: body };
    case 'chat':
    case 'completions':
    case 'ollama':
      return { custom_id: key, method: 'POST', url: provider.prefix + provider.path(ask), body };
    default:
      return api satisfies never;
  }
}

/** OpenAI's, Anthropic's and Google's lines of results, and a plain `{custom_id, text}` of a person's own script. */
const result = z.object({
  custom_id: z.string().nullish(),
  key: z.string().nullish(),
  text: z.string().nullish(),
  response: z.object({ body: z.unknown().optional() }).loose().nullish(),
  result: z.object({ type: z.string(), message: z.unknown().optional() }).nullish(),
});

export interface BroughtBack {
  /** Answers that were not there before. */
  added: number;
  /** Lines whose question is none of these rows': of another file, model or prompt. */
  foreign: number;
  /** Lines that hold no answer, from 1, and why. */
  unread: { line: number; why: string }[];
}

/** Keeps the answers of a file of results. What cannot be read is told, and the rest is kept. */
export async function bringBack(
  text: string,
  lessons: Lessons,
  answers: Answers,
  manner: Manner,
  api: Api,
): Promise<BroughtBack> {
  const rows = new Map<string, number>();
  for (const lesson of lessons.all) {
    for (const key of await lessons.keys(lesson)) rows.set(key, lesson.row.row);
  }
  const brought: BroughtBack = { added: 0, foreign: 0, unread: [] };
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const found = readLine(line, api);
    if ('why' in found) {
      brought.unread.push({ line: index + 1, why: found.why });
      continue;
    }
    const row = rows.get(found.key);
    if (row === undefined) {
      brought.foreign += 1;
    } else if (answers.get(found.key) === null) {
      answers.add(stored(found.key, row, manner.model, found.part));
      brought.added += 1;
    }
  }
  for (const lesson of lessons.all) await lessons.open(lesson, answers);
  return brought;
}

function readLine(line: string, api: Api): { key: string; part: Part } | { why: string } {
  let value: z.infer<typeof result>;
  try {
    value = result.parse(JSON.parse(line));
  } catch {
    return { why: 'it is no line of results' };
  }
  const key = value.custom_id ?? value.key;
  if (!key) return { why: 'it has no custom_id' };
  if (typeof value.text === 'string') {
    return { key, part: { text: value.text, reasoning: '', finish: 'stop', usage: null } };
  }
  const answer = value.result?.message ?? value.response?.body ?? value.response;
  try {
    const part = providers[api].read(answer);
    if (part !== null && part.finish !== null) return { key, part };
  } catch {
    // An error of the batch, as a rule.
  }
  return { why: 'it holds no answer' };
}

function stored(key: string, row: number, model: string, part: Part): StoredAnswer {
  const { text, reasoning, usage } = part;
  const finish = part.finish ?? 'stop';
  return { type: 'answered', key, row, model, text, reasoning, finish, usage, elapsedMs: 0 };
}
