/**
 * A run as a project for more machines than one: recipe, rows, student, and a training loop in Python on PyTorch that takes
 * the studio's own steps. What it writes is a run's folder as the terminal's, and a zip that the studio imports.
 */
import { digest } from '../base/digest.ts';
import type { Example } from '../data/example.ts';
import { joinTeacher } from '../data/join.ts';
import type { KeptReading } from '../data/reading.ts';
import { asDataset, readDataFile } from '../data/read-file.ts';
import { InputError } from '../base/errors.ts';
import {
  digestRows,
  digestStudent,
  momentsFile,
  weightsFile,
  writeSlices,
  type EngineStamp,
  type Resumption,
} from '../distill/checkpoint.ts';
import { formatRecipe, recipeIdentity, type Recipe } from '../distill/recipe.ts';
import type { Evaluation, MetricsPoint } from '../distill/run-state.ts';
import { checkTrainable } from '../distill/tasks.ts';
import type { Student } from '../student/folder.ts';
import { FolderFile, modelFolder, type ExportableStudent } from './model-folder.ts';
import answerRows from './scale/answer_rows.py?raw';
import cluster from './scale/cluster.yaml?raw';
import rayTrain from './scale/ray_train.py?raw';
import readme from './scale/README.md?raw';
import requirements from './scale/requirements.txt?raw';
import runFolder from './scale/run_folder.py?raw';
import studio from './scale/studio.py?raw';
import team from './scale/team.py?raw';
import train from './scale/train.py?raw';
import { metricsJsonLines } from './tables.ts';

const texts: Readonly<Record<string, string>> = {
  'README.md': readme,
  'train.py': train,
  'ray_train.py': rayTrain,
  'answer_rows.py': answerRows,
  'studio.py': studio,
  'team.py': team,
  'run_folder.py': runFolder,
  'cluster.yaml': cluster,
  'requirements.txt': requirements,
};

/** Whose run it is, as the studio knows it again when its results come back. */
export interface ScaleNames {
  name: string;
  datasetId: string;
  datasetName: string;
  studentId: string;
  studentName: string;
  /** SHA-256 of the student's files, by which the studio knows it again. */
  studentSha256?: string;
  /** How the rows were read. */
  reading?: KeptReading;
}

export interface ScaleJob {
  names: ScaleNames;
  recipe: Recipe;
  student: ExportableStudent & Pick<Student, 'weights'>;
  /** Mended and mapped as they are trained on. */
  train: readonly Example[];
  test: readonly Example[];
  /** A run that was begun, to go on from there; null begins with step 1. */
  begun: BegunRun | null;
}

export interface BegunRun extends Resumption {
  engine: EngineStamp;
  /** One for each step up to the checkpoint's. */
  metrics: readonly MetricsPoint[];
  evaluations: readonly Evaluation[];
}

const encoder = new TextEncoder();

