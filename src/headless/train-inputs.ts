/** What `train` reads: the student, the rows of both splits, the teacher's rationales. */
import { basename, join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount, formatPercent } from '../base/units.ts';
import type { Example, Refusal } from '../data/example.ts';
import { joinTeacher, type Joined } from '../data/join.ts';
import { asDataset, asRationales, readDataFile } from '../data/read-file.ts';
import type { Recipe } from '../distill/recipe.ts';
import { checkTrainable } from '../distill/tasks.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { bundledFolder, openFolder, readText } from './files.ts';

export interface TrainInputs {
  student: Student;
  recipe: Recipe;
  datasetName: string;
  train: Joined;
  test: Joined | null;
}

/** Paths as the person named them. */
export type FileOptions = Partial<
  Record<'student' | 'train' | 'train-rationales' | 'test' | 'test-rationales', string | undefined>
>;

export async function openInputs(options: FileOptions, recipe: Recipe): Promise<TrainInputs> {
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

/** Rows of a dataset's file, with a teacher's rationales from another where there is one. */
export async function openData(file: string, rationalesFile: string | undefined): Promise<Joined> {
  const dataset = asDataset(readDataFile(file, await readText(file)));
  if (rationalesFile === undefined) return joinTeacher(dataset, null);
  return joinTeacher(dataset, asRationales(readDataFile(rationalesFile, await readText(rationalesFile))));
}

export function sayWhatWasRead({ train, test }: TrainInputs): void {
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

/** The test rows that are used: the first `testRows`, or all. */
export function testRowsOf({ test }: TrainInputs, testRows: number | null): readonly Example[] {
  return (test?.examples ?? []).slice(0, testRows ?? undefined);
}
