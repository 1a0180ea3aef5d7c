/** A process of the study's own that trains one run after the other, on one thread, as its parent says. */
import type { Example } from '../data/example.ts';
import type { Engine } from '../engine/engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { countParameters } from '../student/parameters.ts';
import { recipeOf, type Run, type TaskName } from '../study/design.ts';
import { runEntry, type BaseEntry, type Entry } from '../study/ledger.ts';
import { askBase, trainRun } from '../study/train-run.ts';
import { serveJobs } from './run-pool.ts';
import { openTask, type OpenTask } from './study-tasks.ts';

/** What a worker is asked for. */
export type Job = { kind: 'run'; run: Run } | { kind: 'base'; task: TaskName };

/** Works until the parent lets go. */
export function studyWorker(testRows: number): Promise<never> {
  const tasks = new Map<TaskName, OpenTask>();
  return serveJobs(async (sent): Promise<Entry> => {
    const job = sent as Job;
    const name = job.kind === 'run' ? job.run.task : job.task;
    const task = tasks.get(name) ?? (await openTask(name, testRows));
    tasks.set(name, task);
    const engine = await createWasmEngine(task.student, {
      threads: 1,
      startThread: startNodeThread,
      reason: 'The study trains each run on one thread.',
    });
    try {
      return job.kind === 'run' ? await train(engine, task, job.run) : await measureBase(engine, task);
    } finally {
      engine.dispose();
    }
  });
}

async function train(engine: Engine, task: OpenTask, run: Run): Promise<Entry> {
  return runEntry(run, await trainRun(engine, task, run), task.fingerprint);
}

async function measureBase(engine: Engine, task: OpenTask): Promise<BaseEntry> {
  const { name, student, train, test, isRight, fingerprint } = task;
  // Of the recipe, only the limits of lengths matter here.
  const recipe = recipeOf({
    task: name,
    method: 'standard',
    labels: 'gold',
    rows: 1,
    alpha: null,
    steps: 1,
    seed: 0,
  });
  const taught = (rows: readonly Example[]) => ({
    correct: rows.filter(({ teacherLabel, label }) => isRight(teacherLabel ?? '', label)).length,
    total: rows.length,
  });
  return {
    kind: 'base',
    task: name,
    ...(await askBase(engine, task, recipe)),
    teacherTest: taught(test),
    teacherTrain: taught(train),
    parameters: countParameters(student.config),
    pieces: student.config.vocab_size,
    fingerprint,
  };
}
