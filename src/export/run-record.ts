/** What an exported run's record says, and the texts beside it, each line held against what it should be. */
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { valueWords } from '../base/value-words.ts';
import { comparedShape } from '../distill/compared-schema.ts';
import { evaluationSchema, pointSchema } from '../distill/curve-schema.ts';
import { keptReadingSchema } from '../data/kept-reading.ts';
import { generationSchema, parseRecipe } from '../distill/recipe.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import { mostOwnQuestions } from '../distill/watched.ts';
import { trainerBackends, trainerNames } from '../engine/engine.ts';
import type { RunRecord } from '../store/records.ts';
import { checked, mostPredictions, parseJson, predictionSchema, readLines } from './read-lines.ts';
import { again, recordName } from './unpack-archive.ts';

export const format = 'stillroom-run';
export const version = 1;

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

/** A run's record and its texts. */
export interface RunTexts {
  run: ArchivedRun;
  metrics: MetricsPoint[];
  predictions: Prediction[];
}

/** A file that the record lists. */
export type ListedFile = z.infer<typeof fileSchema>;
type ReadRecord = z.infer<typeof recordSchema>;

const count = z.int().min(0);
/** Names and ids are shown in lists: no title is as long as a book. */
const title = z.string().max(1000);
/** More moments than this would only keep the screens from drawing. */
export const mostMoments = 10_000;
/** All that a record says: moments and what watched questions were answered, above all. */
const mostRecordValues = 2_000_000;
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
  evaluations: rising(evaluationSchema),
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

/** @throws InputError where it is no record, or one of another version. */
export function readRecord(text: string, file: string): ReadRecord {
  const value = parseJson(text, { file }, mostRecordValues);
  const { format: named, version: numbered } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (named !== format) {
    throw new InputError(`this is no record of a run (its format is not "${format}").`, again, { file });
  }
  if (numbered !== version) {
    throw new InputError(
      `the run was exported in version ${valueWords(numbered)} of the format; this page reads version ${version}.`,
      'Reload the page to get the newest studio, then import it again.',
      { file },
    );
  }
  return checked(recordSchema, value, { file });
}

/** No step of a run is after the last one of its recipe, and nothing was done after the last one that was taken. */
function checkSteps(record: ReadRecord, steps: number, file: string): void {
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
    if (at > steps)
      throw new InputError(`"${key}" is at step ${at}, after the recipe’s last, ${steps}.`, again, { file });
    if (at > step)
      throw new InputError(`"${key}" is at step ${at}, and only ${step} were taken.`, again, { file });
  }
}

/** Base, distilled student and teacher were asked the same rows. */
function checkCounts({ comparison }: ReadRecord, file: string): void {
  if (comparison === null) return;
  const { base, distilled, teacher, metrics } = comparison;
  const rows = distilled.total;
  const others = [base.total, teacher?.total ?? 0, metrics?.rationales?.rows ?? 0];
  if (base.total === rows && others.every((count) => count <= rows)) return;
  throw new InputError(
    `"comparison" is of ${rows} rows and of ${others.find((count) => count !== rows)} at once.`,
    again,
    { file },
  );
}

/**
 * A run out of a record without files and the texts of its own: of a folder that a run was written to.
 * @param value As `record.json` has it, but for `format`, `version`, `config` and `files`.
 * @param text The text of a file; null where it is not there.
 * @throws InputError that names the file, and the line, that is not as it should be.
 */
export function readRunTexts(value: object, text: (name: string) => string | null, file: string): RunTexts {
  const record = checked(recordSchema, { ...value, config: null, files: [] }, { file });
  return readTexts(record, text, file);
}

/** @throws InputError that names the file, and the line, that is not as it should be. */
export function readTexts(record: ReadRecord, text: (name: string) => string | null, file: string): RunTexts {
  const label = (name: string): string => `${file}/${name}`;
  const needed = (name: string): string => {
    const content = text(name);
    if (content === null) throw new InputError('this file is missing.', again, { file: label(name) });
    return content;
  };
  const { files: _, config: __, state, note, watched, reading, ...others } = record;
  const { studentSha256, studentHub, about, ownQuestions, ...facts } = others;
  const recipe = parseRecipe(needed('run.json'), label('run.json'));
  const metrics = readLines(needed('metrics.jsonl'), pointSchema, label('metrics.jsonl'), recipe.steps);
  metrics.forEach(({ step }, index) => {
    if (index === 0 || step > metrics[index - 1]!.step) return;
    throw new InputError(`step ${step} does not come after the one before it.`, again, {
      file: label('metrics.jsonl'),
      line: index + 1,
    });
  });
  checkSteps(record, recipe.steps, label(recordName));
  checkCounts(record, label(recordName));
  const last = metrics.at(-1)?.step ?? 0;
  if (last > recipe.steps) {
    throw new InputError(`step ${last} is after the recipe’s last, ${recipe.steps}.`, again, {
      file: label('metrics.jsonl'),
      line: metrics.length,
    });
  }
  const said = text('predictions.jsonl');
  const predictions =
    said === null ? [] : readLines(said, predictionSchema, label('predictions.jsonl'), mostPredictions);
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