function textFile(path: string, text: string): FolderFile {
  return new FolderFile(path, encoder.encode(text));
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Rows as JSON Lines of the studio's own layout. */
function rowLines(examples: readonly Example[]): string {
  return examples
    .map(({ input, label, rationale, teacherLabel, choices }) => {
      const row = {
        input,
        label,
        ...(rationale === null ? {} : { rationale }),
        ...(teacherLabel === null ? {} : { teacherLabel }),
        ...(choices === null ? {} : { choices }),
      };
      return `${JSON.stringify(row)}\n`;
    })
    .join('');
}

/** The rows as whoever opens the file has them: what a run that comes back is held against. */
function readBack(file: string, text: string, split: 'train' | 'test'): Example[] {
  return joinTeacher(asDataset(readDataFile(file, text, { split })), null).examples;
}

/**
 * The project's files. `out/` is in it where the run was begun.
 * @throws InputError where the recipe cannot train on the rows, asks for what it does not do (`lora`, Adafactor,
 * `take`, `patience`).
 */
export async function scaleFolder(job: ScaleJob): Promise<FolderFile[]> {
  const { recipe, student, names, train, test } = job;
  if (recipe.lora !== null) {
    throw new InputError(
      'This recipe trains adapters (LoRA), and the project for more machines trains whole students.',
      'Train the adapters here, or leave lora out of the recipe.',
    );
  }
  if (recipe.optimizer !== 'adamw') {
    throw new InputError(
      'This recipe trains with Adafactor, and the project for more machines trains with AdamW.',
      'Train it here, or choose "adamw" for optimizer.',
    );
  }
  if (recipe.take !== 'last' || recipe.patience > 0) {
    throw new InputError(
      'This recipe ends early or takes other weights than the last, and the project for more machines does neither.',
      'Choose "last" for take and 0 for patience, or train it here.',
    );
  }
  checkTrainable(recipe, train);
  const recipeText = formatRecipe(recipe);
  const trainText = rowLines(train);
  const testText = test.length === 0 ? null : rowLines(test);
  const sha256 = (text: string): Promise<string> => digest(encoder.encode(text));
  const jobFile = {
    format: 'stillroom-run-1',
    ...{ student: 'student', train: 'train.jsonl', trainRationales: null },
    ...{ test: testText === null ? null : 'test.jsonl', testRationales: null },
    ...{ engine: null, backend: null, testRows: null, precision: 'f32' },
    rowsSha256: await digestRows(readBack('train.jsonl', trainText, 'train')),
    digests: {
      student: await digestStudent(student),
      test: testText === null ? null : await digestRows(readBack('test.jsonl', testText, 'test')),
      recipe: await digestRows([recipeIdentity(recipe)]),
    },
  };
  const scale = {
    format: 'stillroom-scale-1',
    sha256: {
      'recipe.json': await sha256(recipeText),
      'train.jsonl': await sha256(trainText),
      ...(testText === null ? {} : { 'test.jsonl': await sha256(testText) }),
    },
    job: jobFile,
    run: {
      ...names,
      config: { model_type: 't5', ...student.config },
      trainRows: train.length,
      rowsSha256: await digestRows(train),
    },
  };
  const studentFiles = modelFolder(student, student.weights, { dtype: 'f32', runFile: null, card: null });
  return [
    ...Object.entries(texts).map(([path, text]) => textFile(path, text)),
    textFile('recipe.json', recipeText),
    textFile('train.jsonl', trainText),
    ...(testText === null ? [] : [textFile('test.jsonl', testText)]),
    textFile('scale.json', jsonText(scale)),
    ...within('student', studentFiles),
    ...(job.begun === null ? [] : within('out', await begunFiles(job, job.begun, jobFile))),
  ];
}

function within(folder: string, files: readonly FolderFile[]): FolderFile[] {
  return files.map((file) => new FolderFile(`${folder}/${file.path}`, file));
}

/** The run's folder up to its checkpoint. */
async function begunFiles(
  { student, recipe }: ScaleJob,
  { state, elapsedMs, engine, metrics, evaluations }: BegunRun,
  job: { student: string; train: string; test: string | null },
): Promise<FolderFile[]> {
  const runFile = formatRecipe(recipe);
  const parts = [weightsFile(state.weights, student.config), momentsFile(state, student.config)];
  const files = [];
  for (const { name, file } of parts) files.push(await writeSlices(name, file, () => undefined));
  const facts = { step: state.step, elapsedMs, engine, files };
  const beside = modelFolder(student, state.weights, { dtype: 'f32', runFile, card: null });
  const outside = {
    ...job,
    student: `../${job.student}`,
    train: `../${job.train}`,
    test: job.test === null ? null : `../${job.test}`,
  };
  return [
    textFile('job.json', jsonText(outside)),
    textFile('run.json', runFile),
    textFile('metrics.jsonl', metricsJsonLines(metrics)),
    textFile('evaluations.jsonl', evaluations.map((one) => `${JSON.stringify(one)}\n`).join('')),
    ...within(`checkpoint-${state.step}`, [
      ...beside.filter(({ path }) => !parts.some(({ name }) => name === path)),
      ...parts.map(({ name, file }) => new FolderFile(name, file)),
      textFile('checkpoint.json', jsonText(facts)),
    ]),
  ];
}
