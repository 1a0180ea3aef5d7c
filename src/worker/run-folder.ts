/**
 * A run's folder, as the terminal writes it and the project for more machines does (docs/scale-out.md), read as an
 * exported run is: `run.json`, `job.json`, `metrics.jsonl`, `evaluations.jsonl`, `predictions.jsonl`, `summary.json`,
 * `model/`, `checkpoint-N/`.
 */
import { CheckpointError, InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import { areAdapters } from '../distill/engine-student.ts';
import { parseFacts, type CheckpointFacts } from '../distill/checkpoint.ts';
import { readCheckpoint } from '../distill/checkpoint-source.ts';
import { parseRecipe, type Recipe } from '../distill/recipe.ts';
import type { EngineState } from '../engine/engine.ts';
import { checkWhole, type RunArchive } from '../export/run-archive.ts';
import { mostMoments, readRunTexts } from '../export/run-record.ts';
import { checkModel, checkMoments } from '../export/run-weights.ts';
import { parseBounded } from '../formats/json-values.ts';
import { keptTexts } from '../store/kept-students.ts';
import {
  readStudentFolder,
  readStudentOutline,
  type Student,
  type StudentOutline,
} from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { filesFromBlobs, mostSettings } from '../student/student-files.ts';
import { bundledStudentId } from './protocol.ts';

const path = z.union([z.string(), z.array(z.string()).min(1)]).nullish();
const jobSchema = z.object({
  student: z.string().nullish(),
  train: path,
  testRows: z.number().nullish(),
  rowsSha256: z.string(),
  digests: z.object({ student: z.string() }).optional(),
});
const tally = z.object({ correct: z.number(), total: z.number() });
const summarySchema = z.object({
  accuracy: z.object({ base: tally.optional(), distilled: tally, teacher: tally.nullish() }).nullable(),
  engine: z.string(),
  backend: z.string(),
  adapter: z.string(),
  reason: z.string(),
  student: z.string(),
  parameters: z.number(),
  trainRows: z.number(),
  steps: z.number(),
  takenStep: z.number().optional(),
  early: z.boolean().optional(),
});
/** Of the project's `scale.json`: what the studio knew the run by. */
const scaleSchema = z.object({
  run: z.object({
    name: z.string(),
    datasetId: z.string(),
    datasetName: z.string(),
    studentId: z.string(),
    studentName: z.string(),
    trainRows: z.number(),
    testRows: z.number().nullish(),
    studentSha256: z.string().optional(),
  }),
});

/** A record of a run is some kilobytes; a curve of millions of steps, or answers to as many rows, some hundred megabytes. */
const mostTextBytes = 20_000_000;
const mostLinesBytes = 400_000_000;

interface Found {
  student: Student | StudentOutline;
  weights: EngineState['weights'];
  step: number;
  engine: CheckpointFacts['engine'] | null;
  moments: RunArchive['moments'];
}

/**
 * @param files By path within the run's folder; with the project's `scale.json` under `../scale.json`, where it was dropped.
 * @param name What the folder is called.
 * @throws InputError where something is missing or not as a run writes it; CheckpointError where no checkpoint is whole.
 */
export async function readRunFolder(files: ReadonlyMap<string, Blob>, name: string): Promise<RunArchive> {
  const texts = new Map<string, string>();
  for (const [at, blob] of files)
    if (/^(?:\.\.\/)?[\w-]+\.jsonl?$/.test(at)) texts.set(at, await textOf(blob, `${name}/${at}`));
  const text = (file: string): string | null => texts.get(file) ?? null;
  const json = <Schema extends z.ZodType>(file: string, schema: Schema): z.infer<Schema> | null => {
    const content = text(file);
    return content === null ? null : parsed(content, schema, `${name}/${file}`);
  };
  const job = json('job.json', jobSchema);
  const summary = json('summary.json', summarySchema);
  const known = json('../scale.json', scaleSchema)?.run ?? null;
  const recipe = parseRecipe(text('run.json') ?? '', `${name}/run.json`);
  const found = await foundWeights(files, { summary, recipe }, name);
  const { length: step } = linesOf(text('metrics.jsonl') ?? '');
  const isWhole = summary !== null && (summary.early === true || summary.steps >= recipe.steps);
  const { engine, backend, adapter } = summary ?? found.engine ?? { engine: '', backend: '', adapter: '' };
  const value = {
    name: (known === null ? name : `${known.name} on ${adapter}`).slice(0, 200),
    createdAt: Date.now(),
    datasetId: known?.datasetId ?? '',
    datasetName: known?.datasetName ?? (job?.train ? lastPart([job.train].flat()[0]!) : 'rows of elsewhere'),
    studentId: known?.studentId ?? ((job?.student ?? null) === null ? bundledStudentId : ''),
    studentName: known?.studentName ?? lastPart(job?.student ?? bundledStudentId),
    ...(known?.studentSha256 === undefined ? {} : { studentSha256: known.studentSha256 }),
    testRows: known?.testRows ?? job?.testRows ?? null,
    state: {
      phase: 'done',
      step: summary?.steps ?? step,
      stopped: !isWhole,
      ...(summary?.early === true ? { early: true } : {}),
    },
    engine: {
      engine,
      backend,
      adapter,
      reason: summary?.reason ?? '',
      bytesHeld: 0,
      parameters: countParameters(found.student.config),
    },
    evaluations: evaluationsOf(text('evaluations.jsonl') ?? '', `${name}/evaluations.jsonl`),
    comparison: comparisonOf(summary, found.step),
    step,
    trainRows: known?.trainRows ?? summary?.trainRows ?? 0,
    rowsSha256: job?.rowsSha256 ?? null,
    savedStep: found.step,
  };
  const whole = (file: string): string | null => {
    const content = text(file);
    // A run that was killed may have left half a line.
    return content === null || !file.endsWith('.jsonl')
      ? content
      : linesOf(content)
          .map((line) => `${line}\n`)
          .join('');
  };
  const archive: RunArchive = {
    ...readRunTexts(value, whole, name),
    config: found.student.config,
    student: keptTexts(found.student),
    weights: found.weights,
    moments: isWhole || recipe.lora !== null ? null : found.moments,
    begunWith: job?.digests?.student,
  };
  return checkWhole(archive, name);
}

/** The newest state that is whole, or what the run came to. */
async function foundWeights(
  files: ReadonlyMap<string, Blob>,
  { summary, recipe }: { summary: z.infer<typeof summarySchema> | null; recipe: Recipe },
  name: string,
): Promise<Found> {
  const within = (folder: string): Map<string, Blob> =>
    new Map([...files].flatMap(([at, blob]) => (at.startsWith(`${folder}/`) ? [[at, blob] as const] : [])));
  const model = within('model');
  const steps = [...files.keys()]
    .flatMap((at) => /^checkpoint-(\d+)\/checkpoint\.json$/.exec(at)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
  let damage: unknown = null;
  // `model/` has an earlier step's weights where these are taken, and then there is nothing to resume.
  if (summary?.takenStep === undefined)
    for (const step of steps) {
      try {
        const state = await stateOf(files, step);
        if (areAdapters(state.weights)) break;
        const { expAvg, expAvgSq } = state;
        const student = await readStudentOutline(filesFromBlobs(within(`checkpoint-${step}`)), name);
        const { config } = student;
        const file = `${name}/checkpoint-${step}`;
        const hasMoments = expAvg.size > 0 && recipe.optimizer === 'adamw';
        return {
          student,
          weights: checkModel(state.weights, config, file),
          step,
          engine: state.engine,
          moments: hasMoments ? checkMoments({ expAvg, expAvgSq }, config, recipe, file) : null,
        };
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        damage ??= error;
      }
    }
  if (model.size > 0 && summary !== null) {
    const student = await readStudentFolder(filesFromBlobs(model), name);
    const step = summary.takenStep ?? summary.steps;
    return { student, weights: student.weights, step, engine: null, moments: null };
  }
  if (damage instanceof CheckpointError) throw damage;
  throw new InputError(
    steps.length === 0
      ? 'this run has kept no weights yet: there is neither model/ nor a checkpoint.'
      : 'this run has kept its adapters alone so far: there is no model/ yet.',
    'Let it come to its end, or to a stop, and bring its folder then.',
    { file: name },
  );
}

/** @throws CheckpointError where it is not whole. */
async function stateOf(files: ReadonlyMap<string, Blob>, step: number) {
  const facts = parseFacts((await files.get(`checkpoint-${step}/checkpoint.json`)?.text()) ?? '');
  if (facts?.step !== step) {
    throw new CheckpointError(
      `checkpoint.json of step ${step} is not as it was written.`,
      'Copy the folder again.',
    );
  }
  const state = await readCheckpoint(facts, (file) => {
    const blob = files.get(`checkpoint-${step}/${file.name}`);
    if (blob !== undefined) return blob;
    throw new DOMException('it was not dropped', 'NotFoundError');
  });
  return { ...state, engine: facts.engine };
}

/** Where base and distilled student were asked the same rows: the project for more machines asks the latter alone. */
function comparisonOf(summary: z.infer<typeof summarySchema> | null, step: number) {
  if (summary?.accuracy?.base === undefined) return null;
  const { base, distilled, teacher = null } = summary.accuracy;
  return { base, distilled, teacher, step };
}

/** The text of a file. @throws InputError where it is larger than a run writes. */
async function textOf(blob: Blob, file: string): Promise<string> {
  const most = file.endsWith('.jsonl') ? mostLinesBytes : mostTextBytes;
  if (blob.size <= most) return blob.text();
  throw new InputError(
    `this file has ${formatBytes(blob.size)}; more than ${formatBytes(most)} is not read.`,
    'Choose the folder of a run.',
    { file },
  );
}

/** @throws InputError where there are more than a record may have, before anything is built of them. */
function evaluationsOf(text: string, file: string): unknown[] {
  const lines = linesOf(text);
  if (lines.length <= mostMoments) return lines.map((line) => parsed(line, z.unknown(), file));
  throw new InputError(
    `it has ${formatCount(lines.length)} measurements; more than ${formatCount(mostMoments)} are not read.`,
    'Choose the folder of a run.',
    { file },
  );
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

function lastPart(at: string): string {
  return at.split(/[\\/]/).findLast((part) => part !== '') ?? at;
}

function parsed<Schema extends z.ZodType>(text: string, schema: Schema, file: string): z.infer<Schema> {
  let value: unknown = null;
  try {
    value = parseBounded(text, mostSettings, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // Said below, as for any other content.
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError('this is not what a run writes there.', 'Copy the run’s folder again.', { file });
}
