/** The work of a training step or an evaluation, by the plan's own count, without an engine. */
import type { T5Config } from '../../student/config.ts';
import type { TrainingShape } from '../../student/memory.ts';
import type { TaskBatch } from '../engine.ts';
import type { Bucket } from './builder.ts';
import { flopsOfAll } from './cost.ts';
import type { Plan } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { planEvaluation, planStep } from './training.ts';

/** Floating-point operations of a step whose rows are all as long as the shape's longest. */
export function stepFlops(
  config: T5Config,
  { batchSize, inputTokens, targetTokens, method }: TrainingShape,
  frozen: ReadonlySet<string>,
): number {
  const sequences = batchSize * (method === 'step-by-step' ? 2 : 1);
  const bucket: Bucket = {
    encoderRows: sequences * inputTokens,
    decoderRows: sequences * targetTokens,
    sequences,
    maxEncoderLength: inputTokens,
    maxDecoderLength: targetTokens,
    generationRows: 0,
  };
  return flopsOfPlan(planStep(new SlabLayout(config, frozen, null, 'adamw', Infinity), bucket, false));
}

/** Floating-point operations of the forward pass over these rows and their losses. */
export function evaluationFlops(config: T5Config, { inputs, targets }: TaskBatch): number {
  const lengths = (rows: readonly Int32Array[]) => rows.map(({ length }) => length);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const bucket: Bucket = {
    encoderRows: sum(lengths(inputs)),
    decoderRows: sum(lengths(targets)),
    sequences: inputs.length,
    maxEncoderLength: Math.max(...lengths(inputs)),
    maxDecoderLength: Math.max(...lengths(targets)),
    generationRows: 0,
  };
  return flopsOfPlan(planEvaluation(new SlabLayout(config, undefined, null, 'adamw', Infinity), bucket));
}

function flopsOfPlan({ programs, capacities }: Plan): number {
  return [...programs.values()].reduce((sum, program) => sum + flopsOfAll(program, capacities), 0);
}
