/** `headless train`: the studio's whole job, from files to a model folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount, formatDuration, formatPercent } from '../base/units.ts';
import { completionModes } from '../data/completions.ts';
import type { EngineStamp, Resumption } from '../distill/checkpoint.ts';
import type { Example, Tally } from '../data/example.ts';
import { parseMetric } from '../data/metrics/metrics.ts';
import type { CompareResult } from '../distill/compare.ts';
import { Control } from '../distill/control.ts';
import { engineStudent } from '../distill/engine-student.ts';
import {
  parseRunFile,
  smallRecipe,
  withBaseDtype,
  withLora,
  withSettings,
  type Recipe,
} from '../distill/recipe.ts';
import { baseDtypes } from '../student/lora/lora.ts';
import { choosesByMeasuring, chosenByTestWords, hasStalled } from '../distill/selection.ts';
import { engineChoices, type EngineRequest } from '../engine/choose.ts';
import { backendNames, type Engine, type EngineDescription, type EngineStudent } from '../engine/engine.ts';
import { checkRounding, type RoundingCheck } from '../jobs/rounding.ts';
import { trainRun, type TrainPolicy } from '../jobs/train.ts';
import { writtenFloats } from '../formats/safetensors-writer.ts';
import type { Student } from '../student/folder.ts';
import { namedGeneration } from '../student/own-generation.ts';
import { generationNames, oneOf, readOptions, trainOptions, wholeNumber } from './arguments.ts';
import type { FoundCheckpoint } from './checkpoint-folder.ts';
import { fileOptions } from './data-files.ts';
import { onEnding, type Ending } from './ending.ts';
import { readText } from './files.ts';
import { absolutePaths, formatJob, type JobInputs } from './job-file.ts';
import { withKept } from './kept-options.ts';
import { openEngine } from './machine.ts';
import { ProgressLine } from './progress-line.ts';
import { RunFolder } from './run-folder.ts';
import { openRunInputs } from './run-inputs.ts';
import { withRunLock } from './run-lock.ts';
import { checkOut, refuseEarlierRun } from './run-place.ts';
import { TerminalRun } from './terminal-run.ts';
import {
  digestsOf,
  inputPaths,
  openInputs,
  sayWhatWasRead,
  testRowsOf,
  type FileOptions,
  type TrainInputs,
  sayLostLabels,
} from './train-inputs.ts';

export async function train(args: string[]): Promise<void> {
  const typed = readOptions('train', args, trainOptions);
  const { recipe: given, data } =
    typed.recipe === undefined || typed.resume !== undefined
      ? { recipe: smallRecipe, data: null }
      : parseRunFile(await readText(typed.recipe), typed.recipe);
  const options = withKept(typed, data);
  if (options.resume !== undefined) {
    const [other] = Object.keys(options).filter((name) => !mayChange.includes(name));
    if (other !== undefined) {
      throw new InputError(
        `--${other} does not go with --resume: a run resumes as it began.`,
        `Leave it out, or train again without --resume.`,
      );
    }
    const from = options.resume;
    if (from === '')
      throw new InputError('--resume names no folder.', 'Name the folder of the run: --resume DIR.');
    // What is no folder is refused by what is read there.
    const fromStart = options['from-start'] === true;
    if (!existsSync(from)) return resume(from, options, fromStart);
    return withRunLock(from, () => resume(from, options, fromStart));
  }
  if (options['from-start'] === true)
    throw new InputError('--from-start goes with --resume alone.', 'Leave it out: a new run begins so.');
  const said: Omit<JobInputs, 'student'> = {
    train: absolutePaths(options.train),
    trainRationales: absolutePaths(options['train-rationales']),
    test: absolutePaths(options.test),
    testRationales: absolutePaths(options['test-rationales']),
    ...(options.validation === undefined
      ? {}
      : {
          validation: absolutePaths(options.validation),
          validationRationales: absolutePaths(options['validation-rationales']),
        }),
    ...readingInputs(options),
    engine: oneOf('engine', options.engine, engineChoices),
    backend: oneOf('backend', options.backend, backendNames),
    testRows: wholeNumber('test-rows', options['test-rows']),
    precision: oneOf('precision', options.precision, writtenFloats) ?? 'f32',
  };
  const rank = wholeNumber('lora', options.lora);
  const patience = wholeNumber('patience', options.patience);
  const baseDtype = oneOf('base-dtype', options['base-dtype'], baseDtypes);
  const adapted = rank === null ? given : withLora(given, rank);
  const recipe = withSettings(baseDtype === null ? adapted : withBaseDtype(adapted, baseDtype), {
    ...(patience === null ? {} : { patience }),
    ...(options.take === undefined ? {} : { take: options.take }),
  });
  const opened = await openInputs(options, recipe);
  const read = { ...opened, recipe: measuredBy(opened.recipe, opened.student, options.generation) };
  const inputs: JobInputs = { student: read.studentPlace, ...said };
  const out = options.out ?? join('runs', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
  await checkOut(out, inputPaths({ ...options, student: read.student.name }));
  await withRunLock(out, async () => {
    if (options.force !== true) await refuseEarlierRun(out);
    const folder = new RunFolder(out, {
      ...read,
      trainRows: read.train.examples.length,
      dtype: inputs.precision,
    });
    await distil(read, inputs, folder, null, async () =>
      folder.begin(formatJob(inputs, await digestsOf(read, inputs.testRows))),
    );
  });
}

/** The recipe with answers as `--generation` says. @throws InputError as `namedGeneration`. */
function measuredBy(recipe: Recipe, student: Student, asked: string | undefined): Recipe {
  const name = oneOf('generation', asked, generationNames);
  if (name === null) return recipe;
  return withSettings(recipe, { generation: name === 'own' ? namedGeneration(student) : null });
}

