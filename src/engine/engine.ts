/**
 * The narrow waist of the house: what trains a student. An engine knows weights, token ids and numbers; never text,
 * files or screens. Rows come as ragged lists (ids without padding); an engine pads or packs them as suits it.
 *
 * Rules that every engine keeps (shared goldens, tolerances stated in tests):
 * - loss = alpha · answer + (1 - alpha) · rationale, each the mean over its own target tokens; with several
 *   micro-batches each task's loss is (sum of token losses over all of them) / (all its tokens).
 * - The gradient's global L2 norm is taken before clipping; clipping multiplies by min(1, limit / (norm + 1e-6)).
 * - Adafactor: see plan/operations.ts. Of a student that is trained with it the rate of a step is `learningRate`, or that
 *   times the size of each weight (`adafactor-relative`).
 * - AdamW, betas 0.9 and 0.999, epsilon 1e-8: p *= 1 - lr·wd first (not on layer norms nor on
 *   `relative_attention_bias`), then p -= lr · m̂ / (√v̂ + epsilon).
 * - Frozen weights keep their bits; for the rest all is as if they were constants (PyTorch's `requires_grad = False`).
 */
import type { T5Config, Weights } from '../student/config.ts';
import type { Lora } from '../student/lora/lora.ts';
import type { GenerationSettings } from '../student/own-generation.ts';

/** Rows of one task. `inputs[i]` and `targets[i]` are token ids and end with the end token; none is empty. */
export interface TaskBatch {
  inputs: readonly Int32Array[];
  targets: readonly Int32Array[];
}

/** Rows that pass through the student together. `rationale` is null for standard fine-tuning. */
export interface MicroBatch {
  answer: TaskBatch;
  rationale: TaskBatch | null;
}

/** What one optimiser step is told besides its rows. */
export interface Update {
  /** From 1. Drives AdamW's bias correction and the dropout counters. */
  step: number;
  /** Weight of the answer loss, in [0, 1]. Without a rationale task the answer loss counts whole. */
  alpha: number;
  learningRate: number;
  weightDecay: number;
  /** Limit for the gradient's global L2 norm; 0 for none. */
  maxGradNorm: number;
  /** Dropout rate, in [0, 1). */
  dropout: number;
  /** Seed of the dropout masks. */
  seed: number;
  /**
   * Passes that each micro-batch is cut into at least: less memory, the same step but for rounding. An engine cuts by
   * itself what would not fit. Left out: 1.
   */
  parts?: number;
}

/** What one optimiser step measured, before it changed the weights. */
export interface StepResult {
  answerLoss: number;
  /** Null where the step had no rationale rows. */
  rationaleLoss: number | null;
  loss: number;
  /** Global L2 norm before clipping. */
  gradNorm: number;
  /** Input and target tokens read, both tasks, padding not counted. */
  tokens: number;
}

/** A step that is queued. */
export interface BegunStep {
  result: Promise<StepResult>;
}

/** What is left out is as transformers has it: see `greedy`. */
export interface GenerateOptions extends Partial<GenerationSettings> {
  /** New tokens at most, the end token included. */
  maxNewTokens: number;
  numBeams: number;
}

/** One finished beam. */
export interface Generation {
  /** Without the start token; ends with the end token if one was produced. */
  ids: Int32Array;
  /** As `FinishedBeam` has it (the end token counts); null for greedy search, which does not need it. */
  score: number | null;
}

/**
 * AdamW; Adafactor as T5 is trained with it (transformers' `Adafactor` with scale_parameter and relative_step false, which
 * takes the recipe's rate); or with transformers' defaults (its own rate, times each weight's size).
 */
