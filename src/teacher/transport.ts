/** One request over the network: sent, read as it comes, and every way in which it can fail told apart. */
import { createParser } from 'eventsource-parser';
import { InputError, withoutStop } from '../base/errors.ts';
import { messageIn, outcomeOf, type Outcome } from './outcome.ts';
import type { Ask, Part, Provider } from './provider.ts';

/** A teacher's place on the network. */
export interface Place {
  fetch: typeof fetch;
  /** As `checkEndpoint` gives it. */
  endpoint: URL;
  provider: Provider;
  /** Sent in a header, and cut out of all that comes back. */
  key: string | null;
  /** So long may nothing come, before the first byte too. */
  idleMs: number;
}

/** Places from which something came, be it a refusal. */
const answering = new WeakSet<Place>();

/** What stands where a key was. */
const redaction = '[key]';
/** What people type where a server wants no key (`none`, `EMPTY`, `test`): such a word may be an answer. */
const plainWord = /^(?:.{1,7}|[a-z]{1,15})$/i;
/** An answer has some kilobytes. What is larger than this is none. */
const mostBytes = 4 * 1024 * 1024;

/**
 * The address of a teacher.
 * @throws InputError where it is none, or carries a name or password, which would get into messages.
 */
export function checkEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InputError(
      'The teacher’s address is no http or https address.',
      'Give one like http://127.0.0.1:8080/v1.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new InputError(
      'The teacher’s address has a name or a password in it.',
      'Leave it out there, and give the key as a key.',
    );
  }
  return url;
}

/** @throws InputError where a key cannot be sent in a header. (Its value is in no message.) */
export function checkKey(key: string): string {
  const bare = key.trim();
  if (bare !== '' && /^[\x21-\x7e]+$/.test(bare)) return bare;
  throw new InputError(
    bare === '' ? 'The key is empty.' : 'The key has a space or a character in it that no key has.',
    'Copy it again, whole and alone.',
  );
}

/** The address of a path of the interface. An address that names the path already is taken as it is. */
export function addressOf(
  { endpoint, provider }: Pick<Place, 'endpoint' | 'provider'>,
  pathAndQuery: string,
): URL {
  const url = new URL(endpoint);
  const [path, query] = pathAndQuery.split('?');
  const base = url.pathname.replace(/\/+$/, '');
  if (!base.endsWith(path!)) url.pathname = `${base === '' ? provider.prefix : base}${path!}`;
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
  return url;
}

/**
 * @param hear Told the answer so far, whenever a streamed one grew.
 * @throws The signal's reason where it was aborted. All else is an outcome.
 */
export async function askTeacher(
  place: Place,
  ask: Ask,
  signal: AbortSignal,
  hear: (text: string) => void = () => undefined,
): Promise<Outcome> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort);
  const idle = new Error('idle');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      controller.abort(idle);
    }, place.idleMs);
  };
  try {
    heard();
    const response = await place.fetch(addressOf(place, place.provider.path(ask)), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...place.provider.headers(place.key) },
      body: JSON.stringify(place.provider.body(ask)),
      signal: controller.signal,
      redirect: 'error',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
    answering.add(place);
    const heardSoFar = (text: string): void => {
      heard();
      if (text !== '') hear(withoutSecret(text, place.key));
    };
    return redacted(await readResponse(response, place, heardSoFar), place.key);
  } catch (error) {
    signal.throwIfAborted();
    const seconds = Math.round(place.idleMs / 1000);
    if (controller.signal.reason === idle)
      return { kind: 'fault', isBilled: true, words: `nothing came for ${seconds} seconds` };
    return redacted(failureOf(error, answering.has(place), place.endpoint.origin), place.key);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    // What is left of a body that is not read to its end.
    controller.abort();
  }
}

async function readResponse(
  response: globalThis.Response,
  { provider, key }: Place,
  heard: (text: string) => void,
): Promise<Outcome> {
  const type = response.headers.get('content-type') ?? '';
  const reader = new AnswerReader(provider, response.ok ? type : '', key);
  let sizeBytes = 0;
  for await (const chunk of chunksOf(response)) {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) return { kind: 'refused', isBilled: true, words: 'its answer has over 4 MB' };
    reader.feed(chunk);
    heard(reader.text);
  }
  const body = reader.end();
  if (!response.ok) {
    // Before it is shortened: half a key is none of anybody's business either.
    return outcomeOf(
      { status: response.status, headers: response.headers, body: withoutKey(body, key) },
      Date.now(),
    );
  }
  return reader.outcome();
}

async function* chunksOf(response: globalThis.Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return;
    yield next.value;
  }
}

