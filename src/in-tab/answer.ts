/** What an answer of a model in this tab is, of tokens that it wrote: where it ends, why, and what is refused before. */
import type { Outcome } from '../teacher/outcome.ts';
import type { Ask } from '../teacher/provider.ts';

/** Signs at which an answer ends. */
export function stopsOf({ stop, prompt }: Pick<Ask, 'stop' | 'prompt'>): readonly string[] {
  return stop ?? (prompt.kind === 'text' ? prompt.stop : []);
}

/** Text up to the first of some signs. */
export function cut(text: string, stops: readonly string[]): { text: string; isCut: boolean } {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
  return ends.length === 0 ? { text, isCut: false } : { text: text.slice(0, Math.min(...ends)), isCut: true };
}

/** Why a request is not even begun; null where it is. */
export function refusalOf(
  { schema, omitted, maxTokens }: Pick<Ask, 'schema' | 'omitted' | 'maxTokens'>,
  promptTokens: number,
  contextTokens: number | null,
): Outcome | null {
  if (schema !== null && !omitted.has('schema')) {
    return { kind: 'unsupported', feature: 'schema', words: 'a model in this tab cannot be held to one' };
  }
  if (contextTokens === null || promptTokens + maxTokens <= contextTokens) return null;
  const words = `prompt and answer may have ${contextTokens} tokens, and the prompt has ${promptTokens}`;
  return { kind: 'refused', isBilled: false, words };
}

/**
 * @param ids All of the answer's tokens.
 * @param ends The tokens with which the model ends by itself: a number, some, or none known.
 */
export function answerOf(
  ids: readonly bigint[],
  {
    textOf,
    stops,
    ends,
    maxTokens,
    promptTokens,
  }: {
    textOf: (ids: readonly bigint[]) => string;
    stops: readonly string[];
    ends: unknown;
    maxTokens: number;
    promptTokens: number;
  },
): Outcome {
  const { text, isCut } = cut(textOf(ids), stops);
  const last = ids.at(-1);
  const known: unknown[] = Array.isArray(ends) ? ends : [ends];
  const endsByItself = last !== undefined && known.some((end) => Number(end) === Number(last));
  const isFull = ids.length >= maxTokens && !isCut && !endsByItself;
  const usage = { input: promptTokens, output: ids.length };
  return { kind: 'answered', reply: { text, reasoning: '', finish: isFull ? 'length' : 'stop', usage } };
}
