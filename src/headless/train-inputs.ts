/** What `train` reads: the student, the rows of every split, the teacher's rationales. */
import { basename, join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount, formatPercent } from '../base/units.ts';
import type { Example, Refusal } from '../data/example.ts';
import { divide } from '../data/divide.ts';
import { tallyTeacher, type Joined } from '../data/join.ts';
import type { KeptReading } from '../data/kept-reading.ts';
import { lint } from '../data/lint.ts';
import { digestRows, digestStudent } from '../distill/checkpoint.ts';
import { recipeIdentity, type Recipe } from '../distill/recipe.ts';
import { checkTrainable } from '../distill/tasks.ts';
import { lostLabels, lostLabelWords, sumOfLostLabels } from '../distill/written-labels.ts';
import { hubPrefix, parseDatasetName, parseHubName } from '../hub/hub-name.ts';
import type { Student } from '../student/folder.ts';
import { withOrigins } from '../data/reading.ts';
import {
  checkFiles,
  fileOptions,
  joinSplit,
  listOfPaths,
  readingOf,
  type DataArguments,
} from './data-files.ts';
import { bundledFolder } from './files.ts';
import { isHubName, placeStudent } from './hub-student.ts';
import type { JobDigests } from './job-file.ts';
import { keptOf } from './kept-options.ts';
import { readStudent } from './read-student.ts';

export interface TrainInputs {
  student: Student;
  /** Where it is, as a run's job keeps it (`placeStudent`); null is the bundled one. */
  studentPlace: string | null;
  recipe: Recipe;
  /** Its name on a hub; null where it is not from there. */
  baseModel: string | null;
  datasetName: string;
  /** What was noticed of the training rows, in words. */
  notes: readonly string[];
  train: Joined;
  /** Rows for the loss while it trains; never trained on. */
  validation: Joined | null;
  test: Joined | null;
  /** How they were read, where something was said. */
  reading: KeptReading | null;
}

/** What a person named: a student, files, and how to read them. */
export interface FileOptions extends DataArguments {
  student?: string | undefined;
}

/** What the run reads, each with its option. */
export function inputPaths(
  options: FileOptions & { recipe?: string | undefined },
): [option: string, path: string][] {
  const names = ['student', ...fileOptions, 'recipe'] as const;
  return names.flatMap((name) => listOfPaths(options[name]).map((path): [string, string] => [name, path]));
}

/** @throws InputError where a file cannot be used, or files do not go together. */
export async function openInputs(options: FileOptions, recipe: Recipe): Promise<TrainInputs> {
  checkFiles(options);
  const reading = readingOf(options);
  const sample = join(bundledFolder(), 'sample');
  const trainFiles = listOfPaths(options.train);
  const own = trainFiles.length > 0;
  const all = own
    ? await joinSplit(trainFiles, options['train-rationales'], 'train', reading)
    : await joinSplit(join(sample, 'train.jsonl'), undefined, 'train', readingOf({}));
  const testFiles = listOfPaths(options.test);
  if (options['hold-out'] !== undefined && (testFiles.length > 0 || !own))
    throw new InputError(
      'There are test rows already.',
      'Leave --hold-out out, or name your own file with --train and none with --test.',
    );
  const given = own
    ? testFiles.length === 0
      ? null
      : await joinSplit(testFiles, options['test-rationales'], 'test', reading)
    : await joinSplit(join(sample, 'test.jsonl'), undefined, 'test', readingOf({}));
  const validationFiles = listOfPaths(options.validation);
  if (options['hold-out-validation'] !== undefined && validationFiles.length > 0)
    throw new InputError('There are validation rows already.', 'Leave --hold-out-validation out.');
  const watched =
    validationFiles.length === 0
      ? null
      : await joinSplit(validationFiles, options['validation-rationales'], 'validation', reading);
  const kept = keptOf(options, recipe.seed);
  const { fixes = [] } = reading;
  const divided = divide(
    all.examples,
    { validation: watched?.examples ?? null, test: given?.examples ?? null },
    { ...kept, fixes, splitOf: all.splitOf },
  );
  const train = {
    ...withRows(all, divided.train),
    refused: all.refused,
    unlabelled: all.unlabelled,
    notes: [...all.notes, ...divided.notes],
  };
  checkTrainable(recipe, train.examples);
  const part = (from: Joined | null, examples: Example[] | null): Joined | null =>
    examples === null ? null : from === null ? withRows(all, examples) : { ...from, examples };
  const test = part(given, divided.test);
  const validation = part(watched, divided.validation);
  // After the rows: a fault in them is told before anything is fetched.
  const place = options.student === undefined ? null : await placeStudent(options.student);
  const folder = place?.folder ?? join(bundledFolder(), 'students', 'nano');
  const student = await readStudent(folder);
  const datasetName = own ? nameOfRows(trainFiles[0]!) : 'the sample';
  const studentPlace = place?.recorded ?? null;
  return {
    student,
    studentPlace,
    recipe,
    datasetName,
    train,
    validation,
    test,
    reading: withOrigins(kept, train.notes),
    baseModel: studentPlace?.startsWith(hubPrefix) ? parseHubName(studentPlace).name : null,
    notes: [...train.notes, ...lint(train.examples)].map(({ text }) => text),
  };
}

