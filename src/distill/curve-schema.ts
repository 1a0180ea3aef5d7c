/** A run's curve as it comes back from a file: lines of `metrics.jsonl` and `evaluations.jsonl`, an exported run's record. */
import { z } from '../base/schemas.ts';
import { isTally, moreRight, tallySchema } from './compared-schema.ts';

const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

/** As `MetricsPoint`. */
export const pointSchema = z.object({
  step: z.int().min(1),
  learningRate: number,
  answerLoss: number,
  rationaleLoss: number.nullable(),
  loss: number,
  gradNorm: number,
  tokens: z.int().min(0),
  elapsedMs: z.number().min(0),
});

/** As `Evaluation`, its keys in the order in which they are written. */
export const evaluationSchema = z
  .object({
    step: z.int().min(0),
    ...tallySchema.shape,
    split: z.literal('validation').optional(),
    answerLoss: number.optional(),
    rationaleLoss: number.nullable().optional(),
    loss: number.optional(),
  })
  .refine(isTally, moreRight);
