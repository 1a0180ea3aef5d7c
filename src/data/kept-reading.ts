/** How rows were read, as it is kept with a run: apart from the reading itself, which the page's start has no need of. */
import { z } from '../base/schemas.ts';
import type { CompletionMode } from './completions.ts';
import type { MetricId } from './metrics/metrics.ts';

const text = z.string().max(20_000);
/** A part of the rows, drawn. */
const draw = z.strictObject({
  /** Above 0 and up to 1. */
  share: z.number().gt(0).max(1),
  seed: z.int().min(0).max(0xffff_ffff),
});

/** As it is kept with a run and in `run.json`, under `data`: keys and words are those of the terminal's options. */
export const keptReadingSchema = z.strictObject({
  /** Which column is what, as `--map` takes it. */
  map: text.exactOptional(),
  /** Of the teacher's file, where its columns were mapped too. */
  rationalesMap: text.exactOptional(),
  /** What was fixed, as `--fix` takes it. */
  fix: text.exactOptional(),
  /** Joined although the rationales seem to belong to other rows. */
  unaligned: z.boolean().exactOptional(),
  /** How else the training rows' rationales were joined after an alarm, in words. */
  rejoined: text.exactOptional(),
  holdOut: draw.exactOptional(),
  validation: draw.exactOptional(),
  subsample: draw.exactOptional(),
  completions: z.enum(['faithful', 'repaired'] satisfies CompletionMode[]).exactOptional(),
  /** As `--teachers` takes it. */
  teachers: text.exactOptional(),
  onlyMatching: z.boolean().exactOptional(),
  /** The column that says each row's split; null: none was followed. */
  splitColumn: text.nullable().exactOptional(),
  /** What answers are judged by, where it was said. */
  metric: z
    .enum(['exact', 'normalised', 'choice', 'number', 'equation'] satisfies MetricId[])
    .exactOptional(),
  /** Of texts that carry no mark. */
  encoding: text.exactOptional(),
  /** Training rows whose reason was asked for with the label given: the teacher was not right by itself there. */
  rationalised: z.int().min(1).exactOptional(),
  /** Training rows whose reason was written by hand. */
  edited: z.int().min(1).exactOptional(),
});
export type KeptReading = z.infer<typeof keptReadingSchema>;
export type HoldOut = z.infer<typeof draw>;
