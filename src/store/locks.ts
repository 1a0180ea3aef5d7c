/**
 * Who is at work on what, over all tabs: Web Locks, which the browser lets go when their holder ends, however it ends.
 * A run's lock is held by the one worker that is at work on it, so that two tabs never train the same run, and a run
 * that nobody holds is known for interrupted at once. A dataset's is held from reading it until it is written again.
 */
import { EngineError } from '../base/errors.ts';

const runPrefix = 'stillroom-run-';
const experimentPrefix = 'stillroom-experiment-';
/** How long a tab that was just closed or reloaded may take to let go of its run. */
const patienceMs = 5000;

/**
 * Holds a run until the returned function is called.
 * @throws EngineError where another tab holds it.
 */
export function holdRun(runId: string): Promise<() => void> {
  return hold(runPrefix + runId, 'This run is at work in another tab.');
}

/**
 * Holds an experiment, whose runs one tab trains, until the returned function is called.
 * @throws EngineError where another tab holds it.
 */
export function holdExperiment(id: string): Promise<() => void> {
  return hold(experimentPrefix + id, 'This experiment is at work in another tab.');
}

/**
 * Holds a teacher of a dataset, which one tab at a time asks, until the returned function is called.
 * @throws EngineError where another tab holds it.
 */
export function holdTeacher(datasetId: string, teacherId: string): Promise<() => void> {
  return hold(`stillroom-teacher-${datasetId} ${teacherId}`, 'This teacher is asked by another tab.');
}

async function hold(name: string, problem: string): Promise<() => void> {
  const locks = locksOf();
  if (locks === null) return () => undefined;
  return new Promise((resolve, reject) => {
    locks
      .request(
        name,
        { signal: AbortSignal.timeout(patienceMs) },
        () => new Promise<void>((release) => resolve(() => release())),
      )
      .catch(() => reject(new EngineError(problem, 'Do it there, or close that tab first.')));
  });
}

/** As `holdRun`, for as long as `work` takes. */
export async function withRun<Result>(runId: string, work: () => Promise<Result>): Promise<Result> {
  const letGo = await holdRun(runId);
  try {
    return await work();
  } finally {
    letGo();
  }
}

/** Ids of the runs that some tab holds; null where this browser cannot tell. */
export function heldRuns(): Promise<ReadonlySet<string> | null> {
  return heldUnder(runPrefix);
}

/** As `heldRuns`, of experiments. */
export function heldExperiments(): Promise<ReadonlySet<string> | null> {
  return heldUnder(experimentPrefix);
}

async function heldUnder(prefix: string): Promise<ReadonlySet<string> | null> {
  const locks = locksOf();
  if (locks === null) return null;
  const { held = [] } = await locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}

/** What more than one tab may change: a dataset's files, a student's folder. */
export type SharedThing = 'dataset' | 'student';

/**
 * Holds a dataset or a student for as long as `work` takes, after whoever holds it now, in this tab or another: each
 * reads the record, takes its time, and writes the record again. Where both are held, the dataset comes first.
 * @param waiting Told where somebody else holds it, before it is waited for.
 */
export async function holding<Result>(
  thing: SharedThing,
  id: string,
  work: () => Promise<Result>,
  waiting: () => void = () => undefined,
): Promise<Result> {
  const locks = locksOf();
  if (locks === null) return work();
  const name = `stillroom-${thing}-${id}`;
  const { held = [] } = await locks.query();
  if (held.some((lock) => lock.name === name)) waiting();
  // The type of `request` leaves promises wrapped.
  return await locks.request(name, work);
}

/** Only secure pages have them. */
export function locksOf(): LockManager | null {
  return (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks ?? null;
}
