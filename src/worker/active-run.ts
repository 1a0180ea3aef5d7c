/** The run that holds the engine now: at work, or of the store while it is asked or compared. */
import { EngineError } from '../base/errors.ts';
import type { Control } from '../distill/control.ts';
import type { RunState } from '../distill/run-state.ts';
import type { EngineOwner } from '../jobs/engine-owner.ts';
import type { Student, StudentOutline } from '../student/folder.ts';
import type { RunJournal } from './run-journal.ts';

export interface Opened {
  owner: EngineOwner;
  /** Without weights where the base student is no longer here. */
  student: Student | StudentOutline;
}

export interface ActiveRun {
  readonly journal: RunJournal;
  readonly control: Control;
  /** Null until the student is on the engine. */
  opened: Opened | null;
  /** Comparisons under way or waiting: they end when the run is resumed or stopped. */
  readonly comparisons: Set<AbortController>;
  /** It is asked or compared with what it kept, and not trained. */
  readonly isStored: boolean;
}

/** Whether its student is on the engine. */
export function isPrepared({ phase }: RunState): boolean {
  return phase !== 'preparing' && phase !== 'compiling';
}

/** @throws EngineError where the run is still being prepared. */
export function opened({ opened }: ActiveRun): NonNullable<ActiveRun['opened']> {
  if (opened !== null) return opened;
  throw new EngineError('The run is still being prepared.', 'Try again in a moment.');
}

/** @param why Told to whoever waits for a comparison. */
export function endComparisons({ comparisons }: ActiveRun, why: string): void {
  for (const comparison of comparisons) comparison.abort(new DOMException(why, 'AbortError'));
}
