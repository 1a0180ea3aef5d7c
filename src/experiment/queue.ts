/**
 * The runs of an experiment in the order in which they are trained, one after the other. All of it is what becomes of a
 * list: who trains and who keeps it is the caller's.
 */
import type { Result } from './ledger.ts';
import type { PlannedRun, Varied } from './spec.ts';

export type Accuracy = Result['accuracy'];

export type Standing =
  | { kind: 'waiting' }
  /** It has begun. Where nobody is at work on the experiment, it was interrupted. */
  | { kind: 'at work' }
  | { kind: 'ended'; accuracy: Accuracy }
  /** `beginsAgain`: none of its checkpoints is whole, so that trying again begins another run with step 1. */
  | { kind: 'failed'; words: string; beginsAgain?: true };

export interface QueuedRun {
  /** As in `PlannedRun`. */
  name: string;
  varied: Varied;
  /** The run that stands for it; null before it has begun. */
  runId: string | null;
  standing: Standing;
  /** Time at work, from its beginning to its end. */
  tookMs: number;
  /** How often it was begun since it last got further, and the checkpoint that it had then. */
  tries: { count: number; savedStep: number };
}

export type Queue = readonly QueuedRun[];

/** A run whose worker goes so often at the same place is left for failed. */
export const mostTries = 3;

export function queueOf(runs: readonly PlannedRun[]): QueuedRun[] {
  return runs.map(({ name, varied }) => ({
    name,
    varied,
    runId: null,
    standing: { kind: 'waiting' },
    tookMs: 0,
    tries: { count: 0, savedStep: 0 },
  }));
}

/** The run to train now: one that was begun before any other; null where none is left. */
export function nextRun(queue: Queue): QueuedRun | null {
  return (
    queue.find(({ standing }) => standing.kind === 'at work') ??
    queue.find(({ standing }) => standing.kind === 'waiting') ??
    null
  );
}

/**
 * A run begins, or is resumed.
 * @param savedStep Of its newest checkpoint. A run that began too often without getting further has failed.
 */
export function begun(queue: Queue, name: string, { savedStep }: { savedStep: number }): QueuedRun[] {
  return changed(queue, name, (run) => {
    const count = savedStep > run.tries.savedStep ? 1 : run.tries.count + 1;
    if (count > mostTries) {
      const words = `It ended without a word ${mostTries} times at step ${savedStep}, as for want of memory.`;
      return { ...run, standing: { kind: 'failed', words }, tries: { count: 0, savedStep } };
    }
    return { ...run, standing: { kind: 'at work' }, tries: { count, savedStep } };
  });
}

/** The run that stands for it is known now. */
export function named(queue: Queue, name: string, runId: string): QueuedRun[] {
  return changed(queue, name, (run) => ({ ...run, runId }));
}

/** A run has come to its end, or waits again since a person stopped it. */
export function ended(queue: Queue, name: string, standing: Standing, tookMs: number): QueuedRun[] {
  return changed(queue, name, (run) => ({
    ...run,
    standing,
    tookMs: run.tookMs + tookMs,
    tries: { ...run.tries, count: 0 },
  }));
}

/**
 * A run that failed is tried again, after those that wait: from its checkpoint, or as another run where none is whole.
 */
export function again(queue: Queue, name: string): QueuedRun[] {
  const run = queue.find((one) => one.name === name);
  if (run?.standing.kind !== 'failed') return [...queue];
  const waiting: QueuedRun = {
    ...run,
    runId: run.standing.beginsAgain ? null : run.runId,
    standing: { kind: 'waiting' },
    tries: { count: 0, savedStep: 0 },
  };
  return [...queue.filter((one) => one.name !== name), waiting];
}

/** Leaves out a run that has not begun, or failed. */
export function without(queue: Queue, name: string): QueuedRun[] {
  return queue.filter(
    (run) => run.name !== name || (run.standing.kind !== 'waiting' && run.standing.kind !== 'failed'),
  );
}

/** Moves a waiting run by so many places among the waiting ones; as far as it goes. */
export function moved(queue: Queue, name: string, by: number): QueuedRun[] {
  const places = queue.flatMap(({ standing }, index) => (standing.kind === 'waiting' ? [index] : []));
  const waiting = places.map((index) => queue[index]!);
  const from = waiting.findIndex((run) => run.name === name);
  if (from < 0) return [...queue];
  const to = Math.min(waiting.length - 1, Math.max(0, from + by));
  const [run] = waiting.splice(from, 1);
  waiting.splice(to, 0, run!);
  const next = [...queue];
  places.forEach((index, order) => (next[index] = waiting[order]!));
  return next;
}

export interface QueueCounts {
  total: number;
  waiting: number;
  atWork: number;
  ended: number;
  failed: number;
}

export function countsOf(queue: Queue): QueueCounts {
  const of = (kind: Standing['kind']): number =>
    queue.filter(({ standing }) => standing.kind === kind).length;
  return {
    total: queue.length,
    waiting: of('waiting'),
    atWork: of('at work'),
    ended: of('ended'),
    failed: of('failed'),
  };
}

/**
 * Time that is left, by what the runs that have ended took; null before the first has.
 * @param share How much of the run at work is done, from 0 to 1.
 */
export function leftMs(queue: Queue, share: number): number | null {
  const took = queue.flatMap(({ standing, tookMs }) => (standing.kind === 'ended' ? [tookMs] : []));
  if (took.length === 0) return null;
  const { waiting, atWork } = countsOf(queue);
  const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
  return mean * (waiting + (atWork > 0 ? 1 - share : 0));
}

/** What has ended, as the terminal's results have it, in the order of the plan. */
export function resultsOf(queue: Queue, plan: readonly PlannedRun[]): Result[] {
  const byName = new Map(queue.map((run) => [run.name, run]));
  return plan.flatMap(({ name, varied }) => {
    const standing = byName.get(name)?.standing;
    return standing?.kind === 'ended' ? [{ varied, accuracy: standing.accuracy, run: name }] : [];
  });
}

function changed(queue: Queue, name: string, change: (run: QueuedRun) => QueuedRun): QueuedRun[] {
  return queue.map((run) => (run.name === name ? change(run) : run));
}
