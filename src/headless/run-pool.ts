/** Processes of this program that train side by side, each on one thread, one job at a time. */
import { fork, type ChildProcess } from 'node:child_process';
import { EngineError, reportError } from '../base/errors.ts';
import type { Lane, RunEnd } from '../jobs/sweep.ts';

/** What a process says of the job that it has. */
type FromProcess<Outcome> = RunEnd<Outcome> | { kind: 'under way'; share: number };

/**
 * Starts processes, lends them as lanes, and ends them when the work is over. Aborting ends them at once: what they
 * was working on is lost.
 * @param args The program's arguments for a process of the pool.
 */
export async function withProcesses<Job extends object, Outcome, T>(
  { args, processes, signal }: { args: readonly string[]; processes: number; signal: AbortSignal },
  work: (lanes: Lane<Job, Outcome>[]) => Promise<T>,
): Promise<T> {
  const children = Array.from({ length: processes }, () =>
    fork(process.argv[1]!, args, { stdio: ['ignore', 2, 2, 'ipc'] }),
  );
  // What it means for a job is told where the job waits; unheard, it would end this program.
  children.forEach((child) => child.on('error', () => undefined));
  const endAll = () => children.forEach((child) => child.kill('SIGKILL'));
  signal.addEventListener('abort', endAll, { once: true });
  if (signal.aborted) endAll();
  try {
    return await work(children.map((child) => (job, tell) => ask<Outcome>(child, job, tell, signal)));
  } finally {
    endAll();
    signal.removeEventListener('abort', endAll);
  }
}

/** @throws EngineError where the process ends by itself. */
function ask<Outcome>(
  child: ChildProcess,
  job: object,
  tell: (share: number) => void,
  signal: AbortSignal,
): Promise<RunEnd<Outcome> | null> {
  return new Promise((resolve, reject) => {
    const letGo = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onError);
    };
    const fail = (words: string) => {
      letGo();
      if (signal.aborted) resolve(null);
      else {
        const advice =
          'Run the same command again: it resumes where it was; --jobs 1 needs the least memory.';
        reject(new EngineError(words, advice));
      }
    };
    const onExit = (code: number | null, by: string | null) =>
      fail(`A process that trains ended by itself (${by ?? `code ${code ?? 0}`}).`);
    // No process can be started: one that never was has no end.
    const onError = (error: Error) => fail(`A process that trains cannot be used (${error.message}).`);
    const onMessage = (said: FromProcess<Outcome>) => {
      if (said.kind === 'under way') {
        tell(said.share);
        return;
      }
      letGo();
      resolve(said);
    };
    if (child.exitCode !== null || child.signalCode !== null) {
      onExit(child.exitCode, child.signalCode);
      return;
    }
    child.once('exit', onExit);
    child.once('error', onError);
    child.on('message', onMessage);
    // One that has just ended cannot be sent to, and tells of its end later. One that lives and cannot is of no use.
    child.send(job, (error) => {
      if (error !== null) child.kill('SIGKILL');
    });
  });
}

/** How often a process says how far it is. */
const tellEveryMs = 1000;

/** A process of the pool: does what its parent sends, until the parent lets go. @param train Knows what it is sent. */
export function serveJobs<Outcome>(
  train: (job: unknown, tell: (share: number) => void) => Promise<Outcome>,
): Promise<never> {
  // Ctrl+C reaches the whole group; the parent decides.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', () => process.exit(0));
  // A parent that is gone hears nothing: this process ends by `disconnect`.
  const say = (said: FromProcess<Outcome>) => process.send?.(said, undefined, undefined, () => undefined);
  const answer = async (job: unknown): Promise<RunEnd<Outcome>> => {
    let toldAt = performance.now();
    try {
      const outcome = await train(job, (share) => {
        if (performance.now() - toldAt < tellEveryMs) return;
        toldAt = performance.now();
        say({ kind: 'under way', share });
      });
      return { kind: 'ended', outcome };
    } catch (error) {
      return { kind: 'failed', error: reportError(error) };
    }
  };
  process.on('message', (job: unknown) => void answer(job).then(say));
  return new Promise(() => undefined);
}
