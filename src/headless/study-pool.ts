/** Processes that train side by side, each on one thread. */
import { fork, type ChildProcess } from 'node:child_process';
import { EngineError } from '../base/errors.ts';
import type { FromWorker, Job } from './study-worker.ts';

/**
 * Gives the jobs out in order, to as many processes as are asked for, and says what came of each as it ends. Aborting
 * ends the processes at once: what they had in hand is lost, what was told is not.
 * @throws EngineError where a process ends by itself.
 */
export async function runJobs(
  jobs: readonly Job[],
  options: {
    processes: number;
    testRows: number;
    signal: AbortSignal;
    onEnd: (job: Job, said: FromWorker) => void;
  },
): Promise<void> {
  const waiting = [...jobs];
  const count = Math.min(options.processes, jobs.length);
  const children = Array.from({ length: count }, () =>
    fork(process.argv[1]!, ['study', 'worker', String(options.testRows)], { stdio: ['ignore', 2, 2, 'ipc'] }),
  );
  const endAll = () => children.forEach((child) => child.kill('SIGKILL'));
  options.signal.addEventListener('abort', endAll, { once: true });
  try {
    await Promise.all(
      children.map(async (child) => {
        for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
          if (options.signal.aborted) return;
          const said = await ask(child, job, options.signal);
          if (said === null) return;
          options.onEnd(job, said);
        }
      }),
    );
  } finally {
    endAll();
    options.signal.removeEventListener('abort', endAll);
  }
}

/** A job's answer; null where the study was stopped meanwhile. */
function ask(child: ChildProcess, job: Job, signal: AbortSignal): Promise<FromWorker | null> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, by: string | null) => {
      child.off('message', onMessage);
      if (signal.aborted) {
        resolve(null);
        return;
      }
      reject(
        new EngineError(
          `A process that trains ended by itself (${by ?? `code ${code ?? 0}`}).`,
          'Run the study again: it goes on where it was; --jobs 1 needs the least memory.',
        ),
      );
    };
    const onMessage = (said: FromWorker) => {
      child.off('exit', onExit);
      resolve(said);
    };
    child.once('exit', onExit);
    child.once('message', onMessage);
    child.send(job);
  });
}
