/** The worker's end of the wire: everything it says goes through here, typed by protocol.ts. */
import { reportError } from '../base/errors.ts';
import type { ReportProgress } from '../distill/ports.ts';
import type { CommandType, Results, RunEvent, WorkerMessage } from './protocol.ts';

/** How often a command may say how far it is: more would only keep the page busy. */
const progressEveryMs = 100;

export class Wire {
  readonly #post: (message: WorkerMessage) => void;

  constructor(post: (message: WorkerMessage) => void) {
    this.#post = post;
  }

  alive(): void {
    this.#post({ type: 'alive' });
  }

  sign(): void {
    this.#post({ type: 'sign' });
  }

  result(id: number, result: Results[CommandType]): void {
    this.#post({ type: 'result', id, result });
  }

  failed(id: number, error: unknown): void {
    this.#post({ type: 'failed', id, error: reportError(error) });
  }

  cancelled(id: number): void {
    this.#post({ type: 'cancelled', id });
  }

  run(runId: string, event: RunEvent): void {
    this.#post({ type: 'run', runId, event });
  }

  /** A reporter for one command, throttled; the last report of each `what` always passes. */
  progressOf(id: number): ReportProgress {
    let reportedAt = -Infinity;
    let reportedWhat = '';
    return (what, done, total) => {
      const now = performance.now();
      if (what === reportedWhat && done < total && now - reportedAt < progressEveryMs) return;
      reportedAt = now;
      reportedWhat = what;
      this.#post({ type: 'progress', id, what, done, total });
    };
  }
}
