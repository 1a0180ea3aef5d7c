/** What a teacher can do, found by asking it: what servers say of themselves is often not so. */
import type { Outcome } from '../teacher/outcome.ts';
import type { Prompt } from '../teacher/prompt.ts';
import type { Ask } from '../teacher/provider.ts';
import { providers, type Api } from '../teacher/providers.ts';

/** Null is what was not found out. */
export interface Abilities {
  /** Why it does not answer, in its words; null where it does. */
  silent: string | null;
  /** An answer came in pieces. */
  streams: boolean | null;
  /** An answer kept to a schema. Completions have none. */
  schema: boolean | null;
  /** An answer ended where it was told to. */
  stop: boolean | null;
  /** Two answers came to one question. Not every interface can be asked for them. */
  several: boolean | null;
}

type Asking = (ask: Ask, hear: (text: string) => void) => Promise<Outcome>;

const choices = ['yes', 'no'];
/** Without a reason: a model that rambles would be cut before it came to its label. */
const schemaOfLabel = {
  type: 'object',
  properties: { label: { type: 'string', enum: choices } },
  required: ['label'],
  additionalProperties: false,
};
const question = 'Is ice cold? Answer yes or no.';

/** Asks up to four short questions. */
export async function probe({ api, model }: { api: Api; model: string }, asking: Asking): Promise<Abilities> {
  const { promptKind: kind, hasSeveral } = providers[api];
  const prompt: Prompt =
    kind === 'text'
      ? { kind, text: `Q: ${question}\nA:`, stop: ['\nQ:'] }
      : { kind, system: null, turns: [{ role: 'user', content: question }] };
  const usual: Ask = {
    model,
    prompt,
    temperature: 0,
    maxTokens: 32,
    streams: false,
    schema: null,
    omitted: new Set<never>(),
  };
  const answer = async (part: Partial<Ask>): Promise<Outcome> =>
    asking({ ...usual, ...part }, () => undefined);
  let pieces = 0;
  const first = await asking({ ...usual, streams: true }, () => {
    pieces += 1;
  });
  if (first.kind !== 'answered') {
    const silent = first.kind === 'ended' ? `${first.problem} ${first.remedy}` : first.words;
    return { silent, streams: null, schema: null, stop: null, several: null };
  }
  const [word] = /[\p{L}\p{N}]+/u.exec(first.reply.text) ?? [];
  return {
    silent: null,
    streams: pieces > 0,
    schema: kind === 'text' ? null : keepsSchema(await answer({ maxTokens: 256, schema: schemaOfLabel })),
    // The word that it said a moment ago is the one that it is to stop at.
    stop: word === undefined ? null : stopsAt(word, await answer({ stop: [word] })),
    several: hasSeveral ? givesTwo(await answer({ answers: 2, temperature: 1, maxTokens: 8 })) : null,
  };
}

/** Null where the answer was cut before it was whole: a grammar allows any space between its signs. */
function keepsSchema(outcome: Outcome): boolean | null {
  if (outcome.kind !== 'answered') return false;
  const { text, reasoning, finish } = outcome.reply;
  if (finish === 'length' && text.trimStart().startsWith('{')) return null;
  try {
    const value = JSON.parse(text.trim() === '' ? reasoning : text) as { label?: unknown };
    return typeof value.label === 'string' && choices.includes(value.label);
  } catch {
    return false;
  }
}

function stopsAt(word: string, outcome: Outcome): boolean {
  return outcome.kind === 'answered' && !outcome.reply.text.includes(word);
}

function givesTwo(outcome: Outcome): boolean {
  return outcome.kind === 'answered' && outcome.reply.answers === 2;
}
