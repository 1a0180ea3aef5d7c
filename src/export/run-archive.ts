/**
 * A whole run as one zip: taken to another machine, or kept before it is deleted here. Format `stillroom-run`, version 1,
 * files in one folder:
 *
 * - `record.json`: `format`, `version`, what is known of the run (names, note, student with its configuration, data,
 *   engine, state, evaluations, watched questions, comparison), and in `files` the size and SHA-256 (of each 32 MiB) of every other file;
 * - `run.json`: the recipe, as everywhere;
 * - `metrics.jsonl`: one step a line, rising; a number that JSON does not have is `"NaN"`, `"Infinity"`, `"-Infinity"`;
 * - `predictions.jsonl`: one test row a line, where the run was compared;
 * - `student/config.json`, `student/tokenizer.json` and the like: what the run needs of its student beside weights;
 * - `model.safetensors`: the weights of `savedStep` (float32, Hugging Face's names), where the run kept any.
 * - `optimizer.safetensors`: AdamW's moments of that step (`exp_avg.NAME`, `exp_avg_sq.NAME`), where the run ended before its
 *   last step and kept them; without them a run that comes as a file can be looked at, compared and exported, not gone on
 *   with.
 *
 * A later version of the format adds files or optional keys under the same number, or raises the number; a reader
 * refuses a number that it does not know.
 */
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { comparedShape, tallySchema } from '../distill/compared-schema.ts';
import { digestSlices, momentsFile, weightsFile } from '../distill/checkpoint.ts';
import { untrainedParameters } from '../distill/engine-student.ts';
import { keptReadingSchema } from '../data/kept-reading.ts';
import { formatRecipe, generationSchema, parseRecipe, type Recipe } from '../distill/recipe.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import { mostOwnQuestions } from '../distill/watched.ts';
import { trainerBackends, trainerNames, type EngineState } from '../engine/engine.ts';
import type { RunRecord } from '../store/records.ts';
import { parseT5Config, type T5Config, type Weights } from '../student/config.ts';
import { readStudentOutline } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { expectedParameters } from '../student/parameters.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import { FolderFile } from './model-folder.ts';
import { checked, parseJson, predictionSchema, readLines } from './read-lines.ts';
import { again, otherSize, recordName, unpackListed, unpackRecord } from './unpack-archive.ts';

const format = 'stillroom-run';
const studentFolder = 'student/';
const studentFile = /^student\/[a-z_]+\.json$/;
const version = 1;

/** What of a run's record goes with it: all but what is true of one browser alone. */
export type ArchivedRun = Omit<
  RunRecord,
  | 'id'
  | 'revision'
  | 'sign'
  | 'keptStudent'
  | 'experimentId'
  | 'heartbeatAt'
  | 'pinned'
  | 'deletedAt'
  | 'imported'
  | 'engineChoice'
  | 'backend'
>;

export interface RunArchive {
  run: ArchivedRun;
  /** Of the student; null where that was no longer stored: then there are no weights either. */
  config: T5Config | null;
  /** Texts of the student's files beside its weights, by name; null where they are not known (and of earlier versions). */
  student: Record<string, string> | null;
  metrics: MetricsPoint[];
  predictions: Prediction[];
  /** Of `run.savedStep`; null where none were kept. */
  weights: Weights | null;
  /** Of the same step, of all that is trained; null where steps are not to be resumed. */
  moments: Pick<EngineState, 'expAvg' | 'expAvgSq'> | null;
}

/** The files of the zip. Large ones are made chunk by chunk (`zipChunks`). */
export async function archiveFiles(archive: RunArchive): Promise<FolderFile[]> {
  const { run, config, student, metrics, predictions, weights, moments } = archive;
  const { recipe, ...facts } = run;
  const files = [
    textFile('run.json', formatRecipe(recipe, facts.reading ?? null)),
    textFile('metrics.jsonl', lines(metrics)),
    ...(predictions.length > 0 ? [textFile('predictions.jsonl', lines(predictions))] : []),
    ...Object.entries(student ?? {}).map(([name, text]) => textFile(studentFolder + name, text)),
    ...(weights && config ? stateFiles(weights, moments, config) : []),
  ];
  const listed: z.infer<typeof fileSchema>[] = [];
  for (const file of files) {
    listed.push({ name: file.path, sizeBytes: file.sizeBytes, sha256: await digestSlices(file) });
  }
  // As a configuration of Hugging Face has it, so that the one reader reads both.
  const written = config && { model_type: 't5', ...config };
  const record = { format, version, ...facts, config: written, files: listed };
  return [textFile(recordName, `${JSON.stringify(record, null, 2)}\n`), ...files];
}

