/**
 * Many runs, one after the other or several side by side. Where a run is trained, and where its result is kept, is the
 * caller's: the terminal has processes and a file.
 */
import type { ErrorReport } from '../base/errors.ts';

export type RunEnd<Outcome> = { kind: 'ended'; outcome: Outcome } | { kind: 'failed'; error: ErrorReport };

/**
 * Trains one run at a time; null where it was stopped.
 * @param tell How much of the run is done, from 0 to 1.
 */
export type Lane<Run, Outcome> = (run: Run, tell: (share: number) => void) => Promise<RunEnd<Outcome> | null>;

export interface SweepJob<Run, Outcome> {
  /** In the order in which they begin. */
  runs: readonly Run[];
  lanes: readonly Lane<Run, Outcome>[];
  /** What a run takes: milliseconds, or any measure that is the same for all. */
  costOf: (run: Run) => number;
  /** A run has ended: its result is kept before anything is told. */
  keep: (run: Run, outcome: Outcome) => Promise<void> | void;
  tell: (told: Told<Run, Outcome>) => void;
  /** No further run begins. What the lanes are working on is theirs to stop. */
  signal: AbortSignal;
  /** Milliseconds from any moment on. */
  now?: () => number;
}

export interface SweepProgress {
  /** Runs that have ended or failed, of all. */
  done: number;
  total: number;
  /**
   * By what the runs took since each lane first told of its work: what comes before (a process that starts, rows that
   * are read) comes once, and says nothing of what is left. Null until there is more to go by.
   */
  leftMs: number | null;
}

export type Told<Run, Outcome> = SweepProgress &
  ({ kind: 'run'; run: Run; end: RunEnd<Outcome> } | { kind: 'under way' });

export interface SweepEnd {
  ended: number;
  failed: number;
  stopped: boolean;
}

/** @throws What a lane or `keep` throws: an end of the sweep, not of one run. */
export async function sweep<Run, Outcome>(job: SweepJob<Run, Outcome>): Promise<SweepEnd> {
  const { runs, lanes, costOf, keep, tell, signal } = job;
  const now = job.now ?? (() => performance.now());
  let since = { at: now(), done: 0 };
  const total = runs.reduce((sum, run) => sum + costOf(run), 0);
  const shares = new Map<Run, number>();
  const counts = { ended: 0, failed: 0 };
  const workDone = (): number => {
    let done = 0;
    for (const [run, share] of shares) done += share * costOf(run);
    return done;
  };
  const progress = (): SweepProgress => {
    const done = workDone();
    const [ms, work] = [now() - since.at, done - since.done];
    return {
      done: counts.ended + counts.failed,
      total: runs.length,
      leftMs: work <= 0 ? null : (ms * (total - done)) / work,
    };
  };
  let begun = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      let hasTold = false;
      while (begun < runs.length && !signal.aborted) {
        const run = runs[begun]!;
        begun += 1;
        const end = await lane(run, (share) => {
          shares.set(run, share);
          if (!hasTold) [hasTold, since] = [true, { at: now(), done: workDone() }];
          tell({ kind: 'under way', ...progress() });
        });
        if (end === null) return;
        if (end.kind === 'ended') await keep(run, end.outcome);
        counts[end.kind] += 1;
        shares.set(run, 1);
        tell({ kind: 'run', run, end, ...progress() });
      }
    }),
  );
  return { ...counts, stopped: signal.aborted };
}
