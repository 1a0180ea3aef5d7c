/** The one way out of a reduction and of its measurement. */
import { EngineError } from '../base/errors.ts';

let stopRequested = false;
let atWork = false;

/** See `stop-reduction` in protocol.ts. */
export function stopReduction(): Promise<null> {
  stopRequested = true;
  return Promise.resolve(null);
}

/** @throws EngineError where a person asked for the end. */
export function checkStop(): void {
  if (stopRequested) throw new EngineError('Stopped.', 'Start it again whenever you like.');
}

/** One at a time, each with a fresh stop. @throws EngineError where another is under way. */
export async function stoppable<T>(work: () => Promise<T>): Promise<T> {
  if (atWork) throw new EngineError('A student is being reduced.', 'Wait for its end, or stop it.');
  atWork = true;
  stopRequested = false;
  try {
    return await work();
  } finally {
    atWork = false;
  }
}
