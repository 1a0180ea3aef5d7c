/** The page's end of the wire: requests as promises, progress and run events as callbacks. */
import { EngineError, StillroomError, type ErrorReport } from '../base/errors.ts';
import { endOfLife } from './life.ts';
import type { CommandOf, CommandType, Request, Results, RunEvent, WorkerMessage } from './protocol.ts';

/** An error that happened in the worker, with its own words. */
export class WorkerError extends StillroomError {
  constructor(readonly report: ErrorReport) {
    super(report.message, '');
    this.message = report.message;
    this.name = report.name;
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
  #nextId = 1;

  /**
   * @param worker A worker that runs `studio.worker.ts`.
   * @param name Its name, which no other worker has.
   */
  constructor(worker: Worker, name: string) {
    this.#worker = worker;
    this.#name = name;
    worker.onmessage = (event: MessageEvent<WorkerMessage>) => this.#receive(event.data);
    worker.onerror = (event) => {
      this.#rejectAll(`The studio’s worker failed: ${event.message || 'it could not be started'}.`);
    };
  }

  /** Calls `listener` when the worker has ended without a word; nothing can be asked of this client any more. */
  onEnd(listener: () => void): void {
    this.#tellEnd = listener;
  }

  async #waitForEnd(): Promise<void> {
    await endOfLife(this.#name);
    this.#worker.terminate();
    this.#rejectAll('The browser ended the studio’s worker, for want of memory as a rule.');
    this.#tellEnd();
  }

  #rejectAll(problem: string): void {
    const error = new EngineError(
      problem,
      'What was stored is still there; reload the page if this goes on.',
    );
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  /**
   * Sends a command and waits for its result.
   * @throws WorkerError with the worker's own words.
   */
  request<Type extends CommandType>(
    command: CommandOf<Type>,
    onProgress?: (progress: Progress) => void,
  ): Promise<Results[Type]> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise<Results[Type]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress });
      const request: Request = { id, command: command };
      this.#worker.postMessage(request);
    });
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
      default:
        message satisfies never;
    }
  }
}

/** Starts the studio's worker. */
export function startStudio(): StudioClient {
  const name = `studio ${crypto.randomUUID()}`;
  return new StudioClient(
    new Worker(new URL('./studio.worker.ts', import.meta.url), { type: 'module', name }),
    name,
  );
}
