/** `headless sweep`: every combination of a spec, trained side by side, its results a line a run. */
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { EngineError, InputError, NoRoomError } from '../base/errors.ts';
import { formatBytes, formatCount, formatDuration, formatPercent } from '../base/units.ts';
import { checkTrainable } from '../distill/tasks.ts';
import {
  parseSpec,
  plannedRuns,
  valuesOf,
  type PlannedRun,
  type Spec,
  type SpecPaths,
} from '../experiment/spec.ts';
import { sweep as trainAll } from '../jobs/sweep.ts';
import { readOptions, wholeNumber } from './arguments.ts';
import { onEnding } from './ending.ts';
import { readText } from './files.ts';
import { isHubName } from './hub-student.ts';
import { ProgressLine } from './progress-line.ts';
import { withRunLock } from './run-lock.ts';
import { withProcesses } from './run-pool.ts';
import { estimateSweep, type Estimate } from './sweep-estimate.ts';
import { runWords, SweepFolder, type SweepIdentity } from './sweep-folder.ts';
import { sweepWorker, type Accuracy, type SweepRun } from './sweep-worker.ts';
import {
  digestsOf,
  inputPaths,
  openInputs,
  sayWhatWasRead,
  type FileOptions,
  type TrainInputs,
} from './train-inputs.ts';

export async function sweep(args: string[]): Promise<void> {
  if (args[0] === 'worker') await sweepWorker();
  const options = readOptions('sweep', args, {
    spec: { type: 'string' },
    out: { type: 'string' },
    jobs: { type: 'string' },
    report: { type: 'boolean', default: false },
    'from-start': { type: 'boolean', default: false },
  });
  if (options.spec === undefined) {
    throw new InputError('sweep needs a spec.', 'Name it with --spec sweep.json.');
  }
  if (options.out === undefined || options.out === '') {
    throw new InputError('sweep needs a folder for its results.', 'Name it with --out DIR.');
  }
  const processes = wholeNumber('jobs', options.jobs) ?? availableParallelism();
  const spec = parseSpec(await readText(options.spec), options.spec);
  const runs = plannedRuns(spec, options.spec);
  const place = dirname(options.spec);
  const folder = new SweepFolder(options.out);
  const files = runs.flatMap((run) => inputPaths(filesOf(spec, run, place)).map(([, path]) => path));
  await folder.checkInputs([...new Set([options.spec, ...files])]);
  const read = await openAll(spec, runs, place);
  const identity = await identityOf(spec, read);
  await withRunLock(options.out, async () => {
    await folder.open(identity);
    const missing = runs.filter((run) => !folder.has(run));
    if (options.report) {
      console.log(`${runs.length - missing.length} of ${runs.length} runs are there.`);
    } else {
      await folder.begin(identity);
      const fromStart = options['from-start'];
      const isStopped = await trainMissing(missing, {
        runs,
        spec,
        place,
        read,
        folder,
        processes,
        fromStart,
      });
      if (isStopped) return;
    }
    for (const line of await folder.writeTables(spec, runs)) console.log(line);
    console.log(`Results and tables are in ${folder.path}.`);
  });
}

/** By student, as the spec names it ('' is the bundled one). */
type AllInputs = ReadonlyMap<string, TrainInputs>;

/** Everything that any run reads, so that what is missing is found before the first one. */
async function openAll(spec: Spec, runs: readonly PlannedRun[], place: string): Promise<AllInputs> {
  const inputs = new Map<string, TrainInputs>();
  for (const run of runs) {
    const id = run.student ?? '';
    const known = inputs.get(id);
    inputs.set(id, known ?? (await openInputs(filesOf(spec, run, place), run.recipe)));
    checkTrainable(run.recipe, inputs.get(id)!.train.examples);
  }
  const [first] = inputs.values();
  if ((first?.test?.examples ?? []).length === 0) {
    throw new InputError(
      'There are no test rows, and a sweep compares runs by their accuracy on them.',
      'Name a file of them as "test" in the spec.',
    );
  }
  if (first !== undefined) sayWhatWasRead(first);
  return inputs;
}

/** Paths in a spec are meant from where the spec is. */
export function filesOf(spec: Spec, { student }: PlannedRun, place: string): FileOptions {
  const one = (given: string): string => (isHubName(given) ? given : resolve(place, given));
  const path = (given: SpecPaths | null): string[] | undefined =>
    given === null ? undefined : (typeof given === 'string' ? [given] : given).map(one);
  return {
    student: student === null ? undefined : one(student),
    ...(spec.metric === undefined ? {} : { metric: spec.metric }),
    ...(spec.completions === undefined ? {} : { completions: spec.completions }),
    train: path(spec.train),
    'train-rationales': path(spec.trainRationales),
    test: path(spec.test),
    'test-rationales': path(spec.testRationales),
    validation: path(spec.validation),
    'validation-rationales': path(spec.validationRationales),
  };
}

