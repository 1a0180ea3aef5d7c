/**
 * What a run takes, counted on the plans that its engine will make: before anything is opened. Rows are taken to be as
 * long as the recipe lets them be.
 */
import type { T5Config } from '../../student/config.ts';
import type { Lora } from '../../student/lora/lora.ts';
import type { TrainingMethod } from '../../student/memory.ts';
import { sizeOf, type Parameter } from '../../student/parameters.ts';
import type { MicroBatch, TaskBatch } from '../engine.ts';
import { planGeneration } from './generation.ts';
import { bucketOf, fits, generationParts, stepRows, unite } from './passes.ts';
import { roomyBucket } from './plan-cache.ts';
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
  /** New tokens at most when the student is tested (greedily), and inputs that are answered together. */
  generationTokens: number;
  generationRows: number;
  /** Names of the weights that are not trained. */
  frozen: ReadonlySet<string>;
  /** Adapters, which alone are trained; left out or null for none. */
  lora?: Lora | null;
}

/** Bytes that an executor holds once all these plans, which take turns, have been prepared one after the other. */
export type DeviceBytes = (layout: SlabLayout, plans: readonly Plan[]) => number;

export interface RunMemory {
  /** While it trains: weights, gradients, moments, and the activations of the largest step. */
  steadyBytes: number;
  /**
   * The most that it takes: when the student is tested, or a checkpoint or a comparison has read the whole state (a copy
   * of weights and moments, and one part of a slab on its way). The weights that the engine was opened with are the
   * caller's and not counted.
   */
  peakBytes: number;
  /** Of one slot or part of a slab: what a GPU must be able to bind (`maxStorageBufferBindingSize`). */
  largestBindingBytes: number;
  /** Passes through the student in an optimiser step: more than the recipe's where one would not fit a binding. */
  microBatches: number;
}

const bytesPerFloat = 4;

/** @throws EngineError where one weight is larger than a binding. */
export function runMemory(config: T5Config, shape: RunShape, deviceBytes: DeviceBytes): RunMemory {
  const layout = new SlabLayout(config, shape.frozen, shape.lora ?? null);
  const roomy = (needed: Bucket): Bucket => roomyBucket(needed, null, (bucket) => fits(config, bucket));

  const { passes } = stepRows(config, fullMicroBatches(shape), 0.5);
  const needed = passes.map(({ pairs }) => bucketOf(pairs)).reduce(unite);
  const step = planStep(layout, roomy(needed), shape.dropout > 0);

  const inputs = fullRows(shape.generationRows, shape.inputTokens);
  const options = { maxNewTokens: shape.generationTokens, numBeams: 1 };
  const parts = generationParts(config, inputs, options, shape.generationRows);
  const generation = planGeneration(layout, roomy(parts.map(({ bucket }) => bucket).reduce(unite)), true);

  const lengths = [...step.slots, ...generation.slots].map(({ length }) => length);
  const partLengths = layout.partLengths;
  return {
    steadyBytes: deviceBytes(layout, [step]),
    peakBytes: deviceBytes(layout, [step, generation]) + stateBytes(layout),
    largestBindingBytes: bytesPerFloat * Math.max(...lengths, ...partLengths),
    microBatches: passes.length,
  };
}

/** A copy of weights (adapters, where there are any) and moments as `Engine.read` gives it, and the part of a slab that is being read. */
function stateBytes(layout: SlabLayout): number {
  const { lora, parameters, trained } = layout;
  const floats = (list: readonly Parameter[]) => list.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const part = Math.max(...layout.partLengthsOf(lora === null ? 'parameters' : 'gradients'));
  const weights = floats(lora === null ? parameters : trained);
  return bytesPerFloat * (part + weights + 2 * floats(trained));
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
