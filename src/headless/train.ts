/** `headless train`: the studio's whole job, from files to a model folder. */
import { backendNames } from '../engine/engine.ts';
import { writtenFloats } from '../student/safetensors.ts';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount, formatDuration, formatPercent } from '../base/units.ts';
import type { Example, Refusal } from '../data/example.ts';
import { joinTeacher, type Joined } from '../data/join.ts';
import { asDataset, asRationales, readDataFile } from '../data/read-file.ts';
import { digestRows, type EngineStamp, type Resumption } from '../distill/checkpoint.ts';
import { compare, type CompareResult } from '../distill/compare.ts';
import { parseRecipe, smallRecipe, type Recipe } from '../distill/recipe.ts';
import { Session } from '../distill/session.ts';
import { checkTrainable } from '../distill/tasks.ts';
import type { Engine } from '../engine/engine.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { engineChoices } from '../engine/choose.ts';
import { oneOf, readOptions, trainOptions, wholeNumber } from './arguments.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import { bundledFolder, openFolder, readText } from './files.ts';
import { absolute, formatJob, jobFileName, readJob, type JobInputs } from './job-file.ts';
import { openEngine } from './machine.ts';
import { checkOut, RunFolder, type RunFacts } from './run-folder.ts';
import { withRunLock } from './run-lock.ts';
import { ProgressLine } from './progress-line.ts';

interface Job {
  student: Student;
  recipe: Recipe;
  datasetName: string;
  train: Joined;
  test: Joined | null;
}

