/** A comparison as it comes back from a file: `summary.json`, the record of an exported run. */
import { z } from '../base/schemas.ts';
import { metricIds } from '../data/metrics/metrics.ts';

const count = z.int().min(0);

export const isTally = ({ correct, total }: { correct: number; total: number }): boolean => correct <= total;
export const moreRight = 'more right answers than questions';
export const tallySchema = z.object({ correct: count, total: count }).refine(isTally, moreRight);

const talliesShape = { base: tallySchema, distilled: tallySchema, teacher: tallySchema.nullable() };
const share = z.number().min(0).max(1);

/** As `ComparedAccuracy`. */
export const comparedShape = {
  ...talliesShape,
  rawText: z.object({ base: tallySchema, distilled: tallySchema }).optional(),
  metrics: z
    .object({
      main: z.enum(metricIds),
      because: z.string().max(10_000),
      by: z.partialRecord(z.enum(metricIds), z.object(talliesShape)),
      macroF1: z.object({ base: share, distilled: share, teacher: share.nullable() }).nullable(),
      rationales: z.object({ rows: count, tokenF1: share, rougeL: share }).nullable(),
    })
    .optional(),
};

/** A row of `predictions.jsonl`, as `Prediction`. */
export const predictionShape = {
  row: count,
  input: z.string(),
  label: z.string(),
  writtenLabel: z.string().optional(),
  judgedBy: z.enum(metricIds).exactOptional(),
  teacher: z.string().nullable(),
  base: z.string(),
  distilled: z.string(),
  rationale: z.string().nullable(),
};
