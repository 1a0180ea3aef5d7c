/**
 * A run as a project for more machines than one: recipe, rows, student, and a training loop in Python on PyTorch that takes
 * the studio's own steps. What it writes is a run's folder as the terminal's, and a zip that the studio imports.
 */
import { digest } from '../base/bytes.ts';
import type { Example } from '../data/example.ts';
import { joinTeacher } from '../data/join.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import type { KeptReading } from '../data/kept-reading.ts';
import { asDataset, readDataFile } from '../data/read-file.ts';
import type { Split } from '../data/split-name.ts';
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
import { stateOf, type EngineState } from '../engine/engine.ts';
import type { T5Config, Weights } from '../student/config.ts';
import type { Student } from '../student/folder.ts';
import { adaptedModules } from '../student/lora/lora.ts';
import { adapterFolder, FolderFile, modelFolder, textFiles, type ExportableStudent } from './model-folder.ts';
import adapters from './scale/adapters.py?raw';
import answerRows from './scale/answer_rows.py?raw';
import asking from './scale/asking.py?raw';
import cluster from './scale/cluster.yaml?raw';
import judging from './scale/judging.py?raw';
import rayIgnore from './scale/rayignore?raw';
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
  'adapters.py': adapters,
  'asking.py': asking,
  'judging.py': judging,
  'team.py': team,
  'run_folder.py': runFolder,
  'cluster.yaml': cluster,
  '.rayignore': rayIgnore,
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
  /** How many of the studio's test rows `test` is; null for all. */
  testRows: number | null;
  /** How the rows were read. */
  reading?: KeptReading;
}

export interface ScaleJob {
  names: ScaleNames;
  recipe: Recipe;
  student: ExportableStudent & Pick<Student, 'name' | 'weights'>;
  /** Corrected and mapped as they are trained on. */
  train: readonly Example[];
  /** Rows to measure on while it trains; left out: the test rows. */
  validation?: readonly Example[];
  test: readonly Example[];
  /** What answers are judged by; left out: what suits the labels. */
  metric?: MetricId | undefined;
  /** A run that was begun, to resume there; null starts with step 1. */
  begun: BegunRun | null;
}

export interface KeptWeights {
  step: number;
  weights: Weights;
}