async function identityOf(spec: Spec, read: AllInputs): Promise<SweepIdentity> {
  const digests = new Map<string, Awaited<ReturnType<typeof digestsOf>>>();
  for (const [student, inputs] of read) digests.set(student, await digestsOf(inputs, null));
  const [first] = digests.values();
  return {
    train: first!.rowsSha256,
    test: first!.test!,
    ...(first!.validation === undefined ? {} : { validation: first!.validation }),
    students: Object.fromEntries([...digests].map(([name, { student }]) => [name, student])),
    recipe: { ...spec.recipe },
    ...(spec.metric === undefined ? {} : { metric: spec.metric }),
    vary: Object.fromEntries(valuesOf(spec)),
  };
}

interface Sweep {
  runs: readonly PlannedRun[];
  spec: Spec;
  place: string;
  read: AllInputs;
  folder: SweepFolder;
  processes: number;
  fromStart: boolean;
}

/** True where it was stopped. @throws EngineError where runs failed. */
async function trainMissing(missing: readonly PlannedRun[], sweep: Sweep): Promise<boolean> {
  const { runs, spec, place, read, folder, fromStart } = sweep;
  const there = runs.length - missing.length;
  const some = there === 0 ? '' : `, ${formatCount(there)} of them there already`;
  console.log(`${formatCount(runs.length)} runs${some}.`);
  if (missing.length === 0) return false;
  const processes = Math.min(sweep.processes, missing.length);
  const stop = new AbortController();
  const progress = new ProgressLine(process.stdout);
  const stopListening = listen(stop, progress);
  try {
    const estimate = await estimateSweep(
      missing,
      (run) => read.get(run.student ?? '')!,
      processes,
      stop.signal,
    );
    if (estimate === null) return true;
    await sayWhatItTakes(estimate, missing.length, processes, folder.path);
    const end = await withProcesses<SweepRun, Accuracy, Awaited<ReturnType<typeof trainAll>>>(
      { args: ['sweep', 'worker'], processes, signal: stop.signal },
      (lanes) =>
        trainAll<PlannedRun, Accuracy>({
          runs: missing,
          lanes: lanes.map((lane) => (run, tell) => {
            const { recipe, fraction, name } = run;
            const files = filesOf(spec, run, place);
            // Fetched by now: no process asks the hub again, nor gets another commit.
            if (run.student !== null && isHubName(run.student))
              files.student = read.get(run.student)!.student.name;
            return lane({ files, recipe, fraction, out: join(folder.path, name), fromStart }, tell);
          }),
          costOf: (run) => estimate.runMs.get(run)!,
          keep: ({ varied, name }, accuracy) => folder.add({ varied, accuracy, run: name }),
          tell: (told) => {
            const left = told.leftMs === null ? '' : `, ${formatDuration(told.leftMs)} left`;
            const where = `${told.done} of ${told.total}${left}`;
            if (told.kind === 'under way') {
              progress.show(where);
              return;
            }
            const { run, end } = told;
            if (end.kind === 'failed') {
              progress.say(`${where} · ${runWords(run)}: it failed.`);
              console.error(`${runWords(run)}: ${end.error.message}`);
              return;
            }
            const { correct, total } = end.outcome.distilled;
            progress.say(`${where} · ${runWords(run)}: ${formatPercent(correct / total)}`);
          },
          signal: stop.signal,
        }),
    );
    if (end.failed > 0) {
      throw new EngineError(
        `${end.failed} of ${missing.length} runs failed; the lines above say why.`,
        'What has ended is kept; the same command tries the others again.',
      );
    }
    return end.stopped;
  } finally {
    stopListening();
  }
}

/** Ends the work at once where somebody asks: what has ended is kept. */
function listen(stop: AbortController, progress: ProgressLine): () => void {
  const end = (): void => {
    if (stop.signal.aborted) return;
    progress.say('Stopping. Every run that has ended is kept; the same command resumes the sweep.');
    stop.abort();
  };
  const onInterrupt = (): void => {
    process.exitCode = 130;
    end();
  };
  process.once('SIGINT', onInterrupt);
  const stopListening = onEnding((ending) => {
    process.exitCode = ending.code;
    end();
  });
  return () => {
    process.off('SIGINT', onInterrupt);
    stopListening();
  };
}

/** @throws NoRoomError where the disk has less than that. */
async function sayWhatItTakes(
  { totalMs, diskBytes }: Estimate,
  count: number,
  processes: number,
  out: string,
): Promise<void> {
  const side = processes === 1 ? 'one after the other' : `${processes} at a time`;
  const which = count === 1 ? '1 run' : `${formatCount(count)} runs, ${side}`;
  console.log(
    `To train: ${which}: about ${formatDuration(totalMs)} by measured steps, and ${formatBytes(diskBytes)} in ${out}.`,
  );
  const free = await freeBytes(out);
  if (free !== null && free < diskBytes) {
    throw new NoRoomError(
      `The sweep takes about ${formatBytes(diskBytes)}, and the disk of ${out} has ${formatBytes(free)} left.`,
      'Free some space, shorten the lists of the spec, or choose another --out.',
    );
  }
}

/** Null where the system does not say. */
async function freeBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
