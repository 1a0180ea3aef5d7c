/** Web Locks for Node, which has none in version 20: exclusive ones alone, granted in the order they were asked for. */
import { vi } from 'vitest';

type Work = (lock: { name: string }) => unknown;

const queues = new Map<string, Promise<unknown>>();
/** Names of the locks that are held, and by which client. */
const held = new Map<string, string>();

/** The client that asks for locks now. */
let asking = 'this page';

function request(
  clientId: string,
  name: string,
  ...rest: [Work] | [{ signal?: AbortSignal }, Work]
): Promise<unknown> {
  const work = rest.at(-1) as Work;
  const { signal } = rest.length === 2 ? rest[0] : {};
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  const before = queues.get(name) ?? Promise.resolve();
  let isGranted = false;
  const turn = before.then(async () => {
    if (signal?.aborted) return;
    isGranted = true;
    held.set(name, clientId);
    try {
      return await work({ name });
    } finally {
      held.delete(name);
    }
  });
  queues.set(
    name,
    turn.catch(() => undefined),
  );
  if (signal === undefined) return turn;
  const refused = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      if (!isGranted) reject(signal.reason as Error);
    });
  });
  return Promise.race([turn, refused]);
}

/** Gives `navigator` the locks of a browser, for one test file. */
export function withWebLocks(): void {
  queues.clear();
  held.clear();
  asking = 'this page';
  const query = () =>
    Promise.resolve({ held: [...held].map(([name, clientId]) => ({ name, clientId })), pending: [] });
  const own = (...of: [string, Work] | [string, { signal?: AbortSignal }, Work]) => {
    const [name, ...rest] = of;
    return request(asking, name, ...rest);
  };
  vi.stubGlobal('navigator', { locks: { request: own, query }, storage: {} });
}

/**
 * Until what is returned is called, whoever asks for a lock is the worker of another tab.
 * @param lives Whether its page is still there.
 */
export async function asOtherTab({ lives }: { lives: boolean }): Promise<() => void> {
  const page = crypto.randomUUID();
  const forEver = (client: string, name: string): Promise<void> =>
    new Promise((granted) => {
      void request(client, name, () => {
        granted();
        return new Promise<never>(() => undefined);
      });
    });
  const worker = `stillroom-worker-${page} 1`;
  await forEver(worker, worker);
  if (lives) await forEver(page, `stillroom-page-${page}`);
  asking = worker;
  return () => (asking = 'this page');
}

/** A lock that the worker of another tab holds, until what is returned is called. */
export async function otherTab(name: string, tab: { lives: boolean }): Promise<() => void> {
  const back = await asOtherTab(tab);
  return new Promise((granted) => {
    void navigator.locks.request(name, () => new Promise<void>((end) => granted(() => end())));
    back();
  });
}
