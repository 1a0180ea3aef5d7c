/** How an experiment is, and what can be done about it now. Pure. */
import { countsOf, type Queue } from '../../experiment/queue.ts';
import type { Holder } from '../../store/holders.ts';
import type { ExperimentRecord, RunRecord } from '../../store/records.ts';

export type Course =
  /** This tab trains it; `ending`: no further run begins. */
  | { kind: 'here'; paused: boolean; ending: boolean }
  | { kind: 'elsewhere' }
  /** The page that trained it is gone, and its worker lets go in a moment. */
  | { kind: 'unsure' }
  | { kind: 'paused' }
  /** Its tab is gone. */
  | { kind: 'broken off' }
  | { kind: 'done' };

/**
 * @param live The run that this tab's worker is at work on, or holds, paused.
 * @param held Experiments that some page's worker holds; null where the browser cannot tell.
 */
export function courseOf(
  { id, phase, runs }: Pick<ExperimentRecord, 'id' | 'phase' | 'runs'>,
  live: Pick<RunRecord, 'experimentId' | 'state'> | null,
  held: ReadonlyMap<string, Holder> | null,
): Course {
  if (live?.experimentId === id) {
    return { kind: 'here', paused: live.state.phase === 'paused', ending: phase === 'paused' };
  }
  const { waiting, atWork } = countsOf(runs);
  if (waiting + atWork === 0) return { kind: 'done' };
  const holder = held?.get(id);
  // Between two of its runs.
  if (holder === 'here') return { kind: 'here', paused: false, ending: phase === 'paused' };
  if (holder !== undefined) return { kind: holder === 'another tab' ? 'elsewhere' : 'unsure' };
  return phase === 'paused' ? { kind: 'paused' } : { kind: 'broken off' };
}

/** `2 of 6 runs have ended, 1 failed`. */
export function countWords(queue: Queue): string {
  const { total, ended, failed } = countsOf(queue);
  return `${ended} of ${total} runs have ended${failed > 0 ? `, ${failed} failed` : ''}`;
}
