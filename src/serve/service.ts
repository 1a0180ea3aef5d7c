/**
 * The server without its sockets: a request in, a status, headers and a body out. `headless/serve.ts` gives it to
 * Node's HTTP server.
 */
import { joined } from '../base/bytes.ts';
import { reportError } from '../base/errors.ts';
import type { GenerateOptions } from '../engine/engine.ts';
import { Batcher } from './batcher.ts';
import { Metrics, type RouteName } from './metrics.ts';
import { Refusal } from './refusal.ts';
import { readPredictRequest, type PredictRequest } from './request.ts';
import { withPrefix, type ServedModel } from './served-model.ts';
import { metricsRoute, type ServeSettings } from './settings.ts';

export interface ServedRequest {
  method: string;
  /** Path and query. */
  url: string;
  authorization: string | null;
  body: AsyncIterable<Uint8Array>;
}

export interface ServedResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One line of the log. It has nothing that a client wrote, so that no text of theirs is kept. */
export interface LogLine {
  time: string;
  route: RouteName;
  status: number;
  /** Texts of a prediction, where it came as far as being read. */
  rows: number | null;
  elapsedMs: number;
  /** Why a request failed that is not at fault itself. */
  error: string | null;
}

type State =
  { is: 'loading' } | { is: 'ready'; model: ServedModel } | { is: 'ending'; model: ServedModel | null };

/** A body beyond the limit is read this many times as far, so that its sender reads the refusal. */
const readsBeyond = 16;

export class Service {
  readonly metrics = new Metrics();
  readonly #settings: ServeSettings;
  readonly #log: (line: LogLine) => void;
  readonly #batcher: Batcher<Int32Array, GenerateOptions, string>;
  #state: State = { is: 'loading' };
  /** Requests that have no answer yet. */
  #open = 0;
  #whenNoneIsOpen: () => void = () => undefined;

