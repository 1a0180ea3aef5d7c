/** The frame that asks a teacher (desk.html): the one place where its key is. */
import type { Ask } from '../teacher/provider.ts';
import type { Outcome } from '../teacher/outcome.ts';
import { listModels } from '../teacher/models.ts';
import { providers, type Api } from '../teacher/providers.ts';
import { askTeacher, checkEndpoint, checkKey, type Place } from '../teacher/transport.ts';
import { beFrame } from './inside.ts';

// A type, not an interface: it is a record of calls.
export type DeskCalls = {
  /** Where the teacher is. To be called first; the key is kept here, and is never said again. */
  open: { request: Opening; result: null; progress: never };
  /** Progress is the answer so far. */
  ask: { request: Ask; result: Outcome; progress: string };
  models: { request: null; result: string[]; progress: never };
};

export interface Opening {
  endpoint: string;
  api: Api;
  key: string | null;
  idleMs: number;
}

let place: Place | null = null;

beFrame<DeskCalls>({
  open({ endpoint, api, key, idleMs }) {
    place = {
      fetch: (...args) => fetch(...args),
      endpoint: checkEndpoint(endpoint),
      provider: providers[api],
      key: key === null ? null : checkKey(key),
      idleMs,
    };
    return Promise.resolve(null);
  },
  async ask(ask, { signal, progress }) {
    const outcome = await askTeacher(opened(), ask, signal, progress);
    return outcome.kind === 'fault' && saysNothing.test(outcome.words)
      ? { ...outcome, words: noAnswer(opened()) }
      : outcome;
  },
  models: (_, { signal }) => listModels(opened(), signal),
});

/** All that a browser says where nobody answers, or the server does not let pages in. */
const saysNothing = /^(?:Failed to fetch|NetworkError|Load failed)/;

function noAnswer({ endpoint }: Place): string {
  return `no answer from ${endpoint.origin}: its server is not running, or does not let pages in`;
}

function opened(): Place {
  if (place === null) throw new TypeError('No teacher was named.');
  return place;
}
