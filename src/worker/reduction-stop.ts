/** The one way out of a reduction and of its measurement. */
import { EngineError } from '../base/errors.ts';

/** Thrown through the work to its beginning, which knows that it is no failure. */
class Stopped extends Error {}

let stopRequested = false;
let atWork = false;

/** See `stop-reduction` in protocol.ts. */
export function stopReduction(): Promise<null> {
  stopRequested = true;
  return Promise.resolve(null);
}

/** To be called between two pieces of the work: ends it where a person asked for that. */
export function checkStop(): void {
  if (stopRequested) throw new Stopped();
}

/**
 * One at a time, each with a fresh stop.
 * @returns What the work came to; null where a person stopped it, which is how it was before.
 * @throws EngineError where another is under way.
 */
export async function stoppable<T>(work: () => Promise<T>): Promise<T | null> {
  if (atWork) throw new EngineError('A student is being reduced.', 'Wait for its end, or stop it.');
  atWork = true;
  stopRequested = false;
  try {
    return await work();
  } catch (error) {
    if (error instanceof Stopped) return null;
    throw error;
  } finally {
    atWork = false;
  }
}
