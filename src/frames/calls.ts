/**
 * What a page and a frame say to each other over one port: calls with an answer, how far they are, and an end to them.
 * Both ends are here, and neither knows of the DOM.
 */
import { EngineError, reportError, StillroomError, type ErrorReport } from '../base/errors.ts';

/** The calls that a frame answers, by name. What goes to and fro is copied as `structuredClone` copies it. */
export type Calls = Record<string, { request: unknown; result: unknown; progress: unknown }>;

export type Handlers<Of extends Calls> = {
  [Name in keyof Of]: (
    request: Of[Name]['request'],
    call: Call<Of[Name]['progress']>,
  ) => Promise<Of[Name]['result']>;
};

export interface Call<Progress> {
  /** Aborted where the page no longer waits. */
  signal: AbortSignal;
  progress: (progress: Progress) => void;
}

/** An error that happened in a frame, with its own words. */
export class FrameError extends StillroomError {
  constructor(readonly report: ErrorReport) {
    super(report.message, '');
    this.message = report.message;
    this.name = report.name;
  }
}

type ToFrame = { type: 'call'; id: number; name: string; request: unknown } | { type: 'abort'; id: number };
type ToPage =
  | { type: 'result'; id: number; result: unknown }
  | { type: 'failed'; id: number; error: ErrorReport }
  | { type: 'progress'; id: number; progress: unknown };

/** The frame's end: answers calls until the port is closed. */
export function answerCalls<Of extends Calls>(port: MessagePort, handlers: Handlers<Of>): void {
  const atWork = new Map<number, AbortController>();
  const post = (message: ToPage): void => port.postMessage(message);
  port.onmessage = (event: MessageEvent<ToFrame>) => {
    const message = event.data;
    if (message.type === 'abort') {
      atWork.get(message.id)?.abort();
      return;
    }
    const { id, name, request } = message;
    const controller = new AbortController();
    atWork.set(id, controller);
    const progress = (now: unknown): void => post({ type: 'progress', id, progress: now });
    void (async () => {
      try {
        const handler = handlers[name as keyof Of];
        post({ type: 'result', id, result: await handler(request, { signal: controller.signal, progress }) });
      } catch (error) {
        post({ type: 'failed', id, error: reportError(error) });
      } finally {
        atWork.delete(id);
      }
    })();
  };
}

interface Pending {
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
  onProgress: ((progress: never) => void) | undefined;
}

/** The page's end. */
export class Caller<Of extends Calls> {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = (event: MessageEvent<ToPage>) => this.#receive(event.data);
  }

  /**
   * @throws FrameError with the frame's own words; the signal's reason where it was aborted; EngineError where the frame
   * was closed.
   */
  call<Name extends keyof Of & string>(
    name: Name,
    request: Of[Name]['request'],
    options: { signal?: AbortSignal; onProgress?: (progress: Of[Name]['progress']) => void } = {},
  ): Promise<Of[Name]['result']> {
    const { signal, onProgress } = options;
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (this.#isClosed) return Promise.reject(closed());
    const id = this.#nextId++;
    return new Promise<Of[Name]['result']>((resolve, reject) => {
      const abort = (): void => {
        this.#pending.delete(id);
        this.#post({ type: 'abort', id });
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', abort);
      const ended =
        <Value>(settle: (value: Value) => void) =>
        (value: Value): void => {
          signal?.removeEventListener('abort', abort);
          settle(value);
        };
      this.#pending.set(id, { resolve: ended(resolve), reject: ended(reject), onProgress });
      this.#post({ type: 'call', id, name, request });
    });
  }

  /** All that is waited for fails, and so does what is asked from now on. */
  close(): void {
    this.#isClosed = true;
    this.#port.close();
    for (const { reject } of this.#pending.values()) reject(closed());
    this.#pending.clear();
  }

  #post(message: ToFrame): void {
    this.#port.postMessage(message);
  }

  #receive(message: ToPage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === 'progress') {
      pending.onProgress?.(message.progress as never);
      return;
    }
    this.#pending.delete(message.id);
    if (message.type === 'result') pending.resolve(message.result as never);
    else pending.reject(new FrameError(message.error));
  }
}

function closed(): EngineError {
  return new EngineError('The connection was closed.', 'Start again.');
}
