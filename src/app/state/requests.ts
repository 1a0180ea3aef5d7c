/** The page's end of the worker, as screens see it: what was asked for, how far it is, and what went wrong. */
import type { StoreApi } from 'zustand/vanilla';
import { reportError, type ErrorReport } from '../../base/errors.ts';
import { askAside } from '../../worker/aside.ts';
import { CancelledError, WorkerError, type Progress, type StudioClient } from '../../worker/client.ts';
import {
  asideTypes,
  type AsideType,
  type CommandOf,
  type CommandType,
  type Results,
} from '../../worker/protocol.ts';
import type { Told } from './run-feed.ts';
import { idleRequest, type RequestSlot, type RequestStatus, type StudioState } from './studio-store.ts';

/** Events of a run are gathered for so long before the screens are drawn: ten pictures a second are enough. */
const drawEveryMs = 100;

/** What every slice's actions stand on: the state, and the worker that is asked. */
export type Requests = ReturnType<typeof createRequests>;

export function createRequests(store: StoreApi<StudioState>) {
  let client: StudioClient | null = null;
  /** How what a slot shows is cancelled. */
  const cancels = new Map<RequestSlot, AbortController>();
  let gathered: Told[] = [];
  let startAside: (() => StudioClient) | null = null;
  /** What is asked for while the studio opens waits for its first worker. */
  let begin: (outcome: 'started' | 'failed') => void = () => undefined;
  const begun = new Promise<'started' | 'failed'>((resolve) => (begin = resolve));

  const get = (): StudioState => store.getState();
  const set = (part: Partial<StudioState>): void => store.setState(part);

  const status = (slot: RequestSlot, part: Partial<RequestStatus>): void => {
    const { requests } = get();
    set({ requests: { ...requests, [slot]: { ...requests[slot], ...part } } });
  };

  /** Shows a failure, the worker's in its own words. */
  const fail = (slot: RequestSlot, error: unknown): void => {
    const report: ErrorReport = error instanceof WorkerError ? error.report : reportError(error);
    status(slot, { ...idleRequest, error: report });
  };

  /** Has a command done by the worker, or by one of its own where it reads what strangers made. */
  const ask = <Type extends CommandType>(
    command: CommandOf<Type>,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<Results[Type]> => {
    if (isAside(command) && startAside !== null)
      return askAside(startAside, command, onProgress, signal) as Promise<Results[Type]>;
    return client!.request<Type>(command, onProgress, signal);
  };

  /** Sends a command; null where it was cancelled or failed, and the slot then says why it failed. */
  const request = async <Type extends CommandType>(
    slot: RequestSlot,
    command: CommandOf<Type>,
  ): Promise<Results[Type] | null> => {
    status(slot, { busy: true, progress: null, error: null });
    if ((await begun) === 'failed') {
      status(slot, idleRequest);
      return null;
    }
    const cancel = new AbortController();
    cancels.set(slot, cancel);
    try {
      const result = await ask<Type>(command, (progress) => status(slot, { progress }), cancel.signal);
      status(slot, { busy: false, progress: null });
      return result;
    } catch (error) {
      if (error instanceof CancelledError) status(slot, idleRequest);
      else fail(slot, error);
      return null;
    }
  };

  return {
    get,
    set,
    fail,
    request,

    /** Cancels what a slot shows; it ends between two pieces of its work. */
    cancel: (slot: RequestSlot): void => {
      cancels.get(slot)?.abort();
    },

    dismiss: (slot: RequestSlot): void => {
      status(slot, { error: null });
    },

    /** As `request`, for commands without a result. */
    succeeds: async <Type extends CommandType>(
      slot: RequestSlot,
      command: CommandOf<Type>,
    ): Promise<boolean> => {
      await request(slot, command);
      return client !== null && get().requests[slot].error === null;
    },

    /** Until there is a worker, or none could be started, which the screens say. */
    whenBegun: (): Promise<unknown> => begun,

    /** No worker could be started. */
    notBegun: (): void => begin('failed'),

    /** Ends a worker that gives no sign; its run resumes with another one. */
    endWorker: (): void => client?.end(),

    /** Sends a command that no slot shows; null where there is no worker yet. */
    send: <Type extends CommandType>(command: CommandOf<Type>): Promise<Results[Type] | null> => {
      return client === null ? Promise.resolve(null) : ask<Type>(command);
    },

    /** Says how a worker for one command is started; without one, the one worker does all. */
    readAside: (start: () => StudioClient): void => {
      startAside = start;
    },

    /**
     * Starts a worker, in place of one that ended.
     * @param heard Told what happened in runs, some events at a time.
     * @param ended Told when the browser took the worker away, or a person ended it.
     * @param sign Told whenever the worker says anything.
     */
    startWorker: (
      start: () => StudioClient,
      heard: (events: readonly Told[]) => void,
      ended: () => void,
      sign: () => void,
    ): void => {
      client = start();
      begin('started');
      client.onSign(sign);
      client.onRun((runId, event) => {
        gathered.push({ runId, event });
        if (gathered.length > 1) return;
        setTimeout(() => {
          const events = gathered;
          gathered = [];
          heard(events);
        }, drawEveryMs);
      });
      client.onEnd(ended);
    },
  };
}

function isAside(command: CommandOf<CommandType>): command is CommandOf<AsideType> {
  return asideTypes.some((type) => type === command.type);
}
