/**
 * The line to a hub: whom it is open to, what goes over it, and what a refusal means in words. The token goes to the hub's
 * own origin alone, and is in no message.
 */
import { HubError, InputError } from '../base/errors.ts';

export interface HubAccess {
  /** As `parseEndpoint` returns it. */
  endpoint: string;
  /** Held in memory only. Null: only what everybody may read. */
  token: string | null;
  /** How a person gives it, for messages: in the environment, or in a field of the page. */
  heldIn: 'environment' | 'field';
  /** How requests are made; missing for `fetch`. */
  fetch?: typeof fetch;
}

/** What is asked for, for messages. */
export interface AskedOf {
  what: 'model' | 'dataset' | 'search' | 'repository';
  name: string;
  revision: string;
}

const givingWords = {
  environment: { give: 'set HF_TOKEN to', held: 'in HF_TOKEN', leave: 'leave HF_TOKEN out' },
  field: { give: 'paste', held: 'that you pasted', leave: 'leave the field empty' },
} as const;

/** A hub that says nothing for this long is gone. */
export const silenceMs = 60_000;

export class HubLine {
  readonly access: HubAccess;
  /** What messages call the hub. */
  readonly host: string;

  /** @throws InputError where the token is none of the hub's. */
  constructor(access: HubAccess) {
    // The client would refuse it with the words of a fault in the program.
    if (access.token !== null && !/^hf_[\x21-\x7e]+$/.test(access.token)) {
      throw new InputError(
        'The token is none of the hub’s: those begin with hf_.',
        `Copy it from the hub’s settings (Access tokens), or ${givingWords[access.heldIn].leave}.`,
      );
    }
    this.access = access;
    this.host = new URL(access.endpoint).host;
  }

  /** What every call of the client takes. */
  common() {
    const { endpoint, token } = this.access;
    return { hubUrl: endpoint, ...(token === null ? {} : { accessToken: token }) };
  }

  /** `fetch` that throws what a refusal means, and sends the token to the hub's origin alone. */
  fetch(asked: AskedOf, signal: AbortSignal): typeof fetch {
    const { origin } = new URL(this.access.endpoint);
    const { fetch = globalThis.fetch } = this.access;
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init?.headers);
      // The next page of a list, and what a mirror sends on, may name any address.
      if (url.origin !== origin) headers.delete('Authorization');
      const own = init?.signal;
      const either = own ? AbortSignal.any([signal, own]) : signal;
      const response = await fetch(url, { ...init, headers, signal: either });
      if (!response.ok) {
        await response.body?.cancel();
        throw this.#refusal(asked, response, url);
      }
      return response;
    };
  }

  /** What `ask` throws, in words. */
  async told<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw this.inWords(error);
    }
  }

  inWords(error: unknown): Error {
    if (error instanceof InputError || error instanceof HubError) return error;
    return new HubError(
      `${this.host} cannot be reached (${reasonOf(error)}).`,
      'Check the network, and the hub’s address if you gave one.',
    );
  }

  notAHub(): HubError {
    return new HubError(
      `${this.host} does not answer as a hub does.`,
      'Check the hub’s address, or leave it out.',
    );
  }

  #refusal(
    { what, name, revision }: AskedOf,
    { status, headers }: Response,
    url: URL,
  ): InputError | HubError {
    const { host } = this;
    const hasToken = this.access.token !== null;
    const { give, held } = givingWords[this.access.heldIn];
    const where = { file: name };
    if (what === 'search') {
      return new HubError(
        `${host} does not answer a search (${status}).`,
        'Type the whole name, and look it up.',
      );
    }
    if (what === 'repository') return this.#notSent(name, status, url);
    switch (status) {
      case 401:
        return new MissingError(
          `${host} shows no such ${what}${hasToken ? ' to this token' : ''} (401): there is none of this name, or it is private.`,
          hasToken
            ? `Check the name, and that the token ${held} is still good and may read this ${what}.`
            : `Check the name. For a private ${what} ${give} an access token that may read it.`,
          where,
        );
      case 403:
        return new InputError(
          `${host} keeps this ${what} for those who accepted its conditions (403).`,
          `Accept them at ${this.access.endpoint}/${what === 'dataset' ? 'datasets/' : ''}${name}, then ${give} an access token of yours that may read it.`,
          where,
        );
      case 404:
        return headers.get('X-Error-Code') === 'RevisionNotFound'
          ? new RevisionError(
              `the ${what} has no revision ${revision} (404).`,
              'Check its spelling, or leave it out for main.',
              where,
            )
          : new MissingError(
              `${host} has no such ${what} or file (404).`,
              what === 'model'
                ? 'Check the name: OWNER/MODEL, as the model’s page has it.'
                : 'Check the name, as the dataset’s page has it.',
              where,
            );
      default:
        return this.#later(name, status, 'was asked for');
    }
  }

  #notSent(name: string, status: number, url: URL): InputError | HubError {
    const { host } = this;
    const { give, held } = givingWords[this.access.heldIn];
    const where = { file: name };
    if (url.origin !== new URL(this.access.endpoint).origin) {
      return new HubError(
        `${url.host}, where ${host} keeps large files, answers ${status}. Nothing was published.`,
        'Try again in a while.',
      );
    }
    switch (status) {
      case 401:
        return new InputError(
          `${host} does not know the token ${held} (401). Nothing was published.`,
          `Make one in the hub’s settings (Access tokens) that may write, and ${give} it.`,
          where,
        );
      case 403:
        return new InputError(
          `the token ${held} may not write to this repository (403). Nothing was published.`,
          `Name a repository of your own, or ${give} a token that may write there.`,
          where,
        );
      case 404:
        return new InputError(
          `${host} has no such repository (404). Nothing was published.`,
          'Check its name: OWNER/NAME.',
          where,
        );
      case 409:
      case 412:
        return status === 409 && url.pathname.endsWith('/repos/create')
          ? new InputError(
              'there is a repository of this name already, which this token does not show (409). Nothing was published.',
              `Choose another name, or ${give} a token that may read and write this one.`,
              where,
            )
          : new HubError(
              `${name} was changed by somebody else meanwhile (${status}). Nothing was published.`,
              'Look at what changed there, then send again.',
            );
      case 413:
        return new HubError(`${host} has no room for it (413). Nothing was published.`, 'Make room there.');
      default:
        return this.#later(name, status, 'was to be sent');
    }
  }

  #later(name: string, status: number, what: string): HubError {
    return new HubError(
      status === 429
        ? `${this.host} was asked too often (429).`
        : `${this.host} answers ${status} where ${name} ${what}.`,
      'Try again in a while.',
    );
  }
}

/** There is none of this name, or the token may not know of it. */
export class MissingError extends InputError {}

/** There is no such branch, tag or commit. */
export class RevisionError extends InputError {}

/** Why a request failed: the system's own code where there is one. Never an address, which may hold a signature. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the line broke';
  if (error.name === 'TimeoutError') return `no answer within ${silenceMs / 1000} s`;
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return 'the line broke';
}