/** How the files are read, as `job.json` keeps it: nothing where nothing was said. */
function readingInputs(options: FileOptions): Partial<JobInputs> {
  const completions = oneOf('completions', options.completions, completionModes);
  return {
    ...(options.map === undefined ? {} : { map: options.map }),
    ...(completions === null ? {} : { completions }),
    ...(options['only-matching'] ? { onlyMatching: true } : {}),
    ...(options.unaligned ? { unaligned: true } : {}),
    ...(options.fix === undefined ? {} : { fix: options.fix }),
    ...(options['rationales-map'] === undefined ? {} : { rationalesMap: options['rationales-map'] }),
    ...(options['split-column'] === undefined ? {} : { splitColumn: options['split-column'] }),
    ...(options.teachers === undefined ? {} : { teachers: options.teachers }),
    ...(options['hold-out'] === undefined ? {} : { holdOut: options['hold-out'] }),
    ...(options['hold-out-validation'] === undefined
      ? {}
      : { holdOutValidation: options['hold-out-validation'] }),
    ...(options.subsample === undefined ? {} : { subsample: options.subsample }),
    ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
    ...(options.metric === undefined ? {} : { metric: parseMetric(options.metric) }),
  };
}

/** Options that go with `--resume`: files may have moved. */
const mayChange: readonly string[] = ['resume', 'from-start', 'student', ...fileOptions];

/** Resumes a run from its newest checkpoint that is whole, to the very bytes of a run that was never stopped. */
async function resume(out: string, moved: FileOptions, fromStart: boolean): Promise<void> {
  const { job: known, read } = await openRunInputs(out, moved);
  const { recipe } = read;
  if (existsSync(join(out, 'summary.json'))) {
    const { steps, early } = JSON.parse(await readText(join(out, 'summary.json'))) as {
      steps: number;
      early?: boolean;
    };
    if (early) {
      throw new InputError(
        `this run ended early, at step ${steps}, when it got no better.`,
        'Its student is in model/. Train again with a larger --patience to go further.',
        { file: out },
      );
    }
    if (steps >= recipe.steps) {
      throw new InputError(`all ${recipe.steps} steps of this run are taken.`, 'Its student is in model/.', {
        file: out,
      });
    }
  }
  const folder = new RunFolder(out, {
    ...read,
    trainRows: read.train.examples.length,
    dtype: known.precision,
  });
  const from = await folder.checkpointToResume((words) => console.error(words), fromStart);
  // Before the engine opens: what was measured by then is known when training begins.
  await folder.resumeAt(from?.state.step ?? 0);
  await distil(read, known, folder, from, (description) => {
    console.log(
      from === null
        ? 'No checkpoint is there: it begins again with step 1.'
        : `Resumes from step ${from.state.step} of ${recipe.steps}.`,
    );
    if (from !== null) sayOtherEngine(from.engine, description);
    return Promise.resolve();
  });
}