export const optimizerNames = ['adamw', 'adafactor', 'adafactor-relative'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

/** What a state consists of: weights, and the optimiser's averages by PyTorch's names. */
export const stateGroups = ['weights', 'expAvg', 'expAvgSq', 'expAvgSqRow', 'expAvgSqCol'] as const;
export type StateGroup = (typeof stateGroups)[number];

/** Everything needed to continue: the optimiser's moments too. */
export interface EngineState {
  /** Of a student with adapters these alone: its base is never changed. */
  weights: Weights;
  /** AdamW's `exp_avg` and `exp_avg_sq`, by weight name; empty before the first step. Frozen weights have none. */
  expAvg: Weights;
  expAvgSq: Weights;
  /**
   * Adafactor's averages of squares instead, of each row and each column of a matrix; `expAvgSq` then has those of
   * vectors, and `expAvg` nothing. Left out with AdamW.
   */
  expAvgSqRow?: Weights;
  expAvgSqCol?: Weights;
  /** Optimiser steps taken. */
  step: number;
}

const engineNames = ['tfjs', 'twin', 'wasm', 'wgsl'] as const;
export type EngineName = (typeof engineNames)[number];
export const backendNames = ['webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** What may have computed a run: an engine here, or PyTorch on other machines (`headless export --scale`). */
export const trainerNames = [...engineNames, 'torch'] as const;
export const trainerBackends = [...backendNames, 'cuda', 'mps'] as const;

export interface EngineDescription {
  engine: EngineName;
  backend: BackendName;
  /** The GPU, or what the CPU backend uses (`wasm SIMD, 4 threads`). */
  adapter: string;
  /** Why this one: shown to the person and printed first in a terminal. */
  reason: string;
  parameters: number;
  /** Bytes that the engine holds on its device now. */
  bytesHeld: number;
}

/** As `EngineDescription`, of whatever computed a run. */
export interface TrainerDescription extends Omit<EngineDescription, 'engine' | 'backend'> {
  engine: (typeof trainerNames)[number];
  backend: (typeof trainerBackends)[number];
}

/** One tensor of a state. */
export interface StateTensor {
  group: StateGroup;
  name: string;
  /** In floats. */
  length: number;
}

/** What an engine holds, or a checkpoint. It may be read for as long as nothing changes the engine's state. */
export interface StateSource {
  /** Optimiser steps taken. */
  step: number;
  /** Weights first; then the optimiser's averages, none before the first step. */
  tensors: readonly StateTensor[];
  /**
   * The values of one, in order, in pieces of at most `pieceLength` floats. A piece is to be copied before another one, of
   * whatever tensor, is asked for: it may be overwritten then.
   */
  pieces: (tensor: StateTensor) => AsyncIterable<Float32Array>;
}

/**
 * Puts an engine's own student back in its place.
 * @throws LostWeightsError where that fails: training must not continue with what the engine holds then.
 */
export type PutBack = () => Promise<void>;

/** See the rules at the top of this file. All methods reject with DeviceLostError once the device is lost. */
export interface Engine {
  describe(): EngineDescription;
  /** One optimiser step. Rejects with NonFiniteError, weights unchanged, where a loss or the norm is not finite. */
  step(microBatches: readonly MicroBatch[], update: Update): Promise<StepResult>;
  /**
   * Queues a step behind those under way and resolves once it is queued; `result` is as `step` has it. Where one under way
   * fails, those behind it change nothing and fail with its error. Left out where nothing is gained by it.
   */
  begin?: ((microBatches: readonly MicroBatch[], update: Update) => Promise<BegunStep>) | undefined;
  /** Mean token loss of one task, no dropout, no update. */
  evaluate(batch: TaskBatch): Promise<{ loss: number; tokens: number }>;
  /** The best continuation of each input. */
  generate(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[]>;
  /** The whole state, to be read piece by piece. */
  source(): StateSource;
  /** A copy of the whole state. */
  read(): Promise<EngineState>;
  /**
   * Lets another student evaluate and generate in the place of the engine's own: nothing else may be asked for until its
   * own is put back, with every bit. The trained weights are set aside on the device, where it has room for them; averages
   * and gradients stay where they are. `weights` are as `restore` takes them; frozen ones are alike in both students and
   * stay too. Of a student with adapters the base's own weights set nothing aside: the adapters are left out.
   * @throws LostWeightsError where the trained weights are lost; after any other error the engine is as before.
   */
  standIn(weights: Weights): Promise<PutBack>;
  /**
   * Replaces the whole state. `weights` must have the names and sizes of the student that was loaded; moments, where
   * there are any, must cover all that is trained, and those of frozen weights are left aside. With adapters, `weights`
   * are these; where they are the base's own instead, the adapters become zero, so that the base answers.
   */
  restore(state: EngineState): void;
  /**
   * The same from a state that is read piece by piece, so that it is never in memory beside the engine. Names and sizes
   * are checked before anything is written.
   * @throws EngineError where it does not fit, with the engine as before; LostWeightsError where it cannot be read to its
   * end: the engine then has parts of two states, and refuses everything. What reads it whole first fails as the source does.
   */
  restoreFrom(source: StateSource): Promise<void>;
  /** Frees the device memory. The engine must not be used afterwards. */
  dispose(): void;
}

/** What an engine is made from. */
export interface EngineStudent {
  config: T5Config;
  weights: Weights;
  /**
   * Names of weights that are never changed: no gradient (nor a share in its norm), no decay, no moments. Whole parts
   * of the student only (`frozenParameters`), and not all of it. Left out: all are trained.
   */
  frozen?: ReadonlySet<string>;
  /** Adapters, which alone are trained: `weights` are frozen, and `frozen` says nothing. Left out: none. */
  adapters?: { lora: Lora; weights: Weights };
  /** Left out: AdamW. */
  optimizer?: OptimizerName;
}

/** A state with these weights that continues from nothing. */
export function stateOf(weights: Weights, step = 0): EngineState {
  return { weights, expAvg: new Map(), expAvgSq: new Map(), step };
}

/** Parameters that weight decay spares, as Hugging Face's Trainer has it: layer norms and every name with `bias`. */
export function isDecayed(name: string): boolean {
  return !name.includes('layer_norm') && !name.includes('bias');
}
