/**
 * What a run takes, counted on the plans that its engine will make: before anything is opened. Rows are taken to be as
 * long as the recipe lets them be.
 */
import type { T5Config } from '../../student/config.ts';
import type { Lora } from '../../student/lora/lora.ts';
import type { TrainingMethod } from '../../student/memory.ts';
import { sizeOf, type Parameter } from '../../student/parameters.ts';
import type { GenerateOptions, MicroBatch, OptimizerName, TaskBatch } from '../engine.ts';
import { pieceLength } from '../state-source.ts';
import { isPlainGreedy } from '../token-rules.ts';
import { planGeneration } from './generation.ts';
import {
  bucketOf,
  defaultRowsTogether,
  fits,
  generationParts,
  roundBucket,
  stepRows,
  unite,
} from './passes.ts';
import { roomyBucket, type Planner } from './plan-cache.ts';
import type { Bucket } from './builder.ts';
import type { Plan } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { planStep } from './training.ts';

/** What decides how large the plans of a run are. */
export interface RunShape {
  method: TrainingMethod;
  /** Rows of a micro-batch, and micro-batches of a step. */
  batchSize: number;
  accumulation: number;
  /** Tokens of the longest input and target. */
  inputTokens: number;
  targetTokens: number;
  dropout: number;
  /** New tokens at most when the student is tested, and inputs that are answered together. */
  generationTokens: number;
  generationRows: number;
  /** How answers are chosen; left out or null: greedily. */
  generation?: Partial<GenerateOptions> | null;
  /** Names of the weights that are not trained. */
  frozen: ReadonlySet<string>;
  /** Adapters, which alone are trained; left out or null for none. */
  lora?: Lora | null;
  /** Left out: AdamW. */
  optimizer?: OptimizerName;
}

/** An executor's memory, counted without it. */
export interface DeviceModel {
  /** Bytes that it holds once all these plans, which take turns, have been prepared one after the other. */
  bytesOf: (layout: SlabLayout, plans: readonly Plan[]) => number;
  /** As `Executor.canHold`. */
  canHold: (layout: SlabLayout, plan: Plan) => boolean;
  /** What it can take in all; Infinity where that is not known before it is tried. */
  limitBytes: number;
  /** Of the largest buffer that it binds. */
  bindingBytes: number;
}

/**
 * Activations that a plan may have, in bytes, as far as batches can be cut: a pass of this size keeps any device busy,
 * and a GPU does not tell how much memory it has.
 */
export const activationBytes = 512 * 1024 * 1024;

export interface RunMemory {
  /** While it trains: weights, gradients, moments, and the activations of the largest step. */
  steadyBytes: number;
  /**
   * The most that it takes: when the student is tested, and a checkpoint is written in slices, or the trained weights are
   * set aside while the base student is asked (with adapters none are). The weights that the engine was opened with are the caller's and not counted.
   */
  peakBytes: number;
  /** Of one slot or part of a slab: what a GPU must be able to bind (`maxStorageBufferBindingSize`). */
  largestBindingBytes: number;
  /** Passes through the student in an optimiser step: more than the recipe's where one would not fit a binding. */
  microBatches: number;
}

const bytesPerFloat = 4;
/** Of a checkpoint on its way: a slice, and a piece of a tensor, each with the copy that is hashed or comes from a GPU. */
const snapshotBytes = 4 * bytesPerFloat * pieceLength;

/** @throws EngineError where one weight is larger than a binding. */
export function runMemory(config: T5Config, shape: RunShape, model: DeviceModel): RunMemory {
  const layout = new SlabLayout(
    config,
    shape.frozen,
    shape.lora ?? null,
    shape.optimizer,
    model.bindingBytes,
  );
  const step: Planner = (bucket) => planStep(layout, bucket, shape.dropout > 0);
  const options = { numBeams: 1, ...shape.generation, maxNewTokens: shape.generationTokens };
  const generation: Planner = (bucket) => planGeneration(layout, bucket, isPlainGreedy(options));
  // As PlanCache has it.
  const allows = (planner: Planner) => (bucket: Bucket) =>
    fits(config, bucket) && model.canHold(layout, planner(bucket));
  const holds = (planner: Planner) => (bucket: Bucket) =>
    allows(planner)(roundBucket(bucket)) || allows(planner)(bucket);

  const { passes } = stepRows(config, fullMicroBatches(shape), 0.5, { holds: holds(step) });
  const needed = passes.map(({ pairs }) => bucketOf(pairs)).reduce(unite);
  const stepPlan = step(roomyBucket(needed, null, allows(step)));

  const inputs = fullRows(shape.generationRows, shape.inputTokens);
  const rowsTogether = Math.min(defaultRowsTogether, shape.generationRows * options.numBeams);
  const parts = generationParts(config, inputs, options, rowsTogether, holds(generation));
  const largest = parts.map(({ bucket }) => bucket).reduce(unite);
  const generationPlan = generation(roomyBucket(largest, null, allows(generation)));

  const lengths = [...stepPlan.slots, ...generationPlan.slots].map(({ length }) => length);
  // Beside adapters the base answers with a plan of its own.
  const plans = [stepPlan, generationPlan];
  if (layout.lora !== null)
    plans.push(
      planGeneration(layout, roomyBucket(largest, null, allows(generation)), isPlainGreedy(options), false),
    );
  const trainedBytes = bytesPerFloat * lengthOf(layout.trained);
  const asideBytes = layout.lora === null ? trainedBytes : 0;
  return {
    steadyBytes: model.bytesOf(layout, [stepPlan]),
    peakBytes: model.bytesOf(layout, plans) + Math.max(asideBytes, Math.min(snapshotBytes, 4 * trainedBytes)),
    largestBindingBytes: Math.max(bytesPerFloat * Math.max(...lengths), ...layout.partBytesOf('parameters')),
    microBatches: passes.length,
  };
}

function lengthOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** A row of so many tokens; which they are makes no difference to a plan. */
function fullRows(count: number, length: number): Int32Array[] {
  return new Array<Int32Array>(count).fill(new Int32Array(length));
}

function fullMicroBatches({
  method,
  batchSize,
  accumulation,
  inputTokens,
  targetTokens,
}: RunShape): MicroBatch[] {
  const task: TaskBatch = {
    inputs: fullRows(batchSize, inputTokens),
    targets: fullRows(batchSize, targetTokens),
  };
  return new Array<MicroBatch>(accumulation).fill({
    answer: task,
    rationale: method === 'step-by-step' ? task : null,
  });
}
