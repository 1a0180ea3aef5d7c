/** A process of a sweep: trains runs into their folders, on one thread each. */
import { EngineError, CheckpointError, InputError } from '../base/errors.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CompareResult } from '../distill/compare.ts';
import { Control } from '../distill/control.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { Engine, EngineStudent } from '../engine/engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { accuracySchema } from '../experiment/ledger.ts';
import { chooseRows, rowsOfFraction } from '../experiment/rows.ts';
import { trainRun } from '../jobs/train.ts';
import { engineStudent } from '../distill/engine-student.ts';
import { completionModes } from '../data/completions.ts';
import { parseMetric } from '../data/metrics/metrics.ts';
import { oneOf } from './arguments.ts';
import type { FoundCheckpoint } from './checkpoint-folder.ts';
import { readText } from './files.ts';
import {
  absolutePaths,
  formatJob,
  jobFileName,
  readJob,
  type JobDigests,
  type JobInputs,
} from './job-file.ts';
import { RunFolder } from './run-folder.ts';
import { withRunLock } from './run-lock.ts';
import { checkOut, holdsRun } from './run-place.ts';
import { serveJobs } from './run-pool.ts';
import { TerminalRun, type Progress } from './terminal-run.ts';
import { digestsOf, inputPaths, openInputs, type FileOptions, type TrainInputs } from './train-inputs.ts';

/** One run of a sweep, as a process is asked for it. */
export interface SweepRun {
  files: FileOptions;
  recipe: Recipe;
  fraction: number | null;
  /** The run's folder. */
  out: string;
  /** Begins again with step 1 where none of its checkpoints is whole. */
  fromStart: boolean;
}

export type Accuracy = CompareResult['accuracy'];

/** An engine as each process of a sweep has it. */
export function openOneThread(student: EngineStudent): Promise<Engine> {
  return createWasmEngine(student, {
    threads: 1,
    startThread: startNodeThread,
    reason: 'A sweep trains each run on one thread, several of them side by side.',
  });
}

export function sweepWorker(): Promise<never> {
  // Runs of one experiment read the same files.
  const opened = new Map<string, TrainInputs>();
  return serveJobs(async (job, tell): Promise<Accuracy> => {
    const run = job as SweepRun;
    const id = JSON.stringify(run.files);
    const inputs = opened.get(id) ?? (await openInputs(run.files, run.recipe));
    opened.set(id, inputs);
    await checkOut(run.out, inputPaths(run.files));
    return withRunLock(run.out, () => trainOne({ ...inputs, ...chosen(inputs, run) }, run, tell));
  });
}

/** The run's own recipe and rows. */
function chosen(
  { train }: TrainInputs,
  { recipe, fraction }: SweepRun,
): Pick<TrainInputs, 'recipe' | 'train'> {
  if (fraction === null) return { recipe, train };
  const rows = rowsOfFraction(fraction, train.examples.length);
  return { recipe, train: { ...train, examples: chooseRows(train.examples, { rows, seed: recipe.seed }) } };
}

async function trainOne(
  read: TrainInputs,
  { files, out, fromStart }: SweepRun,
  tell: (share: number) => void,
): Promise<Accuracy> {
  const { student, recipe, train } = read;
  const test = read.test?.examples ?? [];
  const validation = read.validation?.examples ?? [];
  const folder = new RunFolder(out, { ...read, trainRows: train.examples.length, dtype: 'f32' });
  const digests = await digestsOf(read, null);
  const left = await whatIsLeft(folder, digests, fromStart);
  if (left.kind === 'ended') return left.accuracy;
  const { from } = left;
  const progress: Progress = {
    say: () => undefined,
    step: ({ step }) => tell(step / (recipe.steps + 1)),
    state: () => undefined,
  };
  const run = new TerminalRun(folder, recipe, progress, {
    onEngine: async () => {
      if (from === null) await folder.begin(formatJob(inputsOf(files), digests));
    },
    onTrained: () => undefined,
  });
  const { comparison } = await trainRun({
    student,
    recipe,
    train: train.examples,
    test,
    validation,
    watched: [],
    sink: run,
    checkpoints: run,
    open: () => openOneThread(engineStudent(student, recipe)),
    request: { engine: 'wasm', backend: null },
    control: new Control(),
    from,
    policy: { comparesWhenStopped: false, waitsForRoom: false, keepsBest: recipe.take === 'best' },
  });
  // Its checkpoints stay: the next sweep compares it.
  if (comparison === null)
    throw new EngineError('The trained student could not be asked the test rows.', 'Run the sweep again.');
  await folder.finish(comparison);
  return comparison.accuracy;
}

type Left = { kind: 'to train'; from: FoundCheckpoint | null } | { kind: 'ended'; accuracy: Accuracy };

/**
 * What an earlier call left of this very run: its result, or the newest checkpoint, to which the folder is taken back; null
 * where it is to begin.
 * @throws CheckpointError where it has a curve, no whole checkpoint, and is not to begin again.
 */
async function whatIsLeft(folder: RunFolder, now: JobDigests, fromStart: boolean): Promise<Left> {
  const { path } = folder;
  if (!existsSync(join(path, jobFileName))) return { kind: 'to train', from: null };
  try {
    const { rowsSha256, digests } = await readJob(join(path, jobFileName));
    const { rowsSha256: rows, ...others } = now;
    if (rowsSha256 !== rows || JSON.stringify(digests) !== JSON.stringify(others))
      return { kind: 'to train', from: null };
    const accuracy = await resultIn(join(path, 'summary.json'));
    if (accuracy !== null) return { kind: 'ended', accuracy };
    const from = await folder.newestCheckpoint((words) => console.error(words));
    if (from !== null) await folder.resumeAt(from.state.step);
    return { kind: 'to train', from };
  } catch (error) {
    if (!(error instanceof InputError || error instanceof CheckpointError)) throw error;
    // A folder that was torn before its first step holds nothing to lose.
    if (fromStart || !(await holdsRun(path))) return { kind: 'to train', from: null };
    throw new CheckpointError(
      error.problem,
      'Nothing was removed. Put it back as it was, or begin this run again with step 1: the same command with --from-start.',
    );
  }
}

/** What a run ended with, where the sweep was ended before it kept that; null where it has not ended. */
async function resultIn(summary: string): Promise<Accuracy | null> {
  if (!existsSync(summary)) return null;
  try {
    const { accuracy } = JSON.parse(await readText(summary)) as { accuracy?: unknown };
    // As it is: the metrics beside what every result has are kept too.
    return accuracySchema.safeParse(accuracy).success ? (accuracy as Accuracy) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What `job.json` says of the run. */
function inputsOf(files: FileOptions): JobInputs {
  return {
    student: files.student ?? null,
    train: absolutePaths(files.train),
    trainRationales: absolutePaths(files['train-rationales']),
    test: absolutePaths(files.test),
    testRationales: absolutePaths(files['test-rationales']),
    validation: absolutePaths(files.validation),
    validationRationales: absolutePaths(files['validation-rationales']),
    ...(files.completions === undefined
      ? {}
      : { completions: oneOf('completions', files.completions, completionModes)! }),
    ...(files.metric === undefined ? {} : { metric: parseMetric(files.metric) }),
    engine: 'wasm',
    backend: null,
    testRows: null,
    precision: 'f32',
  };
}