export interface BegunRun extends Omit<Resumption, 'state'> {
  state: EngineState;
  engine: EngineStamp;
  /** Weights of earlier steps that may yet be taken (`take`). */
  kept?: readonly KeptWeights[];
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
function readBack(file: string, text: string, split: Split): Example[] {
  return joinTeacher(asDataset(readDataFile(file, text, { split })), null).examples;
}

/**
 * The project's files. `out/` is in it where the run was begun.
 * @throws InputError where the recipe cannot train on the rows, its adapters do not suit the student, the metric is one that
 * the project does not know, or answers are not greedy.
 */
export async function scaleFolder(job: ScaleJob): Promise<FolderFile[]> {
  const { recipe, student, names, train, validation, test, metric } = job;
  if (metric === 'choice' || metric === 'normalised') {
    throw new InputError(
      `The project for more machines judges answers by equal texts, numbers or equations, and this run by "${metric}".`,
      'Leave --metric out: what suits the labels is taken there as here.',
    );
  }
  if (recipe.lora !== null) adaptedModules(student.config, recipe.lora);
  if (recipe.generation !== null) {
    throw new InputError(
      'This recipe measures with settings of its own for answers, and the project for more machines measures greedily.',
      'Choose null for generation, or train it here.',
    );
  }
  checkTrainable(recipe, train);
  const recipeText = formatRecipe(recipe);
  const trainText = rowLines(train);
  const textOf = (rows: readonly Example[]): string | null => (rows.length === 0 ? null : rowLines(rows));
  const [validationText, testText] = [textOf(validation ?? []), textOf(test)];
  const sha256 = (text: string): Promise<string> => digest(encoder.encode(text));
  const jobFile = {
    format: 'stillroom-run-1',
    student: 'student',
    train: 'train.jsonl',
    trainRationales: null,
    test: testText === null ? null : 'test.jsonl',
    testRationales: null,
    ...(validationText === null ? {} : { validation: 'validation.jsonl', validationRationales: null }),
    ...(metric === undefined ? {} : { metric }),
    engine: null,
    backend: null,
    testRows: null,
    precision: 'f32',
    rowsSha256: await digestRows(readBack('train.jsonl', trainText, 'train')),
    digests: {
      student: await digestStudent(student),
      test: testText === null ? null : await digestRows(readBack('test.jsonl', testText, 'test')),
      ...(validationText === null
        ? {}
        : { validation: await digestRows(readBack('validation.jsonl', validationText, 'validation')) }),
      recipe: await digestRows([recipeIdentity(recipe)]),
    },
  };
  const scale = {
    format: 'stillroom-scale-1',
    sha256: {
      'recipe.json': await sha256(recipeText),
      'train.jsonl': await sha256(trainText),
      ...(validationText === null ? {} : { 'validation.jsonl': await sha256(validationText) }),
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
  // Its settings of generation are those that it is measured with there: its own would change answers unsaid.
  const studentFiles = modelFolder(student, student.weights, {
    dtype: 'f32',
    runFile: recipeText,
    card: null,
  }).filter(({ path }) => path !== 'run.json');
  return [
    ...Object.entries(texts).map(([path, text]) => textFile(path, text)),
    textFile('recipe.json', recipeText),
    textFile('train.jsonl', trainText),
    ...(validationText === null ? [] : [textFile('validation.jsonl', validationText)]),
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
  { state, elapsedMs, engine, metrics, evaluations, kept = [] }: BegunRun,
  job: { student: string; train: string; validation?: string; test: string | null },
): Promise<FolderFile[]> {
  const runFile = formatRecipe(recipe);
  const outside = {
    ...job,
    student: `../${job.student}`,
    train: `../${job.train}`,
    ...(job.validation === undefined ? {} : { validation: `../${job.validation}` }),
    test: job.test === null ? null : `../${job.test}`,
  };
  const states = [...kept.map(({ step, weights }) => stateOf(weights, step)), state];
  const checkpoints: FolderFile[] = [];
  for (const one of states) {
    const parts = checkpointFiles(one, student.config);
    const files = [];
    for (const { name, file } of parts) files.push(await writeSlices(name, file, () => undefined));
    const facts = { step: one.step, elapsedMs, engine, files };
    const beside =
      recipe.lora === null
        ? textFiles(student, { dtype: 'f32', runFile })
        : adapterFolder(student, recipe.lora, one.weights, { dtype: 'f32', runFile });
    checkpoints.push(
      ...within(`checkpoint-${one.step}`, [
        ...beside.filter(({ path }) => !parts.some(({ name }) => name === path)),
        ...parts.map(({ name, file }) => new FolderFile(name, file)),
        textFile('checkpoint.json', jsonText(facts)),
      ]),
    );
  }
  return [
    textFile('job.json', jsonText(outside)),
    textFile('run.json', runFile),
    textFile('metrics.jsonl', metricsJsonLines(metrics)),
    textFile('evaluations.jsonl', evaluations.map((one) => `${JSON.stringify(one)}\n`).join('')),
    ...checkpoints,
  ];
}

/** The files of a state in memory. */
function checkpointFiles(state: EngineState, config: T5Config) {
  const weights = weightsFile(state.weights, config);
  return hasMoments(state) ? [weights, momentsFile(state, config)] : [weights];
}

/** Whether a state has the optimiser's averages, so that a run continues from it. */
export function hasMoments({ expAvg, expAvgSq, expAvgSqRow }: EngineState): boolean {
  return expAvg.size > 0 || expAvgSq.size > 0 || (expAvgSqRow?.size ?? 0) > 0;
}
