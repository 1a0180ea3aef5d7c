/** What can go wrong when an engine gets its own student back. */
import { LostWeightsError, withoutStop } from '../base/errors.ts';
import type { PutBack } from './engine.ts';

/** @param work Puts the engine's own weights back, in whatever way its device does. */
export function puttingBack(work: () => Promise<void>): PutBack {
  return async () => {
    try {
      await work();
    } catch (error) {
      throw restoreError(error);
    }
  };
}

/** What the engine holds is not the run's. @param cause Why it could not be put there. */
export function restoreError(cause: unknown): LostWeightsError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new LostWeightsError(
    `The trained weights could not be put back on the engine (${withoutStop(detail)}).`,
    'Resume the run from its last checkpoint.',
  );
}
