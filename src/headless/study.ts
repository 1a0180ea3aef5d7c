/** `npm run study`: both methods on the bundled sample, over sizes, labels, alphas and seeds; written up as docs/study.md. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { formatDuration, formatPercent } from '../base/units.ts';
import { plannedRuns, quickScale, runId, wholeScale, type Run, type TaskName } from '../study/design.ts';
import { entryId, formatEntry, isCurrent, parseEntries, type Entry } from '../study/ledger.ts';
import { writeReport } from '../study/report.ts';
import { sweep, type SweepEnd } from '../jobs/sweep.ts';
import { readOptions, wholeNumber } from './arguments.ts';
import { onEnding } from './ending.ts';
import { appendOutput, readText, writeOutput } from './files.ts';
import { withProcesses } from './run-pool.ts';
import { hasTask, openTask, projectFolder } from './study-tasks.ts';
import { studyWorker, type Job } from './study-worker.ts';

const taskNames = ['sample', 'svamp'] as const satisfies readonly TaskName[];

export async function study(args: string[]): Promise<void> {
  if (args[0] === 'worker') await studyWorker(Number(args[1]));
  const options = readOptions('study', args, {
    quick: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    out: { type: 'string' },
    work: { type: 'string' },
  });
  const processes = wholeNumber('jobs', options.jobs) ?? availableParallelism();
  const scale = options.quick ? quickScale : wholeScale;
  const build = join(projectFolder(), 'build', options.quick ? 'study-quick' : 'study');
  const work = options.work ?? build;
  const out = options.out ?? (options.quick ? join(build, 'docs') : join(projectFolder(), 'docs'));
  const workFile = join(work, 'results.jsonl');
  const publishedFile = join(out, 'study', 'results.jsonl');

  const present = taskNames.filter(hasTask);
  const fingerprints = new Map<TaskName, string>();
  for (const name of present) fingerprints.set(name, (await openTask(name, scale.testRows)).fingerprint);
  if (!present.includes('svamp')) {
    console.log('SVAMP is not measured here: ../shared/data/svamp, beside the project, is not there.');
  }
  const entries = await readEntries([publishedFile, workFile], fingerprints);
  const runs = plannedRuns(scale);
  const jobs: Job[] = [
    ...taskNames.map((task): Job => ({ kind: 'base', task })),
    ...runs.map((run): Job => ({ kind: 'run', run })),
  ].filter((job) => !entries.has(jobId(job)) && present.includes(taskOf(job)));

  console.log(
    `${runs.length} runs, ${runs.filter((run) => entries.has(runId(run))).length} of them there already.`,
  );
  if (!options.report) {
    const isStopped = await measure(jobs, { processes, testRows: scale.testRows, entries, workFile });
    if (isStopped) return;
  }
  const sorted = inOrder(entries, runs);
  await writeOutput(publishedFile, sorted.map(formatEntry).join(''));
  for (const { path, text } of writeReport(entries, scale)) {
    await writeOutput(join(out, path), text);
    console.log(`Written: ${join(out, path)}`);
  }
}

/** What is published: bases first, then the study's runs in its own order; others are left in the work file. */
function inOrder(entries: ReadonlyMap<string, Entry>, runs: readonly Run[]): Entry[] {
  const names = [...taskNames.map((task) => `${task}, base`), ...runs.map(runId)];
  return names.flatMap((name) => entries.get(name) ?? []);
}

function jobId(job: Job): string {
  return job.kind === 'run' ? runId(job.run) : `${job.task}, base`;
}

function taskOf(job: Job): TaskName {
  return job.kind === 'run' ? job.run.task : job.task;
}

/** What the files hold that is still true, by name. */
async function readEntries(
  files: readonly string[],
  fingerprints: ReadonlyMap<TaskName, string>,
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let outdated = 0;
  for (const file of files) {
    if (!existsSync(file)) continue;
    for (const entry of parseEntries(await readText(file), file)) {
      if (isCurrent(entry, fingerprints.get(entry.task) ?? null)) entries.set(entryId(entry), entry);
      else outdated += 1;
    }
  }
  if (outdated > 0) {
    console.log(`${outdated} results are of other files or another recipe and do not count.`);
  }
  return entries;
}

/** Trains what is missing. True where it was stopped. */
async function measure(
  jobs: readonly Job[],
  options: { processes: number; testRows: number; entries: Map<string, Entry>; workFile: string },
): Promise<boolean> {
  if (jobs.length === 0) return false;
  const { entries, workFile } = options;
  await endWithWholeLine(workFile);
  const stop = new AbortController();
  const onInterrupt = () => {
    console.log('Stopping. Every run that has ended is kept; call the study again to continue.');
    stop.abort();
  };
  process.once('SIGINT', onInterrupt);
  const stopListening = onEnding((ending) => {
    onInterrupt();
    process.exitCode = ending.code;
  });
  const processes = Math.min(options.processes, jobs.length);
  const args = ['study', 'worker', String(options.testRows)];
  let end: SweepEnd;
  try {
    end = await withProcesses<Job, Entry, SweepEnd>({ args, processes, signal: stop.signal }, (lanes) =>
      sweep<Job, Entry>({
        runs: jobs,
        lanes,
        costOf,
        keep: (_, entry) => {
          entries.set(entryId(entry), entry);
          appendOutput(workFile, formatEntry(entry));
        },
        tell: (told) => {
          if (told.kind !== 'run') return;
          const { run: job, end } = told;
          const left = told.leftMs === null ? '' : `, ${formatDuration(told.leftMs)} left`;
          const place = `${told.done} of ${told.total}${left} · ${jobId(job)}`;
          if (end.kind === 'failed') console.error(`${place}: ${end.error.message}`);
          else console.log(`${place}: ${formatPercent(end.outcome.correct / end.outcome.total)}`);
        },
        signal: stop.signal,
      }),
    );
  } finally {
    process.off('SIGINT', onInterrupt);
    stopListening();
  }
  if (end.failed > 0) {
    throw new EngineError(
      `${end.failed} runs failed; the lines above say why.`,
      'What has ended is kept; call the study again to try the others once more.',
    );
  }
  return end.stopped;
}

/** Makes a file that can be appended to: a last line that was cut short would spoil the next one. */
async function endWithWholeLine(file: string): Promise<void> {
  const text = existsSync(file) ? await readText(file) : '';
  if (text === '' || !text.endsWith('\n')) await writeOutput(file, text.slice(0, text.lastIndexOf('\n') + 1));
}

/** What a job takes, beside others, by rough measure. */
function costOf(job: Job): number {
  if (job.kind === 'base') return 200;
  const { task, method, steps } = job.run;
  return (steps + 100) * (method === 'standard' ? 1 : 2.5) * (task === 'svamp' ? 3 : 1);
}
