/** The frame that asks a teacher (desk.html): the one place where its key is. */
import type { Ask } from '../teacher/provider.ts';
import type { Outcome } from '../teacher/outcome.ts';
import { providers, type Api } from '../teacher/providers.ts';
import { askTeacher, checkEndpoint, checkKey, type Place } from '../teacher/transport.ts';
import { beFrame } from './inside.ts';

// A type, not an interface: it is a record of calls.
export type DeskCalls = {
  /** Where the teacher is. To be called first; the key is kept here, and is never said again. */
  open: { request: Opening; result: null; progress: never };
  ask: { request: Ask; result: Outcome; progress: never };
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
  ask(ask, { signal }) {
    if (place === null) throw new TypeError('No teacher was named.');
    return askTeacher(place, ask, signal);
  },
});