function stateFiles(weights: Weights, moments: RunArchive['moments'], config: T5Config): FolderFile[] {
  const parts = [weightsFile(weights, config), ...(moments === null ? [] : [momentsFile(moments, config)])];
  return parts.map(({ name, file }) => new FolderFile(name, file));
}

const encoder = new TextEncoder();

function textFile(path: string, text: string): FolderFile {
  return new FolderFile(path, encoder.encode(text));
}

function lines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value, withNonFinite)}\n`).join('');
}

function withNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const count = z.int().min(0);
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
/** Names and ids are shown in lists: no title is as long as a book. */
const title = z.string().max(1000);
/** More moments than this would only keep the screens from drawing. */
const mostMoments = 10_000;
const firstDate = Date.UTC(2000, 0);
const dayMs = 86_400_000;
const date = z
  .number()
  .refine(
    (at) => at >= firstDate && at <= Date.now() + dayMs,
    'a date between the year 2000 and tomorrow is expected; see that the clock of this machine is right',
  );

function rising<Moment extends z.ZodType<{ step: number }>>(moment: Moment) {
  return z
    .array(moment)
    .max(mostMoments)
    .refine(
      (all) => all.every(({ step }, index) => index === 0 || step > all[index - 1]!.step),
      'each step must be after the one before it',
    );
}

const report = z.object({
  name: title,
  message: z.string().max(100_000),
  file: title.nullable(),
  line: z.number().nullable(),
});
const fileSchema = z.object({ name: title, sizeBytes: count, sha256: z.array(z.string()) });

const recordSchema = z.object({
  name: z.string().min(1).max(200),
  note: z.string().max(10_000).optional(),
  tags: z.array(z.string().min(1).max(40)).max(20).exactOptional(),
  createdAt: date,
  datasetId: title,
  datasetName: title,
  studentId: title,
  studentName: title,
  studentSha256: title.optional(),
  studentHub: title.optional(),
  about: z
    .object({
      licence: title.exactOptional(),
      dataset: title.exactOptional(),
      datasetLicence: title.exactOptional(),
      language: title.exactOptional(),
    })
    .optional(),
  // What a later version keeps beside it is left out.
  reading: z.object(keptReadingSchema.shape).optional(),
  config: z.record(z.string(), z.unknown()).nullable(),
  testRows: count.nullable(),
  state: z.discriminatedUnion('phase', [
    z.object({
      phase: z.literal('done'),
      step: count,
      stopped: z.boolean(),
      early: z.literal(true).optional(),
    }),
    z.object({ phase: z.literal('failed'), step: count, error: report }),
  ]),
  engine: z
    .object({
      engine: z.enum(trainerNames),
      backend: z.enum(trainerBackends),
      adapter: title,
      reason: z.string().max(10_000),
      parameters: count,
      bytesHeld: z.number().min(0),
    })
    .nullable(),
  evaluations: rising(
    tallySchema.safeExtend({
      step: count,
      split: z.literal('validation').optional(),
      answerLoss: number.optional(),
      rationaleLoss: number.nullable().optional(),
      loss: number.optional(),
    }),
  ),
  watched: z
    .object({
      questions: z
        .array(
          z.object({
            row: count,
            input: z.string(),
            label: z.string(),
            writtenLabel: z.string().optional(),
            judgedBy: keptReadingSchema.shape.metric,
            choices: z.array(z.string()).max(1000).exactOptional(),
            teacherRationale: z.string().nullable(),
          }),
        )
        .max(1000),
      moments: rising(
        z.object({
          step: count,
          answers: z.array(z.object({ answer: z.string(), rationale: z.string().nullable() })),
          own: z
            .array(z.object({ question: z.string(), answer: z.string(), rationale: z.string().nullable() }))
            .optional(),
        }),
      ),
    })
    .optional(),
  ownQuestions: z.array(z.string()).max(mostOwnQuestions).optional(),
  comparison: z
    .object({ ...comparedShape, generation: generationSchema.nullable().optional(), step: count })
    .nullable(),
  step: count,
  trainRows: count,
  fraction: z.number().gt(0).max(1).exactOptional(),
  rowsSha256: title.nullable(),
  savedStep: count.nullable(),
  files: z.array(fileSchema),
});

const pointSchema = z.object({
  step: z.int().min(1),
  learningRate: number,
  answerLoss: number,
  rationaleLoss: number.nullable(),
  loss: number,
  gradNorm: number,
  tokens: count,
  elapsedMs: z.number().min(0),
});

/**
 * Reads a zip that `archiveFiles` filled, and holds every file against its SHA-256. The record is unpacked first, then the
 * files that it lists, none to more bytes than it says.
 * @param file The zip's name, for messages.
 * @throws InputError that names the file in the zip, and the line, that is not as it should be.
 */
export async function readArchive(bytes: Uint8Array, file: string): Promise<RunArchive> {
  const found = unpackRecord(bytes, file);
  const label = (name: string): string => `${file}/${name}`;
  const record = readRecord(new TextDecoder().decode(found.record), label(recordName));
  const { files } = record;
  const unpacked = unpackListed(bytes, file, found.folder, files);
  for (const listed of files) await checkFile(listed, unpacked.get(listed.name), label(listed.name));
  const text = (name: string): string | null => {
    const content = unpacked.get(name);
    return content === undefined ? null : new TextDecoder().decode(content);
  };
  const { run, metrics, predictions } = readTexts(record, text, file);
  const config =
    record.config === null ? null : parseT5Config(JSON.stringify(record.config), label(recordName));
  const [model, optimizer] = ['model.safetensors', 'optimizer.safetensors'];
  const has = (name: string): boolean => files.some((listed) => listed.name === name);
  const weights =
    has(model) && config !== null ? readModel(unpacked.get(model)!, config, label(model)) : null;
  return {
    run,
    config,
    metrics,
    predictions,
    weights,
    student: await readStudentTexts(unpacked, file),
    moments:
      has(optimizer) && config !== null && weights !== null && run.recipe.optimizer === 'adamw'
        ? readMoments(unpacked.get(optimizer)!, config, run.recipe, label(optimizer))
        : null,
  };
}

/**
 * A run out of a record without files and the texts of its own: of a folder that a run was written to.
 * @param value As `record.json` has it, but for `format`, `version`, `config` and `files`.
 * @param text The text of a file; null where it is not there.
 * @throws InputError as `readArchive`.
 */
export function readRunTexts(
  value: object,
  text: (name: string) => string | null,
  file: string,
): Pick<RunArchive, 'run' | 'metrics' | 'predictions'> {
  const record = checked(recordSchema, { ...value, config: null, files: [] }, { file });
  return readTexts(record, text, file);
}

function readTexts(
  record: z.infer<typeof recordSchema>,
  text: (name: string) => string | null,
  file: string,
): Pick<RunArchive, 'run' | 'metrics' | 'predictions'> {
  const label = (name: string): string => `${file}/${name}`;
  const needed = (name: string): string => {
    const content = text(name);
    if (content === null) throw new InputError('this file is missing.', again, { file: label(name) });
    return content;
  };
  const { files: _, config: __, state, note, watched, reading, ...others } = record;
  const { studentSha256, studentHub, about, ownQuestions, ...facts } = others;
  const metrics = readLines(needed('metrics.jsonl'), pointSchema, label('metrics.jsonl'));
  metrics.forEach(({ step }, index) => {
    if (index === 0 || step > metrics[index - 1]!.step) return;
    throw new InputError(`step ${step} does not come after the one before it.`, again, {
      file: label('metrics.jsonl'),
      line: index + 1,
    });
  });
  const recipe = parseRecipe(needed('run.json'), label('run.json'));
  checkSteps(record, recipe.steps, label(recordName));
  const last = metrics.at(-1)?.step ?? 0;
  if (last > recipe.steps) {
    throw new InputError(`step ${last} is after the recipe’s last, ${recipe.steps}.`, again, {
      file: label('metrics.jsonl'),
      line: metrics.length,
    });
  }
  const said = text('predictions.jsonl');
  const predictions = said === null ? [] : readLines(said, predictionSchema, label('predictions.jsonl'));
  return {
    run: {
      ...facts,
      state,
      ...(note === undefined ? {} : { note }),
      ...(watched === undefined ? {} : { watched }),
      ...(studentSha256 === undefined ? {} : { studentSha256 }),
      ...(studentHub === undefined ? {} : { studentHub }),
      ...(about === undefined ? {} : { about }),
      ...(reading === undefined ? {} : { reading }),
      ...(ownQuestions === undefined ? {} : { ownQuestions }),
      recipe,
    },
    metrics,
    predictions,
  };
}

/** @throws InputError where they are no student: what reads one reads them, but for weights. */
async function readStudentTexts(
  unpacked: ReadonlyMap<string, Uint8Array>,
  file: string,
): Promise<Record<string, string> | null> {
  const found = [...unpacked].filter(([name]) => studentFile.test(name));
  if (found.length === 0) return null;
  const files = new Map(found.map(([name, bytes]) => [name.slice(studentFolder.length), bytes]));
  await readStudentOutline(filesInMemory(files), `${file}/${studentFolder.slice(0, -1)}`);
  return Object.fromEntries([...files].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));
}

function readRecord(text: string, file: string): z.infer<typeof recordSchema> {
  const value = parseJson(text, file);
  const { format: named, version: numbered } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (named !== format) {
    throw new InputError(`this is no record of a run (its format is not "${format}").`, again, { file });
  }
  if (numbered !== version) {
    throw new InputError(
      `the run was exported in version ${JSON.stringify(numbered)} of the format; this page reads version ${version}.`,
      'Reload the page to get the newest studio, then import it again.',
      { file },
    );
  }
  return checked(recordSchema, value, { file });
}

/** No step of a run is after the last one of its recipe. */
function checkSteps(record: z.infer<typeof recordSchema>, steps: number, file: string): void {
  const { step, savedStep, state, comparison, evaluations, watched } = record;
  const told: [string, number][] = [
    ['step', step],
    ['savedStep', savedStep ?? 0],
    ['state.step', state.step],
    ['comparison.step', comparison?.step ?? 0],
    ['evaluations', evaluations.at(-1)?.step ?? 0],
    ['watched.moments', watched?.moments.at(-1)?.step ?? 0],
  ];
  for (const [key, at] of told) {
    if (at <= steps) continue;
    throw new InputError(`"${key}" is at step ${at}, after the recipe’s last, ${steps}.`, again, { file });
  }
}

async function checkFile(
  { sizeBytes, sha256 }: z.infer<typeof fileSchema>,
  content: Uint8Array | undefined,
  file: string,
): Promise<void> {
  if (content === undefined) throw new InputError('this file is missing.', again, { file });
  if (content.length !== sizeBytes) {
    throw otherSize(content.length, sizeBytes, file);
  }
  const found = await digestSlices(new FolderFile(file, content));
  if (found.length === sha256.length && found.every((digits, slice) => digits === sha256[slice])) return;
  throw new InputError('this file has other bytes than were written.', again, { file });
}

/** Moments of every weight that the recipe trains. */
function readMoments(
  bytes: Uint8Array,
  config: T5Config,
  recipe: Recipe,
  file: string,
): NonNullable<RunArchive['moments']> {
  const { tensors } = parseSafetensors(bytes, file);
  const frozen = untrainedParameters(config, recipe);
  const read = (prefix: string): Weights =>
    new Map(
      expectedParameters(config)
        .filter(({ name }) => !frozen.has(name))
        .map(({ name, shape }) => {
          const tensor = tensors.get(prefix + name);
          if (!(tensor?.data instanceof Float32Array) || String(tensor.shape) !== String(shape))
            throw new InputError(`"${prefix}${name}" is missing or of another shape.`, again, { file });
          if (!tensor.data.every(Number.isFinite))
            throw new InputError(
              `"${prefix}${name}" has values that are no numbers (NaN or Infinity).`,
              again,
              { file },
            );
          return [name, tensor.data];
        }),
    );
  return { expAvg: read('exp_avg.'), expAvgSq: read('exp_avg_sq.') };
}

function readModel(bytes: Uint8Array, config: T5Config, file: string): Weights {
  const { tensors } = parseSafetensors(bytes, file);
  const weights: Weights = new Map();
  for (const { name, shape } of expectedParameters(config)) {
    const tensor = tensors.get(name);
    if (!(tensor?.data instanceof Float32Array) || String(tensor.shape) !== String(shape)) {
      throw new InputError(`weight "${name}" is missing or of another shape.`, again, { file });
    }
    if (!tensor.data.every(Number.isFinite)) {
      throw new InputError(
        `weight "${name}" has values that are no numbers (NaN or Infinity), so this student cannot answer.`,
        'Go back to a run whose loss stayed a number, and export that one.',
        { file },
      );
    }
    weights.set(name, tensor.data);
  }
  return weights;
}
