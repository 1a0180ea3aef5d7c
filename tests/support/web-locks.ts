/** Web Locks for Node, which has none in version 20: exclusive ones alone, granted in the order they were asked for. */
import { vi } from 'vitest';

type Work = (lock: { name: string }) => unknown;

/** Gives `navigator` the locks of a browser, for one test file. */
export function withWebLocks(): void {
  const queues = new Map<string, Promise<unknown>>();
  const held = new Set<string>();
  const request = (name: string, ...rest: [Work] | [{ signal?: AbortSignal }, Work]): Promise<unknown> => {
    const work = rest.at(-1) as Work;
    const { signal } = rest.length === 2 ? rest[0] : {};
    const before = queues.get(name) ?? Promise.resolve();
    let isGranted = false;
    const turn = before.then(async () => {
      if (signal?.aborted) return;
      isGranted = true;
      held.add(name);
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
  };
  const query = () => Promise.resolve({ held: [...held].map((name) => ({ name })), pending: [] });
  vi.stubGlobal('navigator', { locks: { request, query }, storage: {} });
}
