/**
 * How a page learns that its worker has ended: browsers say nothing when they take one away, for want of memory as a
 * rule. The worker holds a Web Lock as long as it lives, and the page waits in line for it.
 */
import { locksOf } from '../store/holders.ts';

/** In the worker: resolves when its lock is held, or where there are no locks. It is never let go. */
export function holdLife(name: string): Promise<void> {
  const locks = locksOf();
  if (locks === null) return Promise.resolve();
  return new Promise((held) => {
    void locks.request(name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  });
}

/** In the page, once the worker holds its lock: resolves when that worker has ended. Never, where there are no locks. */
export async function endOfLife(name: string): Promise<void> {
  const locks = locksOf();
  if (locks === null) return new Promise<never>(() => undefined);
  await locks.request(name, () => undefined);
}
