/** `job.json` in a run's folder: what the run was begun with, so that `--resume` needs no more than the folder. */
import { writtenFloats } from '../formats/safetensors-writer.ts';
import { dirname, resolve } from 'node:path';
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { completionModes } from '../data/completions.ts';
import { metricIds } from '../data/metrics/metrics.ts';
import { listOfPaths, type Paths } from './data-files.ts';
import { recordedPlace } from './hub-dataset.ts';
import { hubPrefix } from '../hub/hub-name.ts';
import { readText } from './files.ts';

/** One path, or several whose rows follow each other. */
const paths = z.union([z.string(), z.array(z.string())]).nullable();

const jobSchema = z.strictObject({
  format: z.literal('stillroom-run-1'),
  /** Absolute, or from the run's folder; null is the bundled student, and the bundled sample. */
  student: z.string().nullable(),
  train: paths,
  trainRationales: paths,
  test: paths,
  testRationales: paths,
  /** Left out in runs of earlier versions, and where there are none. */
  validation: paths.optional(),
  validationRationales: paths.optional(),
  /** How the files are read; left out where nothing was said. */
  map: z.string().optional(),
  completions: z.enum(completionModes).optional(),
  onlyMatching: z.boolean().optional(),
  /** Joined although the rationales seem to belong to other rows. */
  unaligned: z.boolean().optional(),
  /** What answers are judged by; left out: what suits the labels. */
  metric: z.enum(metricIds).optional(),
  /** Of texts that are not UTF-8. */
  encoding: z.string().optional(),
  /** The share of the rows that is set aside to test with. */
  holdOut: z.string().optional(),
  holdOutValidation: z.string().optional(),
  /** The share of the training rows that is trained on. */
  subsample: z.string().optional(),
  rationalesMap: z.string().optional(),
  splitColumn: z.string().optional(),
  teachers: z.string().optional(),
  /** What was corrected in the rows. */
  fix: z.string().optional(),
  /** What was asked for; null lets the machine decide. */
  engine: z.string().nullable(),
  backend: z.string().nullable(),
  testRows: z.int().min(1).nullable(),
  /** Of the weights in model/. */
  precision: z.enum(writtenFloats).default('f32'),
  /** Of the training rows as they were joined: the steps of other rows are other steps. */
  rowsSha256: z.string(),
  /** Of what else the run depends on. Runs of earlier versions have none. */
  digests: z
    .strictObject({
      /** Of the student's configuration, tokenizer and weights. */
      student: z.string(),
      /** Of the test rows that are used; null without any. */
      test: z.string().nullable(),
      /** As the test rows; left out where there are none. */
      validation: z.string().optional(),
      /** Left out where it was changed before the run began elsewhere (a project of `export --scale`). */
      recipe: z.string().optional(),
    })
    .optional(),
});

export type JobFile = z.infer<typeof jobSchema>;
/** What of it a person may say again, since files move. */
export type JobInputs = Omit<JobFile, 'format' | 'rowsSha256' | 'digests'>;
/** What a run depends on, as `job.json` keeps it. */
export type JobDigests = NonNullable<JobFile['digests']> & Pick<JobFile, 'rowsSha256'> & { recipe: string };

export const jobFileName = 'job.json';

/** Paths that hold wherever the program is next started: one as it is, several as a list. */
export function absolutePaths(paths: Paths): string | string[] | null {
  const all = listOfPaths(paths).map((path) => recordedPlace(path) ?? resolve(path));
  return all.length < 2 ? (all[0] ?? null) : all;
}

export function formatJob(inputs: JobInputs, { rowsSha256, ...digests }: JobDigests): string {
  const job: JobFile = { format: 'stillroom-run-1', ...inputs, rowsSha256, digests };
  return `${JSON.stringify(job, null, 2)}\n`;
}

/** The paths of a job as they are from anywhere: relative ones are from the run's folder, so that both can move. */
function placed(job: JobFile, folder: string): Partial<JobFile> {
  // A student's name on a hub is no path.
  const from = (path: string): string => (path.startsWith(hubPrefix) ? path : resolve(folder, path));
  const all = (named: JobFile['train']): JobFile['train'] =>
    Array.isArray(named) ? named.map(from) : named === null ? null : from(named);
  return {
    student: job.student === null ? null : from(job.student),
    train: all(job.train),
    trainRationales: all(job.trainRationales),
    test: all(job.test),
    testRationales: all(job.testRationales),
    ...(job.validation === undefined ? {} : { validation: all(job.validation) }),
    ...(job.validationRationales === undefined
      ? {}
      : { validationRationales: all(job.validationRationales) }),
  };
}

/** @throws InputError where there is none, or it is not as it was written. */
export async function readJob(file: string): Promise<JobFile> {
  const text = await readText(file);
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below, as for any other content.
  }
  const job = jobSchema.safeParse(value);
  if (job.success) return { ...job.data, ...placed(job.data, dirname(file)) };
  throw new InputError('this is not what a run writes there.', 'Train again, with another --out.', { file });
}
