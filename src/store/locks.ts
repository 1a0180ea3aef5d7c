/**
 * Who is at work on what, over all tabs: Web Locks, which the browser lets go when their holder ends, however it ends.
 * A run's lock is held by the one worker that is at work on it, so that two tabs never train the same run, and a run
 * that nobody holds is known for interrupted at once. A dataset's is held from reading it until it is written again.
 */
import { EngineError } from '../base/errors.ts';
import { heldUnder, holderOf, locksOf, type Holder } from './holders.ts';

const runPrefix = 'stillroom-run-';
const experimentPrefix = 'stillroom-experiment-';
/** How long another tab that is about to close may take to let go. */
const patienceMs = 5000;
/** How long a worker whose page has gone may take to come to the end of its step. */
const lastStepMs = 60_000;

/**
 * Holds a run until the returned function is called.
 * @param signal Gives up waiting for whoever holds it now.
 * @throws EngineError where another holds it; the signal's reason.
 */
export function holdRun(runId: string, signal?: AbortSignal): Promise<() => void> {
  return hold(runPrefix + runId, 'This run', signal);
}

/**
 * Holds an experiment, whose runs one tab trains, until the returned function is called.
 * @throws EngineError where another holds it.
 */
export function holdExperiment(id: string): Promise<() => void> {
  return hold(experimentPrefix + id, 'This experiment');
}

/**
 * Holds a teacher of a dataset, which one tab at a time asks, until the returned function is called.
 * @throws EngineError where another holds it.
 */
export function holdTeacher(datasetId: string, teacherId: string): Promise<() => void> {
  return hold(`stillroom-teacher-${datasetId} ${teacherId}`, 'This teacher');
}

/** @param what As `heldError` has it. */
async function hold(name: string, what: string, signal?: AbortSignal): Promise<() => void> {
  const locks = locksOf();
  if (locks === null) return () => undefined;
  const given = new AbortController();
  const held = new Promise<() => void>((resolve, reject) => {
    const ended = signal === undefined ? given.signal : AbortSignal.any([given.signal, signal]);
    locks
      .request(name, { signal: ended }, () => new Promise<void>((release) => resolve(() => release())))
      .catch(reject);
  });
  const patience = setTimeout(() => void impatient(), patienceMs);
  let lastStep: ReturnType<typeof setTimeout> | undefined;
  const impatient = async (): Promise<void> => {
    const holder = (await holderOf(name)) ?? 'unsure';
    if (holder === 'unsure') lastStep = setTimeout(() => given.abort(heldError(what, holder)), lastStepMs);
    else given.abort(heldError(what, holder));
  };
  try {
    return await held;
  } finally {
    clearTimeout(patience);
    clearTimeout(lastStep);
  }
}

/** Why something that is held cannot be worked on. @param what Begins the sentence: `This run`. */
export function heldError(what: string, holder: Holder): EngineError {
  switch (holder) {
    case 'another tab':
      return new EngineError(`${what} is at work in another tab.`, 'Do it there, or close that tab first.');
    case 'here':
      return new EngineError(`${what} is at work in this tab.`, 'Wait for its end, or stop it.');
    case 'unsure':
      return new EngineError(
        `It is not known yet whether t${what.slice(1)} is still at work.`,
        'Try again in a moment; if no tab of the studio has it, restart the browser.',
      );
    default:
      return holder satisfies never;
  }
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

/** The runs that are held, and by whom; null where this browser cannot tell. */
export function heldRuns(): Promise<ReadonlyMap<string, Holder> | null> {
  return heldUnder(runPrefix);
}

/** As `heldRuns`, of experiments. */
export function heldExperiments(): Promise<ReadonlyMap<string, Holder> | null> {
  return heldUnder(experimentPrefix);
}

/** What more than one tab may change: a dataset's files, a student's folder. */
export type SharedThing = 'dataset' | 'student';

/**
 * Holds a dataset or a student for as long as `work` takes, after whoever holds it now, in this tab or another: each
 * reads the record, takes its time, and writes the record again. Where both are held, the dataset comes first.
 * @param waiting Told who else holds it, before it is waited for.
 */
export async function holding<Result>(
  thing: SharedThing,
  id: string,
  work: () => Promise<Result>,
  waiting: (holder: Holder) => void = () => undefined,
): Promise<Result> {
  const locks = locksOf();
  if (locks === null) return work();
  const name = `stillroom-${thing}-${id}`;
  const holder = await holderOf(name);
  if (holder !== null) waiting(holder);
  // The type of `request` leaves promises wrapped.
  return await locks.request(name, work);
}