/** Reads a body as what its type says: events, lines of JSON, or one JSON value. */
class AnswerReader {
  readonly #decoder = new TextDecoder();
  readonly #framing: 'events' | 'lines' | 'whole';
  readonly #events;
  #rest = '';
  readonly #answer: Part = { text: '', reasoning: '', finish: null, usage: null };
  #error: string | null = null;

  constructor(
    private readonly provider: Provider,
    type: string,
    private readonly key: string | null,
  ) {
    this.#framing = /event-stream/.test(type)
      ? 'events'
      : /ndjson|jsonl|json-seq/.test(type)
        ? 'lines'
        : 'whole';
    this.#events = createParser({ onEvent: ({ data }) => this.#take(data) });
  }

  feed(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    if (this.#framing === 'events') this.#events.feed(text);
    else this.#rest += text;
    if (this.#framing !== 'lines') return;
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#take(line);
  }

  /** The answer so far. */
  get text(): string {
    return this.#answer.text;
  }

  /** The text of a body that was not taken piece by piece. */
  end(): string {
    return this.#rest + this.#decoder.decode();
  }

  outcome(): Outcome {
    if (this.#framing !== 'events') this.#take(this.#rest);
    if (this.#error !== null) return { kind: 'fault', isBilled: true, words: this.#error };
    const { finish } = this.#answer;
    if (finish === null) return { kind: 'fault', isBilled: true, words: 'its answer broke off' };
    return { kind: 'answered', reply: { ...this.#answer, finish } };
  }

  #take(data: string): void {
    if (data.trim() === '' || data === '[DONE]') return;
    let part: Part | null;
    try {
      const value: unknown = JSON.parse(data);
      if (typeof value === 'object' && value !== null && 'error' in value && value.error !== null) {
        this.#error = messageIn(withoutKey(data, this.key));
        return;
      }
      part = this.provider.read(value);
    } catch {
      this.#error = `it sent what is no answer (${messageIn(withoutKey(data, this.key)).slice(0, 80)})`;
      return;
    }
    if (part === null) return;
    this.#answer.text += part.text;
    this.#answer.reasoning += part.reasoning;
    this.#answer.finish = part.finish ?? this.#answer.finish;
    if (part.answers !== undefined) this.#answer.answers = Math.max(part.answers, this.#answer.answers ?? 0);
    const { usage } = this.#answer;
    // Some count as they go, and some count prompt and answer in different events.
    this.#answer.usage =
      part.usage && usage
        ? {
            input: Math.max(usage.input, part.usage.input),
            output: Math.max(usage.output, part.usage.output),
          }
        : (part.usage ?? usage);
  }
}

/** Errors of a connection that was made, and broke. */
const brokenOff = /^(?:ECONNRESET|EPIPE|UND_ERR_(?:SOCKET|HEADERS_TIMEOUT|BODY_TIMEOUT|RESPONSE))/;

/** @param hasAnswered Whether anything ever came from there. */
function failureOf(error: unknown, hasAnswered: boolean, origin: string): Outcome {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (/redirect/i.test(reason)) {
    return {
      kind: 'ended',
      problem: `The teacher at ${origin} sends on to another address.`,
      remedy: 'Give the address that it leads to.',
    };
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const words = code === 'ECONNREFUSED' ? `there is no server at ${origin}` : withoutStop(reason);
  // A connection that breaks while a server works may have cost tokens; one that was never made has not. A browser says
  // the same of both, and of a server that lets no page in: there it counts where the server ever let one in.
  const isBilled = code === '' ? hasAnswered && !/bad port/.test(reason) : brokenOff.test(code);
  return { kind: 'fault', isBilled, words };
}

function withoutKey(text: string, key: string | null): string {
  return key === null ? text : text.replaceAll(key, redaction);
}

/** What a teacher answered, without the key; one that is a plain word is no secret, and part of answers. */
function withoutSecret(text: string, key: string | null): string {
  return key === null || plainWord.test(key) ? text : withoutKey(text, key);
}

/** Without the key, wherever a server repeats it. */
function redacted(outcome: Outcome, key: string | null): Outcome {
  if (key === null) return outcome;
  const clean = (text: string): string => withoutKey(text, key);
  switch (outcome.kind) {
    case 'answered': {
      const { text, reasoning } = outcome.reply;
      const own = { text: withoutSecret(text, key), reasoning: withoutSecret(reasoning, key) };
      return { ...outcome, reply: { ...outcome.reply, ...own } };
    }
    case 'ended':
      return { ...outcome, problem: clean(outcome.problem) };
    case 'slower':
    case 'fault':
    case 'unsupported':
    case 'refused':
      return { ...outcome, words: clean(outcome.words) };
    default:
      return outcome satisfies never;
  }
}
