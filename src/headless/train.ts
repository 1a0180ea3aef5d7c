/** `headless train`: the studio's whole job, from files to a model folder. */
import { basename, join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount, formatDuration, formatPercent } from '../base/units.ts';
import type { Example, Refusal } from '../data/example.ts';
import { joinTeacher, type Joined } from '../data/join.ts';
import { asDataset, asRationales, readDataFile } from '../data/read-file.ts';
import { compare, type CompareResult } from '../distill/compare.ts';
import { parseRecipe, smallRecipe, type Recipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import { Session } from '../distill/session.ts';
import { checkTrainable } from '../distill/tasks.ts';
import type { Engine } from '../engine/engine.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { engineChoices } from '../engine/choose.ts';
import { oneOf, readOptions, wholeNumber } from './arguments.ts';
import { bundledFolder, openFolder, readText } from './files.ts';
import { openEngine } from './machine.ts';
import { RunFolder } from './run-folder.ts';
import { ProgressLine } from './progress-line.ts';

interface Job {
  student: Student;
  recipe: Recipe;
  datasetName: string;
  train: Joined;
  test: Joined | null;
}

export async function train(args: string[]): Promise<void> {
  const options = readOptions('train', args, {
    student: { type: 'string' },
    train: { type: 'string' },
    'train-rationales': { type: 'string' },
    test: { type: 'string' },
    'test-rationales': { type: 'string' },
    recipe: { type: 'string' },
    out: { type: 'string' },
    engine: { type: 'string' },
    backend: { type: 'string' },
    'test-rows': { type: 'string' },
  });
  const engineChoice = oneOf('engine', options.engine, engineChoices);
  const backend = oneOf('backend', options.backend, ['webgpu', 'wasm', 'cpu']);
  const testRows = wholeNumber('test-rows', options['test-rows']);
  const job = await openJob(options);
  const engine = await openEngine(job.student, { engine: engineChoice, backend });
  const { engine: name, backend: chosen, adapter, reason } = engine.describe();
  console.log(`Engine: ${name} on ${chosen} (${adapter}). ${reason}`);
  sayWhatWasRead(job);
  const out = options.out ?? join('runs', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
  const folder = new RunFolder(out, {
    student: job.student,
    recipe: job.recipe,
    datasetName: job.datasetName,
    trainRows: job.train.examples.length,
    engine: engine.describe(),
  });
  await folder.begin();
  const test = (job.test?.examples ?? []).slice(0, testRows ?? undefined);
  await distil(job, engine, test, folder);
  engine.dispose();
}

async function openJob(options: {
  student?: string | undefined;
  train?: string | undefined;
  'train-rationales'?: string | undefined;
  test?: string | undefined;
  'test-rationales'?: string | undefined;
  recipe?: string | undefined;
}): Promise<Job> {
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
  const recipe =
    options.recipe === undefined ? smallRecipe : parseRecipe(await readText(options.recipe), options.recipe);
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

async function distil(job: Job, engine: Engine, test: readonly Example[], folder: RunFolder): Promise<void> {
  const { student, recipe } = job;
  const progress = new ProgressLine(process.stdout);
  const session = new Session({
    engine,
    tokenizer: student.tokenizer,
    recipe,
    train: job.train.examples,
    test,
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
  let last: MetricsPoint | null = null;
  for await (const event of session.run()) {
    switch (event.type) {
      case 'metrics':
        last = event.point;
        folder.addMetrics(event.point);
        progress.step(event.point, recipe.steps);
        break;
      case 'evaluation': {
        const { step, correct, total } = event.evaluation;
        progress.say(`step ${step}: ${correct} of ${total} right (${formatPercent(correct / total)})`);
        break;
      }
      case 'save':
        if (event.last) {
          process.off('SIGINT', onTrainingInterrupt);
          process.once('SIGINT', onComparisonInterrupt);
        }
        await folder.saveModel(event.step, event.state.weights, event.last);
        break;
      case 'state':
        progress.state(event.state);
        break;
      default:
        event satisfies never;
    }
  }
  progress.say(`Trained ${session.step} steps in ${formatDuration(last?.elapsedMs ?? 0)}.`);
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