export async function train(args: string[]): Promise<void> {
  const options = readOptions('train', args, trainOptions);
  if (options.resume !== undefined) {
    const [other] = Object.keys(options).filter((name) => !mayChange.includes(name));
    if (other !== undefined) {
      throw new InputError(
        `--${other} does not go with --resume: a run goes on as it began.`,
        `Leave it out, or train anew without --resume.`,
      );
    }
    const from = options.resume;
    // What is no folder is refused by what is read there.
    if (!existsSync(from)) return resume(from, options);
    return withRunLock(from, () => resume(from, options));
  }
  const inputs: JobInputs = {
    student: absolute(options.student),
    train: absolute(options.train),
    trainRationales: absolute(options['train-rationales']),
    test: absolute(options.test),
    testRationales: absolute(options['test-rationales']),
    engine: oneOf('engine', options.engine, engineChoices),
    backend: oneOf('backend', options.backend, backendNames),
    testRows: wholeNumber('test-rows', options['test-rows']),
    precision: oneOf('precision', options.precision, writtenFloats) ?? 'f32',
  };
  const recipe =
    options.recipe === undefined ? smallRecipe : parseRecipe(await readText(options.recipe), options.recipe);
  const job = await openJob(options, recipe);
  const out = options.out ?? join('runs', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
  await checkOut(out, job.student.name);
  await withRunLock(out, async () => {
    const engine = await openAndSay(job, inputs);
    const folder = new RunFolder(out, runFacts(job, engine, inputs));
    await folder.begin(formatJob(inputs, await digestRows(job.train.examples)));
    await distil(job, engine, testRowsOf(job, inputs), folder, null);
    engine.dispose();
  });
}

/** Options that go with `--resume`: files may have moved. */
const mayChange = ['resume', 'student', 'train', 'train-rationales', 'test', 'test-rationales'];

type FileOptions = Partial<
  Record<'student' | 'train' | 'train-rationales' | 'test' | 'test-rationales', string | undefined>
>;

/** Goes on with a run from its newest checkpoint that is whole, to the very bytes of a run that was never stopped. */
async function resume(out: string, moved: FileOptions): Promise<void> {
  const known = await readJob(join(out, jobFileName));
  const recipeFile = join(out, 'run.json');
  const recipe = parseRecipe(await readText(recipeFile), recipeFile);
  const job = await openJob(
    {
      student: moved.student ?? known.student ?? undefined,
      train: moved.train ?? known.train ?? undefined,
      'train-rationales': moved['train-rationales'] ?? known.trainRationales ?? undefined,
      test: moved.test ?? known.test ?? undefined,
      'test-rationales': moved['test-rationales'] ?? known.testRationales ?? undefined,
    },
    recipe,
  );
  if ((await digestRows(job.train.examples)) !== known.rowsSha256) {
    throw new InputError(
      `the training rows (${job.datasetName}) are not those that it began with.`,
      'Name them as they were with --train, or train anew.',
      { file: out },
    );
  }
  if (existsSync(join(out, 'summary.json'))) {
    const { steps } = JSON.parse(await readText(join(out, 'summary.json'))) as { steps: number };
    if (steps >= recipe.steps) {
      throw new InputError(`all ${recipe.steps} steps of this run are taken.`, 'Its student is in model/.', {
        file: out,
      });
    }
  }
  const from = await new CheckpointFolder(out).newest((words) => console.error(words));
  const engine = await openAndSay(job, {
    engine: oneOf('engine', known.engine ?? undefined, engineChoices),
    backend: oneOf('backend', known.backend ?? undefined, backendNames),
  });
  const folder = new RunFolder(out, runFacts(job, engine, known));
  await folder.goOn(from?.state.step ?? 0);
  console.log(
    from === null
      ? 'No checkpoint was there yet: it begins again with step 1.'
      : `Goes on from step ${from.state.step} of ${recipe.steps}.`,
  );
  if (from !== null) sayOtherEngine(from.engine, engine.describe());
  await distil(job, engine, testRowsOf(job, known), folder, from);
  engine.dispose();
}

function sayOtherEngine(before: EngineStamp, now: EngineStamp): void {
  const words = ({ engine, backend, adapter }: EngineStamp): string => `${engine} on ${backend} (${adapter})`;
  if (words(before) === words(now)) return;
  console.log(`It began with ${words(before)}: the last digits of its numbers may differ from now on.`);
}

async function openAndSay(
  job: Job,
  { engine: asked, backend }: { engine: string | null; backend: string | null },
): Promise<Engine> {
  const { student, recipe } = job;
  const frozen = frozenParameters(student.config, recipe.freeze);
  const engine = await openEngine(
    { ...student, frozen },
    {
      engine: oneOf('engine', asked ?? undefined, engineChoices),
      backend: oneOf('backend', backend ?? undefined, backendNames),
    },
  );
  const { engine: name, backend: chosen, adapter, reason } = engine.describe();
  console.log(`Engine: ${name} on ${chosen} (${adapter}). ${reason}`);
  sayWhatWasRead(job);
  return engine;
}

function runFacts(
  { student, recipe, datasetName, train: { examples } }: Job,
  engine: Engine,
  { precision }: Pick<JobInputs, 'precision'>,
): RunFacts {
  const facts = { student, recipe, datasetName, trainRows: examples.length };
  return { ...facts, engine: engine.describe(), dtype: precision };
}

function testRowsOf({ test }: Job, { testRows }: { testRows: number | null }): readonly Example[] {
  return (test?.examples ?? []).slice(0, testRows ?? undefined);
}

async function openJob(options: FileOptions, recipe: Recipe): Promise<Job> {
  if (
    options.train === undefined &&
    (options['train-rationales'] ?? options.test ?? options['test-rationales'])
  ) {
    throw new InputError(
      'There are files to go with a training file, but none.',
      'Name it with --train FILE.',
    );
  }
  if (options.test === undefined && options['test-rationales'] !== undefined) {
    throw new InputError('There are test rationales, but no test file.', 'Name it with --test FILE.');
  }
  const sample = join(bundledFolder(), 'sample');
  const train =
    options.train === undefined
      ? await openData(join(sample, 'train.jsonl'), undefined)
      : await openData(options.train, options['train-rationales']);
  checkTrainable(recipe, train.examples);
  const testFile = options.test ?? (options.train === undefined ? join(sample, 'test.jsonl') : undefined);
  const test = testFile === undefined ? null : await openData(testFile, options['test-rationales']);
  const studentFolder = options.student ?? join(bundledFolder(), 'students', 'nano');
  const student = await readStudentFolder(await openFolder(studentFolder), studentFolder);
  const datasetName = options.train === undefined ? 'the sample' : basename(options.train);
  return { student, recipe, datasetName, train, test };
}

async function openData(file: string, rationalesFile: string | undefined): Promise<Joined> {
  const dataset = asDataset(readDataFile(file, await readText(file)));
  if (rationalesFile === undefined) return joinTeacher(dataset, null);
  return joinTeacher(dataset, asRationales(readDataFile(rationalesFile, await readText(rationalesFile))));
}

function sayWhatWasRead({ train, test }: Job): void {
  const say = (split: string, { examples, refused, teacher }: Joined) => {
    const share = teacher ? `, teacher right on ${formatPercent(teacher.correct / teacher.total)}` : '';
    console.log(`${split}: ${formatCount(examples.length)} rows${share}`);
    for (const refusal of refused.slice(0, 10)) console.error(leftOut(refusal));
    if (refused.length > 10)
      console.error(`… and ${formatCount(refused.length - 10)} more rows were left out.`);
  };
  say('train', train);
  if (test) say('test', test);
}

function leftOut({ file, line, reason }: Refusal & { file: string }): string {
  return `${file}, line ${line}: left out: ${reason}`;
}

async function distil(
  job: Job,
  engine: Engine,
  test: readonly Example[],
  folder: RunFolder,
  from: Resumption | null,
): Promise<void> {
  const { student, recipe } = job;
  const progress = new ProgressLine(process.stdout);
  const session = new Session({
    engine,
    tokenizer: student.tokenizer,
    recipe,
    train: job.train.examples,
    test,
    from,
  });
  // Ctrl+C keeps what was learnt: it ends the training after the step in hand, or the comparison after the rows in
  // hand. A second one finds nobody listening and ends the program.
  const onTrainingInterrupt = () => {
    progress.say('Stopping after this step; what was learnt is kept. Ctrl+C again ends at once.');
    session.control.stop();
  };
  const onComparisonInterrupt = () => {
    progress.say('Leaving out the comparison; the model is kept. Ctrl+C again ends at once.');
    session.control.skipEvaluation();
  };
  process.once('SIGINT', onTrainingInterrupt);
  let elapsedMs = from?.elapsedMs ?? 0;
  for await (const event of session.run()) {
    switch (event.type) {
      case 'metrics':
        elapsedMs = event.point.elapsedMs;
        folder.addMetrics(event.point);
        progress.step(event.point, recipe.steps);
        break;
      case 'evaluation': {
        const { step, correct, total } = event.evaluation;
        progress.say(`step ${step}: ${correct} of ${total} right (${formatPercent(correct / total)})`);
        break;
      }
      case 'watched':
        break; // None are asked for here.
      case 'save':
        if (event.last) {
          process.off('SIGINT', onTrainingInterrupt);
          process.once('SIGINT', onComparisonInterrupt);
        }
        await folder.saveCheckpoint(event.step, event.elapsedMs, event.state);
        if (event.last) await folder.saveModel(event.state);
        break;
      case 'state':
        progress.state(event.state);
        break;
      default:
        event satisfies never;
    }
  }
  progress.say(`Trained ${session.step} steps in ${formatDuration(elapsedMs)}.`);
  const result = test.length === 0 ? null : await compareAll(job, engine, test, session, progress);
  await folder.finish(result);
  if (result) progress.say(inWords(result));
  progress.say(`Everything is in ${folder.path}.`);
}

async function compareAll(
  { student, recipe }: Job,
  engine: Engine,
  test: readonly Example[],
  session: Session,
  progress: ProgressLine,
): Promise<CompareResult | null> {
  progress.say(`Comparing on ${formatCount(test.length)} test rows; Ctrl+C leaves this out.`);
  const answers = compare({
    engine,
    tokenizer: student.tokenizer,
    recipe,
    test,
    baseWeights: student.weights,
    step: session.step,
    control: session.control,
  });
  try {
    for (;;) {
      const next = await answers.next();
      if (next.done) return next.value;
      progress.state(next.value);
    }
  } finally {
    // Stepped by hand for its result, so that nobody else tells it when it is left midway.
    await answers.return(null);
  }
}

function inWords({ accuracy }: CompareResult): string {
  const entries = Object.entries(accuracy).flatMap(([who, score]) =>
    score
      ? [`${who} ${formatPercent(score.correct / score.total)} (${score.correct} of ${score.total})`]
      : [],
  );
  return `accuracy: ${entries.join(', ')}`;
}
