/** The page's end of the wire: requests as promises, progress and run events as callbacks. */
import { EngineError, StillroomError, type ErrorReport } from '../base/errors.ts';
import { workerName } from '../store/holders.ts';
import { endOfLife } from './life.ts';
import type { CommandOf, CommandType, PageMessage, Results, RunEvent, WorkerMessage } from './protocol.ts';

/** An error that happened in the worker, with its own words. */
export class WorkerError extends StillroomError {
  constructor(readonly report: ErrorReport) {
    super(report.message, '');
    this.message = report.message;
    this.name = report.name;
  }
}

/** A request was cancelled, and nothing came of it. */
export class CancelledError extends EngineError {
  override name = 'CancelledError';
  constructor() {
    super('It was stopped.', 'Try again whenever you like.');
  }
}

export interface Progress {
  what: string;
  done: number;
  total: number;
}

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
  onProgress: ((progress: Progress) => void) | undefined;
}

export class StudioClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(runId: string, event: RunEvent) => void>();
  readonly #name: string;
  #tellEnd: () => void = () => undefined;
  #tellSign: () => void = () => undefined;
  #nextId = 1;
  /** Why nothing can be asked any more; null while the worker lives. */
  #dead: EngineError | null = null;

  /**
   * @param worker A worker that runs `studio.worker.ts`.
   * @param name Its name, which no other worker has.
   */
  constructor(worker: Worker, name: string) {
    this.#worker = worker;
    this.#name = name;
    worker.onmessage = (event: MessageEvent<WorkerMessage>) => {
      this.#tellSign();
      this.#receive(event.data);
    };
    worker.onerror = (event) => {
      this.#die(`The studio’s worker failed: ${event.message || 'it could not be started'}.`);
    };
  }

  /** Calls `listener` when the worker has ended without a word; nothing can be asked of this client any more. */
  onEnd(listener: () => void): void {
    this.#tellEnd = listener;
  }

  /** Calls `listener` whenever the worker says anything. */
  onSign(listener: () => void): void {
    this.#tellSign = listener;
  }

  /** Ends a worker that gives no sign any more, as a person asked for. */
  end(): void {
    this.#ended('The studio’s worker was ended since it gave no sign.');
  }

  /** Lets a worker go that has done what it was started for; nothing is told of its end. */
  close(): void {
    this.#tellEnd = () => undefined;
    this.#ended('The studio’s worker has done its work.');
  }

  async #waitForEnd(): Promise<void> {
    await endOfLife(this.#name);
    this.#ended('The browser ended the studio’s worker, usually because memory ran out.');
  }

  #ended(problem: string): void {
    if (this.#dead !== null) return;
    this.#worker.terminate();
    this.#die(problem);
    this.#tellEnd();
  }

  /** All that is asked fails from now on, and so does what was asked before. */
  #die(problem: string): void {
    const error = new EngineError(
      problem,
      'What was stored is still there; reload the page if this happens again.',
    );
    this.#dead = error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  /**
   * Sends a command and waits for its result.
   * @param signal Cancels it: the worker ends it between two pieces of its work.
   * @throws WorkerError with the worker's own words; CancelledError where it was cancelled; EngineError where the worker
   * has ended.
   */
  request<Type extends CommandType>(
    command: CommandOf<Type>,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<Results[Type]> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    const id = this.#nextId;
    this.#nextId += 1;
    signal?.addEventListener('abort', () => this.#send({ type: 'cancel', id }), { once: true });
    return new Promise<Results[Type]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress });
      this.#send({ type: 'command', id, command });
    });
  }

  #send(message: PageMessage): void {
    this.#worker.postMessage(message);
  }

  /** Calls `listener` for everything that happens in any run. Returns the way to stop that. */
  onRun(listener: (runId: string, event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'alive':
        void this.#waitForEnd();
        return;
      case 'sign':
        return;
      case 'run':
        for (const listener of this.#listeners) listener(message.runId, message.event);
        return;
      case 'progress':
        this.#pending.get(message.id)?.onProgress?.(message);
        return;
      case 'result':
        this.#pending.get(message.id)?.resolve(message.result as never);
        this.#pending.delete(message.id);
        return;
      case 'failed':
        this.#pending.get(message.id)?.reject(new WorkerError(message.error));
        this.#pending.delete(message.id);
        return;
      case 'cancelled':
        this.#pending.get(message.id)?.reject(new CancelledError());
        this.#pending.delete(message.id);
        return;
      default:
        message satisfies never;
    }
  }
}

/** Starts the studio's worker. */
export function startStudio(): StudioClient {
  const name = workerName();
  return new StudioClient(
    new Worker(new URL('./studio.worker.ts', import.meta.url), { type: 'module', name }),
    name,
  );
}