function sayOtherEngine(before: EngineStamp, now: EngineStamp): void {
  const words = ({ engine, backend, adapter }: EngineStamp): string => `${engine} on ${backend} (${adapter})`;
  if (words(before) === words(now)) return;
  console.log(`It began with ${words(before)}: the last digits of its numbers may differ from now on.`);
}

/**
 * Trains and compares, to the end or until somebody ends it.
 * @param begin Makes the folder ready, once the engine is open: a run that cannot begin changes nothing there.
 */
async function distil(
  read: TrainInputs,
  { engine, backend, testRows, metric }: Pick<JobInputs, 'engine' | 'backend' | 'testRows' | 'metric'>,
  folder: RunFolder,
  from: Resumption | FoundCheckpoint | null,
  begin: (description: EngineDescription) => Promise<void>,
): Promise<void> {
  const { student, recipe, train } = read;
  const test = testRowsOf(read, testRows);
  const validation = read.validation?.examples ?? [];
  const trained = engineStudent(student, recipe);
  const request: EngineRequest = {
    engine: oneOf('engine', engine ?? undefined, engineChoices),
    backend: oneOf('backend', backend ?? undefined, backendNames),
  };
  const progress = new ProgressLine(process.stdout);
  const control = new Control();
  const policy: TrainPolicy = {
    comparesWhenStopped: true,
    waitsForRoom: false,
    keepsBest: recipe.take === 'best',
  };
  const interrupts = new Interrupts(control, policy, progress);
  const run = new TerminalRun(folder, recipe, progress, {
    onEngine: async (description) => {
      sayWhatWasRead(read);
      sayLostLabels(read);
      if (choosesByMeasuring(recipe) && validation.length === 0 && test.length > 0) {
        console.error(chosenByTestWords);
      }
      await begin(description);
    },
    onTrained: () => interrupts.trained(test.length),
  });
  try {
    const { comparison } = await trainRun({
      student,
      recipe,
      train: train.examples,
      test,
      validation,
      metric,
      watched: [],
      sink: run,
      checkpoints: run,
      open: (wanted) => openEngine(trained, wanted),
      request,
      control,
      from,
      policy,
    });
    if (folder.trainedWeights !== null) interrupts.compared();
    const { step } = folder.soFar;
    const isStalled = hasStalled(folder.soFar.evaluations, recipe.patience);
    if (step < recipe.steps && isStalled) {
      progress.say(`Ended early: ${recipe.patience} measurements in a row were no better than the best.`);
    }
    progress.say(`Trained ${step} steps in ${formatDuration(folder.elapsedMs)}.`);
    folder.rounding = await interrupts.roundingOf((signal) =>
      roundingOf(read, folder, test, (one) => openEngine(one, request), signal),
    );
    await folder.finish(comparison);
    if (comparison) progress.say(inWords(comparison));
    progress.say(`Everything is in ${folder.path}.`);
    if (interrupts.ending !== null) process.exitCode = interrupts.ending.code;
    if (step < recipe.steps && !isStalled) console.error(`Resume it with: train --resume ${folder.path}`);
  } finally {
    interrupts.done();
  }
}

/** What rounding to `--precision` does to answers; null where nothing is rounded or tested. */
async function roundingOf(
  { student, recipe }: TrainInputs,
  { dtype, trainedWeights }: RunFolder,
  examples: readonly Example[],
  open: (student: EngineStudent) => Promise<Engine>,
  signal: AbortSignal,
): Promise<RoundingCheck | null> {
  if (trainedWeights === null) return null;
  const whole = { config: student.config, weights: trainedWeights };
  const job = { student: whole, tokenizer: student.tokenizer, dtype, recipe, examples, open };
  return checkRounding(job, { report: () => undefined, signal });
}