/** What cards and messages call the rows. */
function nameOfRows(file: string): string {
  return isHubName(file) ? parseDatasetName(file).name : basename(file);
}

/** A part of joined rows; what was refused and noticed stays with the whole. */
function withRows(joined: Joined, examples: Example[]): Joined {
  return { ...joined, examples, teacher: tallyTeacher(examples), refused: [], unlabelled: [] };
}

/** Said before a run. */
export const noTestRows =
  'There are no test rows: the run ends without a comparison. Name some with --test FILE, or set training rows aside with --hold-out 10%.';

export function sayWhatWasRead({ train, validation, test }: TrainInputs): void {
  const say = (split: string, { examples, refused, teacher, alarm, unlabelled }: Joined) => {
    const share = teacher ? `, teacher right on ${formatPercent(teacher.correct / teacher.total)}` : '';
    console.log(`${split}: ${formatCount(examples.length)} rows${share}`);
    if (alarm) console.error(`${split}: ${alarm.text}`);
    if (unlabelled.length > 0)
      console.error(`${split}: ${formatCount(unlabelled.length)} rows have no true answer and are left out.`);
    for (const refusal of refused.slice(0, 10)) console.error(leftOut(refusal));
    if (refused.length > 10)
      console.error(`… and ${formatCount(refused.length - 10)} more rows were left out.`);
  };
  say('train', train);
  if (validation) say('validation', validation);
  if (test) say('test', test);
  else console.error(noTestRows);
}

/** Labels that do not survive the student's tokenizer. */
export function sayLostLabels({ student, recipe, train, test }: TrainInputs): void {
  const lost = [train, ...(test ? [test] : [])].map(({ examples }) =>
    lostLabels(examples, student.tokenizer, recipe),
  );
  const words = lostLabelWords(sumOfLostLabels(lost));
  if (words !== null) console.error(`${words} (\`headless add-pieces\` does.)`);
}

function leftOut({ file, line, reason }: Refusal & { file: string }): string {
  return `${file}, line ${line}: left out: ${reason}`;
}

/** The test rows that are used: the first `testRows`, or all. */
export function testRowsOf({ test }: TrainInputs, testRows: number | null): readonly Example[] {
  return (test?.examples ?? []).slice(0, testRows ?? undefined);
}

/** What a run depends on. @param testRows As `testRowsOf`. */
export async function digestsOf(read: TrainInputs, testRows: number | null): Promise<JobDigests> {
  const { student, recipe, train, validation } = read;
  const test = testRowsOf(read, testRows);
  return {
    rowsSha256: await digestRows(train.examples),
    student: await digestStudent(student),
    test: test.length === 0 ? null : await digestRows(test),
    ...(validation === null ? {} : { validation: await digestRows(validation.examples) }),
    recipe: await digestRows([recipeIdentity(recipe)]),
  };
}
