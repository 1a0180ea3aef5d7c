/** What is done where there is no room left: training waits, with everything it holds, for a person to make some. */
import { NoRoomError, reportError } from '../base/errors.ts';
import type { Control } from '../distill/control.ts';
import type { RunSink } from '../distill/ports.ts';
import type { Turn } from './engine-owner.ts';

/** What is needed of the run at work. */
export interface Waiting {
  control: Control;
  sink: Pick<RunSink, 'soFar' | 'state'>;
  turn: Pick<Turn, 'lend'>;
}

/**
 * Does `work`; where there is no room for it, pauses and tries again when the person resumes. `work` may be done again.
 * @returns False where the person stopped instead: it was left undone.
 */
export async function withRoom(
  { control, sink, turn }: Waiting,
  work: () => Promise<void>,
): Promise<boolean> {
  for (;;) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      const { stops } = control;
      control.pause();
      await sink.state({ phase: 'paused', step: sink.soFar.step, problem: reportError(error) });
      await turn.lend(control.whilePaused());
      if (control.stops > stops) return false;
    }
  }
}

/** Why a run has ended without its last weights. */
export function weightsNotKept(): NoRoomError {
  return new NoRoomError(
    'There was no room for the last weights, so they were not kept.',
    'Make room under Storage, then resume from the last checkpoint.',
  );
}