/**
 * What ends the work from outside. Ctrl+C keeps what was learnt: it ends the training after the current step, or the
 * comparison after the current rows; a second one finds nobody listening and ends the program. What asks the program to
 * end (SIGTERM, a closed terminal or pipe) gets a checkpoint and no comparison.
 */
class Interrupts {
  readonly #control: Control;
  readonly #policy: TrainPolicy;
  readonly #progress: ProgressLine;
  readonly #stopListening: () => void;
  /** Leaves out what is measured after the comparison. */
  readonly #leaveOut = new AbortController();
  ending: Ending | null = null;

  constructor(control: Control, policy: TrainPolicy, progress: ProgressLine) {
    this.#control = control;
    this.#policy = policy;
    this.#progress = progress;
    process.once('SIGINT', this.#inTraining);
    this.#stopListening = onEnding((ending) => {
      this.ending = ending;
      policy.comparesWhenStopped = false;
      control.stop();
      control.skipEvaluation();
      this.#leaveOut.abort();
      console.error(`${ending.words} What was learnt is saved.`);
    });
  }

  /** The last weights are kept; `rows` are to be compared. */
  trained(rows: number): void {
    process.off('SIGINT', this.#inTraining);
    if (rows === 0 || this.ending !== null) return;
    process.once('SIGINT', this.#inComparison);
    this.#progress.say(`Comparing on ${formatCount(rows)} test rows; Ctrl+C leaves this out.`);
  }

  /** What rounding does is to be measured. */
  compared(): void {
    process.off('SIGINT', this.#inComparison);
    if (!this.#leaveOut.signal.aborted) process.once('SIGINT', this.#inRounding);
  }

  /** What rounding does; null where somebody ends the work before it is known. */
  async roundingOf(
    check: (signal: AbortSignal) => Promise<RoundingCheck | null>,
  ): Promise<RoundingCheck | null> {
    const { signal } = this.#leaveOut;
    try {
      signal.throwIfAborted();
      return await check(signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  done(): void {
    for (const heard of [this.#inTraining, this.#inComparison, this.#inRounding])
      process.off('SIGINT', heard);
    this.#stopListening();
  }

  readonly #inTraining = (): void => {
    this.#progress.say('Stopping after this step; what was learnt is kept. Ctrl+C again ends at once.');
    this.#control.stop();
  };

  readonly #inComparison = (): void => {
    this.#progress.say('Leaving out the comparison; the model is kept. Ctrl+C again ends at once.');
    // Also where the comparison is still to begin.
    this.#policy.comparesWhenStopped = false;
    this.#control.stop();
    this.#leaveOut.abort();
  };

  readonly #inRounding = (): void => {
    this.#progress.say(
      'Leaving out what rounding does to answers; all else is kept. Ctrl+C again ends at once.',
    );
    this.#leaveOut.abort();
  };
}

function inWords({ accuracy }: CompareResult): string {
  const { rawText, metrics, base, distilled, teacher } = accuracy;
  const words = (tallies: Readonly<Record<string, Tally | null>>): string =>
    Object.entries(tallies)
      .flatMap(([who, score]) =>
        score
          ? [`${who} ${formatPercent(score.correct / score.total)} (${score.correct} of ${score.total})`]
          : [],
      )
      .join(', ');
  const lines = [
    `accuracy: ${words({ base, distilled, teacher })}${rawText === undefined ? '' : `; by raw text: ${words(rawText)}`}`,
  ];
  if (metrics !== undefined) {
    lines.push(`judged by ${metrics.main}: ${metrics.because}`);
    for (const [metric, { base: before, distilled: after, teacher: taught }] of Object.entries(metrics.by))
      if (metric !== metrics.main)
        lines.push(`  by ${metric}: ${words({ base: before, distilled: after, teacher: taught })}`);
    const { macroF1, rationales } = metrics;
    if (macroF1 !== null)
      lines.push(
        `  macro-F1 of the labels: base ${macroF1.base.toFixed(3)}, distilled ${macroF1.distilled.toFixed(3)}`,
      );
    if (rationales !== null)
      lines.push(
        `  rationales against the teacher’s: ROUGE-L ${rationales.rougeL.toFixed(3)}, token F1 ${rationales.tokenF1.toFixed(3)}`,
      );
  }
  return lines.join('\n');
}
