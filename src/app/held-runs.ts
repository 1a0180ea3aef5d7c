/** What is known of who is at work on a run, or an experiment, and the words for it: the same on every screen. */
import { formatCount } from '../base/units.ts';
import { isActive } from '../distill/run-state.ts';
import type { Holder } from '../store/holders.ts';
import type { RunRecord } from '../store/records.ts';
import { stateWords } from './words.ts';

/** Without Web Locks: an active run whose heartbeat is older than this counts as interrupted. */
export const silentAfterMs = 10_000;

/** What became of a run whose record may say that it is at work. */
export type Hold =
  /** Its record says all. */
  | 'record'
  /** This page's worker is at work on it, or about to be. */
  | 'here'
  /** Another tab is, for certain. */
  | 'elsewhere'
  /** Somebody is, or was a moment ago: the worker of a page that has gone comes to the end of its step. */
  | 'unsure'
  /** Its record says that it is training, but no page is at work on it. */
  | 'interrupted';

/** What holds are told from. `heldRuns` is null where the browser cannot tell, and silence must do. */
export interface Holders {
  liveRunId: string | null;
  heldRuns: ReadonlyMap<string, Holder> | null;
  /** When this page was opened. */
  openedAt: number;
}

export function holdOf(run: RunRecord, { liveRunId, heldRuns, openedAt }: Holders, now: number): Hold {
  if (run.id === liveRunId) return 'here';
  if (!isActive(run.state)) return 'record';
  if (heldRuns !== null) {
    const holder = heldRuns.get(run.id);
    if (holder === undefined) return 'interrupted';
    return holder === 'another tab' ? 'elsewhere' : holder;
  }
  if (now - run.heartbeatAt > silentAfterMs) return 'interrupted';
  // What was heard of soon after this page opened may be the last of the page before it.
  return run.heartbeatAt - openedAt > silentAfterMs ? 'elsewhere' : 'unsure';
}

/** Whether somebody is at work on it, or may be. */
export function isHeld(hold: Hold): hold is 'here' | 'elsewhere' | 'unsure' {
  return hold === 'here' || hold === 'elsewhere' || hold === 'unsure';
}

/** Added after what a run is doing; empty where this tab has it, or no tab has. */
export function placeWords(hold: Hold): string {
  switch (hold) {
    case 'elsewhere':
      return ', in another tab';
    case 'unsure':
      return '; looking whether it is still at work';
    case 'here':
    case 'record':
    case 'interrupted':
      return '';
    default:
      return hold satisfies never;
  }
}

/** The same where there is little room: two short lines of a table. */
export function shortPlaceWords(hold: Hold): string {
  return hold === 'unsure' ? '; is it still at work?' : placeWords(hold);
}

/** A run's state in words, as the header and the list of runs have it. */
export function runWords(run: RunRecord, hold: Hold): string {
  return hold === 'interrupted'
    ? `interrupted at step ${formatCount(run.step)}; its curves are kept`
    : stateWords(run.state) + placeWords(hold);
}

/** Why what a run needs or has is not to be touched, in a sentence; null where it may be. */
export function holdObstacle({ name }: Pick<RunRecord, 'name'>, hold: Hold): string | null {
  switch (hold) {
    case 'here':
      return `${name} is under way; stop it first.`;
    case 'elsewhere':
      return `${name} is at work in another tab; stop it there first.`;
    case 'unsure':
      return `It is not known yet whether ${name} is still at work; wait a moment.`;
    case 'record':
    case 'interrupted':
      return null;
    default:
      return hold satisfies never;
  }
}

/** A run that somebody is at work on, or may be. */
export interface AtWork {
  run: RunRecord;
  hold: Hold;
}

export function runsAtWork(
  { runs, ...holders }: Holders & { runs: readonly RunRecord[] },
  now: number,
): AtWork[] {
  return runs.map((run) => ({ run, hold: holdOf(run, holders, now) })).filter(({ hold }) => isHeld(hold));
}

/** For a dataset or a student: a run that is at work reads it. */
export function ownerObstacle(
  key: 'datasetId' | 'studentId',
  id: string,
  atWork: readonly AtWork[],
): string | null {
  const user = atWork.find(({ run }) => run[key] === id);
  return user === undefined ? null : holdObstacle(user.run, user.hold);
}

/** For a run: somebody is at work on it. */
export function runObstacle(runId: string, atWork: readonly AtWork[]): string | null {
  const found = atWork.find(({ run }) => run.id === runId);
  return found === undefined ? null : holdObstacle(found.run, found.hold);
}
