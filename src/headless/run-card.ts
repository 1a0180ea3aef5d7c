/** What a run's folder says for the card of an export: `summary.json`, and the files beside it. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from '../base/schemas.ts';
import { keptReadingSchema } from '../data/kept-reading.ts';
import { comparedShape, predictionShape } from '../distill/compared-schema.ts';
import { parseRecipe } from '../distill/recipe.ts';
import { trainerBackends, trainerNames } from '../engine/engine.ts';
import type { CardAbout } from '../data/about.ts';
import type { CardForm, ModelCardFacts } from '../export/model-card.ts';
import type { WrittenFloat } from '../formats/safetensors-writer.ts';
import { countParameters } from '../student/parameters.ts';
import type { Student } from '../student/folder.ts';
import { evaluationsIn, linesOf, metricsFile, pointsIn } from './curve-files.ts';
import { readText } from './files.ts';

const summarySchema = z.object({
  accuracy: z.object(comparedShape).nullable(),
  engine: z.enum(trainerNames),
  backend: z.enum(trainerBackends),
  adapter: z.string(),
  student: z.string(),
  /** Not in summaries of earlier versions: what they do not say, the card does not. */
  dataset: z.string().optional(),
  baseModel: z.string().optional(),
  reading: keptReadingSchema.optional(),
  notes: z.array(z.string()).optional(),
  trainRows: z.int().min(0),
  steps: z.int().min(0),
  takenStep: z.int().optional(),
  early: z.boolean().optional(),
  chosenBy: z.enum(['validation', 'test']).optional(),
  elapsedMs: z.number().min(0),
});

const predictionSchema = z.object({
  ...predictionShape,
  teacherRationale: z.string().nullable().default(null),
});

/** Facts of a run in a folder; null where it has no summary that can be read: then nothing is claimed of it. */
export async function runCardFacts(
  run: string,
  { config }: Pick<Student, 'config'>,
  { form, dtype, about }: { form: CardForm; dtype: WrittenFloat; about: CardAbout },
): Promise<ModelCardFacts | null> {
  const summary = await readSummary(join(run, 'summary.json'));
  if (summary === null) return null;
  const recipeFile = join(run, 'model', 'run.json');
  const points = existsSync(join(run, metricsFile)) ? await pointsIn(run) : [];
  const predictions = join(run, 'predictions.jsonl');
  const [first, last] = [points[0], points.at(-1)];
  return {
    name: basename(resolve(run)),
    form,
    baseStudent: basename(resolve(summary.student)),
    baseModel: summary.baseModel ?? null,
    parameters: countParameters(config),
    recipe: parseRecipe(await readText(recipeFile), recipeFile),
    datasetName: summary.dataset ?? 'a dataset whose name was not kept',
    trainRows: summary.trainRows,
    ...(summary.reading === undefined ? {} : { reading: summary.reading }),
    notes: summary.notes ?? null,
    about,
    steps: summary.steps,
    early: summary.early ?? false,
    takenStep: summary.takenStep ?? null,
    ...(summary.chosenBy === undefined ? {} : { chosenBy: summary.chosenBy }),
    accuracy: summary.accuracy,
    losses: first && last ? { first, last } : null,
    curves: { points, evaluations: await evaluationsIn(run) },
    elapsedMs: summary.elapsedMs,
    predictions: existsSync(predictions) ? linesOf(await readText(predictions), predictionSchema) : [],
    engine: summary,
    dtype,
  };
}

async function readSummary(file: string): Promise<z.infer<typeof summarySchema> | null> {
  if (!existsSync(file)) return null;
  try {
    return summarySchema.parse(JSON.parse(await readText(file)));
  } catch {
    return null;
  }
}