  constructor(settings: ServeSettings, log: (line: LogLine) => void) {
    this.#settings = settings;
    this.#log = log;
    this.#batcher = new Batcher({
      batchRows: settings.batchRows,
      waitMs: settings.batchWaitMs,
      queueRows: settings.queueRows,
      // Of one model all other settings are the same.
      keyOf: ({ numBeams, maxNewTokens }) => `${numBeams} ${maxNewTokens}`,
      run: (rows, options) => this.#generate(rows, options),
    });
  }

  /** From now on requests are answered. */
  ready(model: ServedModel): void {
    if (this.#state.is === 'loading') this.#state = { is: 'ready', model };
  }

  /** Refuses new predictions, and resolves when all that were taken have their answer. */
  async end(): Promise<void> {
    this.#state = { is: 'ending', model: this.#state.is === 'ready' ? this.#state.model : null };
    await this.#batcher.end();
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenNoneIsOpen = resolve;
    });
  }

  /** Answers a request. It rejects only where the body cannot be read: its sender is gone. */
  async handle(request: ServedRequest): Promise<ServedResponse> {
    const startedAt = performance.now();
    const path = request.url.split('?')[0]!;
    const route = this.#routeOf(request.method, path);
    const told: { rows: number | null; error: string | null } = { rows: null, error: null };
    this.#open += 1;
    let status = 499;
    try {
      const response = await this.#answer(request, route, path, told);
      status = response.status;
      return response;
    } finally {
      const elapsedMs = performance.now() - startedAt;
      this.metrics.request(route, status, elapsedMs);
      this.#log({
        time: new Date().toISOString(),
        route,
        status,
        rows: told.rows,
        elapsedMs: Math.round(elapsedMs * 10) / 10,
        error: told.error,
      });
      this.#open -= 1;
      if (this.#open === 0) this.#whenNoneIsOpen();
    }
  }

  #routeOf(method: string, path: string): RouteName {
    const { healthRoute, predictRoute } = this.#settings;
    // Vertex AI may give both the same path; the method tells them apart.
    if (path === predictRoute && (method === 'POST' || path !== healthRoute)) return 'predict';
    if (path === healthRoute) return 'health';
    return path === metricsRoute ? 'metrics' : 'other';
  }

  async #answer(
    request: ServedRequest,
    route: RouteName,
    path: string,
    told: { rows: number | null; error: string | null },
  ): Promise<ServedResponse> {
    try {
      switch (route) {
        case 'health':
          allow(request.method, ['GET', 'HEAD']);
          return this.#health();
        case 'metrics':
          allow(request.method, ['GET', 'HEAD']);
          this.#checkToken(request);
          return text(200, this.metrics.text({ ready: this.#isReady, queueRows: this.#batcher.waitingRows }));
        case 'predict':
          allow(request.method, ['POST']);
          this.#checkToken(request);
          return await this.#predict(request, told);
        case 'other':
          throw new Refusal(
            404,
            'There is nothing at this path.',
            `POST to ${this.#settings.predictRoute}, or GET ${this.#settings.healthRoute}.`,
          );
        default:
          return route satisfies never;
      }
    } catch (error) {
      if (error instanceof Refusal) return json(error.status, { error: error.message }, error.headers);
      if (error instanceof SenderGone) throw error.fault;
      told.error = reportError(error).message;
      return json(500, { error: 'The model failed. The server’s log says why.' });
    }
  }

  get #isReady(): boolean {
    return this.#state.is === 'ready';
  }

  #health(): ServedResponse {
    const words = { loading: 'loading', ready: 'healthy', ending: 'ending' } as const;
    return json(this.#isReady ? 200 : 503, { status: words[this.#state.is] });
  }

  #checkToken({ authorization }: ServedRequest): void {
    const { token } = this.#settings;
    if (token === null || isSame(authorization ?? '', `Bearer ${token}`)) return;
    throw new Refusal(401, 'The token is missing or wrong.', 'Send it as "Authorization: Bearer TOKEN".', {
      'WWW-Authenticate': 'Bearer',
    });
  }

  async #predict(request: ServedRequest, told: { rows: number | null }): Promise<ServedResponse> {
    const { maxBodyBytes, bodyWaitMs } = this.#settings;
    const bytes = await within(bodyWaitMs, readBody(request.body, maxBodyBytes));
    const asked = readPredictRequest(bytes, this.#settings);
    told.rows = asked.texts.length;
    const model = this.#model();
    const rows = this.#rowsOf(model, asked);
    const results = await this.#batcher.submit(rows, {
      ...model.generation,
      numBeams: asked.numBeams ?? model.generation?.numBeams ?? 1,
      maxNewTokens: asked.maxNewTokens ?? Math.min(model.maxNewTokens, this.#settings.maxNewTokens),
    });
    const count = asked.texts.length;
    // Nested twice, as the notebook's server has it: one list of answers; then, where asked for, one of rationales.
    const answers = results.slice(0, count);
    return json(200, { predictions: asked.rationale ? [answers, results.slice(count)] : [answers] });
  }

  #model(): ServedModel {
    const { is } = this.#state;
    if (this.#state.is === 'ready') return this.#state.model;
    throw new Refusal(
      503,
      is === 'loading' ? 'The model is being loaded.' : 'The server is ending.',
      'Try again in a moment.',
      { 'Retry-After': '1' },
    );
  }

  /** Ids of all answers, then of all rationales. */
  #rowsOf(model: ServedModel, { texts, rationale }: PredictRequest): Int32Array[] {
    if (rationale && model.rationalePrefix === null) {
      throw new Refusal(
        400,
        'parameters.rationale is true, but this student was not taught any.',
        'Leave it out.',
      );
    }
    const most = this.#settings.maxInputTokens ?? model.maxInputTokens;
    const tasks = rationale ? (['answer', 'rationale'] as const) : (['answer'] as const);
    return tasks.flatMap((task) =>
      texts.map((instance, index) => {
        const ids = model.tokenizer.encode(withPrefix(model, task, instance));
        if (ids.length <= most) return ids;
        throw new Refusal(
          400,
          `instances[${index}] has ${ids.length} tokens with its prefix.`,
          `Send ${most} at most.`,
        );
      }),
    );
  }

  async #generate(rows: readonly Int32Array[], options: GenerateOptions): Promise<string[]> {
    const { model } = this.#state as Exclude<State, { is: 'loading' }>;
    const generated = await model!.generate(rows, options);
    this.metrics.batch(rows.length);
    return generated.map((ids) => model!.tokenizer.decode(ids));
  }
}

function allow(method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  const methods = allowed.join(', ');
  throw new Refusal(405, 'This path does not take this method.', `Use ${methods}.`, { Allow: methods });
}

/** The sender went away while its body was read: no answer can reach it. */
class SenderGone extends Error {
  constructor(readonly fault: unknown) {
    super('The sender is gone.');
  }
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (sizeBytes > maxBytes * readsBeyond) break;
    }
  } catch (fault) {
    throw new SenderGone(fault);
  }
  if (sizeBytes > maxBytes) {
    throw new Refusal(413, `The body has more than ${maxBytes} bytes.`, 'Send fewer texts at once.', {
      Connection: 'close',
    });
  }
  return joined(chunks);
}

/** A body in its time. A slower one is left where it is: reading on is of no use, and ending the read would end the answer. */
async function within(waitMs: number, body: Promise<Uint8Array>): Promise<Uint8Array> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const problem = `The body did not come within ${waitMs} ms.`;
      reject(new Refusal(408, problem, 'Send it again, whole.', { Connection: 'close' }));
    }, waitMs);
  });
  return Promise.race([body, late]).finally(() => clearTimeout(timer));
}

/** Compares without ending at the first difference, so that its time says nothing of the token. */
function isSame(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let at = 0; at < wanted.length; at += 1) difference |= given.charCodeAt(at) ^ wanted.charCodeAt(at);
  return difference === 0;
}

function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): ServedResponse {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

function text(status: number, body: string): ServedResponse {
  return { status, headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }, body };
}
