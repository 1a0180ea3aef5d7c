/** What is done where the browser has no room left: training waits, with everything in hand, for a person to make some. */
import { NoRoomError, reportError } from '../base/errors.ts';
import type { Control } from '../distill/control.ts';
import type { RunState } from '../distill/run-state.ts';

/** What is needed of the run in hand. */
export interface Waiting {
  control: Control;
  journal: { readonly record: { step: number }; state(state: RunState): Promise<void> };
}

/**
 * Does `work`; where there is no room for it, pauses and tries again when the person goes on. `work` may be done anew.
 * @returns False where the person stopped instead: it was left undone.
 */
export async function withRoom({ control, journal }: Waiting, work: () => Promise<void>): Promise<boolean> {
  for (;;) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      const { stops } = control;
      control.pause();
      await journal.state({ phase: 'paused', step: journal.record.step, problem: reportError(error) });
      await control.whilePaused();
      if (control.stops > stops) return false;
    }
  }
}

/** Why a run has ended without its last weights. */
export function weightsNotKept(): NoRoomError {
  return new NoRoomError(
    'There was no room for the last weights, so they were not kept.',
    'Make room under Storage, then go on from the last checkpoint.',
  );
}
