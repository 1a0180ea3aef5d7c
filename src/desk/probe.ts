/** What a teacher can do, found by asking it: what servers say of themselves is often not so. */
import type { Outcome } from '../teacher/outcome.ts';
import type { Prompt } from '../teacher/prompt.ts';
import type { Ask } from '../teacher/provider.ts';
import { providers, type Api } from '../teacher/providers.ts';
import { answerSchema } from '../teacher/schema.ts';

export interface Abilities {
  /** Why it does not answer, in its words; null where it does. */
  silent: string | null;
  /** An answer came in pieces. Null where it was not found out. */
  streams: boolean | null;
  /** An answer kept to a schema. */
  schema: boolean | null;
  /** An answer ended where it was told to. Of completions alone. */
  stop: boolean | null;
}

type Asking = (ask: Ask, hear: (text: string) => void) => Promise<Outcome>;

const choices = ['yes', 'no'];

/** Asks up to three short questions. */
export async function probe({ api, model }: { api: Api; model: string }, asking: Asking): Promise<Abilities> {
  const kind = providers[api].promptKind;
  const said = (text: string, stop: readonly string[] = ['\nQ:']): Prompt =>
    kind === 'text'
      ? { kind, text: `Q: ${text}\nA:`, stop }
      : { kind, system: null, turns: [{ role: 'user', content: text }] };
  const usual = {
    model,
    temperature: 0,
    maxTokens: 32,
    streams: false,
    schema: null,
    omitted: new Set<never>(),
  };
  let pieces = 0;
  const first = await asking(
    { ...usual, streams: true, prompt: said('Is ice cold? Answer yes or no.') },
    () => {
      pieces += 1;
    },
  );
  const nothing = { streams: null, schema: null, stop: null };
  if (first.kind !== 'answered') {
    return { ...nothing, silent: first.kind === 'ended' ? `${first.problem} ${first.remedy}` : first.words };
  }
  const schema =
    kind === 'text'
      ? null
      : keepsSchema(
          await asking(
            { ...usual, maxTokens: 256, schema: answerSchema(choices), prompt: said('Is ice cold?') },
            () => undefined,
          ),
        );
  const stop =
    kind === 'text'
      ? stopsAt(
          ',',
          await asking(
            { ...usual, prompt: { kind, text: 'Count: one, two, three', stop: [','] } },
            () => undefined,
          ),
        )
      : null;
  return { silent: null, streams: pieces > 0, schema, stop };
}

function keepsSchema(outcome: Outcome): boolean {
  if (outcome.kind !== 'answered') return false;
  const { text, reasoning } = outcome.reply;
  try {
    const value = JSON.parse(text.trim() === '' ? reasoning : text) as { label?: unknown };
    return typeof value.label === 'string' && choices.includes(value.label);
  } catch {
    return false;
  }
}

function stopsAt(sign: string, outcome: Outcome): boolean {
  return outcome.kind === 'answered' && !outcome.reply.text.includes(sign);
}
