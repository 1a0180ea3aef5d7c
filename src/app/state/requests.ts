/** The page's end of the worker, as screens see it: what was asked for, how far it is, and what went wrong. */
import type { StoreApi } from 'zustand/vanilla';
import { reportError, type ErrorReport } from '../../base/errors.ts';
import { CancelledError, WorkerError, type StudioClient } from '../../worker/client.ts';
import type { CommandOf, CommandType, Results } from '../../worker/protocol.ts';
import type { Told } from './run-feed.ts';
import { idleRequest, type RequestSlot, type StudioState } from './studio-store.ts';

/** Events of a run are gathered for so long before the screens are drawn: ten pictures a second are enough. */
const drawEveryMs = 100;

export class Requests {
  readonly #store: StoreApi<StudioState>;
  #client: StudioClient | null = null;
  /** How what a slot shows is cancelled. */
  readonly #cancels = new Map<RequestSlot, AbortController>();
  #events: Told[] = [];

  constructor(store: StoreApi<StudioState>) {
    this.#store = store;
  }

  /** Sends a command; null where it was cancelled or failed, and the slot then says why it failed. */
  async request<Type extends CommandType>(
    slot: RequestSlot,
    command: CommandOf<Type>,
  ): Promise<Results[Type] | null> {
    if (this.#client === null) return null;
    this.#status(slot, { busy: true, progress: null, error: null });
    const cancel = new AbortController();
    this.#cancels.set(slot, cancel);
    try {
      const result = await this.#client.request<Type>(
        command,
        (progress) => this.#status(slot, { progress }),
        cancel.signal,
      );
      this.#status(slot, { busy: false, progress: null });
      return result;
    } catch (error) {
      if (error instanceof CancelledError) this.#status(slot, idleRequest);
      else this.fail(slot, error);
      return null;
    }
  }

  /** Cancels what a slot shows; it ends between two pieces of its work. */
  cancel(slot: RequestSlot): void {
    this.#cancels.get(slot)?.abort();
  }

  dismiss(slot: RequestSlot): void {
    this.#status(slot, { error: null });
  }

  /** Shows a failure, the worker's in its own words. */
  fail(slot: RequestSlot, error: unknown): void {
    const report: ErrorReport = error instanceof WorkerError ? error.report : reportError(error);
    this.#status(slot, { ...idleRequest, error: report });
  }

  /**
   * Starts a worker, in place of one that ended.
   * @param heard Told what happened in runs, some events at a time.
   * @param ended Told when the browser took the worker away.
   */
  protected startWorker(
    start: () => StudioClient,
    heard: (events: readonly Told[]) => void,
    ended: () => void,
  ): void {
    this.#client = start();
    this.#client.onRun((runId, event) => {
      this.#events.push({ runId, event });
      if (this.#events.length > 1) return;
      setTimeout(() => {
        const events = this.#events;
        this.#events = [];
        heard(events);
      }, drawEveryMs);
    });
    this.#client.onEnd(ended);
  }

  /** As `request`, for commands without a result. */
  protected async succeeds<Type extends CommandType>(
    slot: RequestSlot,
    command: CommandOf<Type>,
  ): Promise<boolean> {
    await this.request(slot, command);
    return this.#client !== null && this.state.requests[slot].error === null;
  }

  /** Sends a command that no slot shows; null where there is no worker yet. */
  protected send<Type extends CommandType>(command: CommandOf<Type>): Promise<Results[Type] | null> {
    return this.#client?.request<Type>(command) ?? Promise.resolve(null);
  }

  protected get state(): StudioState {
    return this.#store.getState();
  }

  protected set(part: Partial<StudioState>): void {
    this.#store.setState(part);
  }

  #status(slot: RequestSlot, part: Partial<StudioState['requests'][RequestSlot]>): void {
    const { requests } = this.state;
    this.set({ requests: { ...requests, [slot]: { ...requests[slot], ...part } } });
  }
}
