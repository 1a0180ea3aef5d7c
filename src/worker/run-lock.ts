/**
 * Who is at work on a run: its Web Lock is held by one worker, and let go by the browser when that ends, however it
 * ends. So two tabs never train the same run, and a run that nobody holds is known for interrupted at once.
 */
import { EngineError } from '../base/errors.ts';

const prefix = 'stillroom-run-';
/** How long a tab that was just closed or reloaded may take to let go. */
const patienceMs = 5000;

/**
 * Holds a run until the returned function is called.
 * @throws EngineError where another tab holds it.
 */
export async function holdRun(runId: string): Promise<() => void> {
  const locks = locksOf();
  if (locks === null) return () => undefined;
  return new Promise((resolve, reject) => {
    locks
      .request(
        prefix + runId,
        { signal: AbortSignal.timeout(patienceMs) },
        () => new Promise<void>((release) => resolve(() => release())),
      )
      .catch(() => {
        reject(
          new EngineError(
            'This run is at work in another tab.',
            'Go on with it there, or close that tab first.',
          ),
        );
      });
  });
}

/** Ids of the runs that some tab holds; null where this browser cannot tell. */
export async function heldRuns(): Promise<ReadonlySet<string> | null> {
  const locks = locksOf();
  if (locks === null) return null;
  const { held = [] } = await locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}

/** Only secure pages have them. */
export function locksOf(): LockManager | null {
  return (navigator as { locks?: LockManager }).locks ?? null;
}
