/** One task's rows of one micro-batch through the student: losses, and gradients where they are wanted. */
import * as tf from '@tensorflow/tfjs-core';
// The core's main entry leaves the gradients of its operations out.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { DropoutMasks } from '../dropout.ts';
import type { MicroBatch, TaskBatch, Update } from '../engine.ts';
import { dropoutOf, noDropout } from './dropout-site.ts';
import { crossEntropy } from './kernels/cross-entropy.ts';
import { Student, type WeightTensors } from './layers.ts';
import { countTokens, shiftRight } from '../sequences.ts';
import { packedRows, padRows, type PaddedRows } from './padding.ts';
import { crossKeysValues, decode, encode, logitsOf, stackInput, type StackInput } from './t5-forward.ts';

export type Task = 'answer' | 'rationale';

/** One pass through the student that a step consists of. */
export interface Pass {
  task: Task;
  batch: TaskBatch;
  /** Weight of each of its target tokens in the step's loss; 0 needs no gradient. */
  tokenWeight: number;
  /** Packed rows (see dropout.ts) of its first encoder and decoder tokens. */
  firstEncoderRow: number;
  firstDecoderRow: number;
}

/** A step's passes in order, and its tokens. */
export interface StepPlan {
  passes: Pass[];
  /** Target tokens of each task; rationale is null where the step has no rationale rows. */
  targetTokens: { answer: number; rationale: number | null };
  /** Input and target tokens, both tasks. */
  tokens: number;
}

/** Lays a step out: each task's loss is a mean over all its tokens in all micro-batches, not a mean of means. Parts: see `Update`. */
export function planStep(microBatches: readonly MicroBatch[], alpha: number, parts = 1): StepPlan {
  const rationales = microBatches.flatMap(({ rationale }) => rationale ?? []);
  const sum = (batches: readonly TaskBatch[]): number =>
    batches.reduce((total, { targets }) => total + countTokens(targets), 0);
  const answerTokens = sum(microBatches.map(({ answer }) => answer));
  const rationaleTokens = rationales.length === 0 ? null : sum(rationales);
  const weights = {
    answer: (rationaleTokens === null ? 1 : alpha) / answerTokens,
    rationale: rationaleTokens === null ? 0 : (1 - alpha) / rationaleTokens,
  };
  const passes: Pass[] = [];
  let encoderRow = 0;
  let decoderRow = 0;
  for (const microBatch of microBatches) {
    for (const task of ['answer', 'rationale'] as const) {
      for (const batch of cut(microBatch[task], parts)) {
        passes.push({
          task,
          batch,
          tokenWeight: weights[task],
          firstEncoderRow: encoderRow,
          firstDecoderRow: decoderRow,
        });
        encoderRow += countTokens(batch.inputs);
        decoderRow += countTokens(batch.targets);
      }
    }
  }
  return {
    passes,
    targetTokens: { answer: answerTokens, rationale: rationaleTokens },
    tokens: encoderRow + decoderRow,
  };
}

/** A task's rows in so many parts, near enough, none of them empty. */
function cut(batch: TaskBatch | null, parts: number): TaskBatch[] {
  if (batch === null) return [];
  const size = Math.max(1, Math.ceil(batch.inputs.length / parts));
  return Array.from({ length: Math.ceil(batch.inputs.length / size) }, (_, index) => ({
    inputs: batch.inputs.slice(index * size, (index + 1) * size),
    targets: batch.targets.slice(index * size, (index + 1) * size),
  }));
}

/** A task's rows on the device. */
export interface TaskInput {
  encoder: StackInput;
  decoder: StackInput;
  /** [B · T of the decoder], int32, -1 where there is padding. */
  labels: tf.Tensor1D;
  padded: { inputs: PaddedRows; targets: PaddedRows };
}

export function taskInput(student: Student, { inputs, targets }: TaskBatch): TaskInput {
  const { config } = student;
  const paddedInputs = padRows(inputs);
  const paddedTargets = padRows(targets);
  const decoderInputs = padRows(targets.map((target) => shiftRight(target, config.decoder_start_token_id)));
  return {
    encoder: stackInput(config, paddedInputs, 'encoder'),
    decoder: stackInput(config, decoderInputs, 'decoder'),
    labels: tf.tensor1d(paddedTargets.ids, 'int32'),
    padded: { inputs: paddedInputs, targets: paddedTargets },
  };
}

/** Dropout of one pass: which masks, and where its packed rows begin. */
export interface PassDropout {
  masks: DropoutMasks;
  firstEncoderRow: number;
  firstDecoderRow: number;
}

/** @returns encoder output [B·Te, D] and logits [B·Td, V], padded. */
export function passForward(
  student: Student,
  input: TaskInput,
  dropout: PassDropout | null,
): { encoded: tf.Tensor2D; logits: tf.Tensor2D } {
  const { inputs, targets } = input.padded;
  const drop = (stack: 'encoder' | 'decoder', padded: PaddedRows, first: number): typeof noDropout =>
    dropout === null ? noDropout : dropoutOf(dropout.masks, stack, packedRows(padded, first));
  const encoded = encode(student, input.encoder, drop('encoder', inputs, dropout?.firstEncoderRow ?? 0));
  const cross = crossKeysValues(student, encoded, input.encoder.rows);
  const decoderDropout = drop('decoder', targets, dropout?.firstDecoderRow ?? 0);
  const decoded = decode(student, input.decoder, cross, input.encoder.mask, decoderDropout);
  return { encoded, logits: logitsOf(student, decoded) };
}

/** Losses of one pass, one a padded target token (0 at padding), without gradients. */
export function passLosses(
  student: Student,
  batch: TaskBatch,
  dropout: PassDropout | null = null,
): tf.Tensor1D {
  return tf.tidy(() => {
    const input = taskInput(student, batch);
    return crossEntropy(passForward(student, input, dropout).logits, input.labels) as tf.Tensor1D;
  });
}

/**
 * Losses of one pass, one a padded target token (0 at padding), and the gradient of `tokenWeight` · their sum with
 * respect to each weight that is trained. The caller disposes of them.
 */
export function passGradients(
  student: Student,
  batch: TaskBatch,
  tokenWeight: number,
  dropout: PassDropout | null = null,
): { losses: tf.Tensor1D; gradients: Map<string, tf.Tensor> } {
  const trained = [...student.weights].filter(([name]) => !student.frozen.has(name));
  const names = trained.map(([name]) => name);
  const values = trained.map(([, weight]) => weight);
  const kept = tf.tidy(() => {
    const input = taskInput(student, batch);
    const upstream = tf.fill([input.labels.size], tokenWeight);
    const { value, grads } = tf.valueAndGrads((...weights: tf.Tensor[]) => {
      const current: WeightTensors = new Map([
        ...student.weights,
        ...names.map((name, position) => [name, weights[position]!] as const),
      ]);
      return crossEntropy(
        passForward(new Student(student.config, current), input, dropout).logits,
        input.labels,
      );
    })(values, upstream);
    return { losses: value as tf.Tensor1D, grads };
  });
  return {
    losses: kept.losses,
    gradients: new Map(names.map((name, position) => [name, kept.grads[position]!])),
  };
}

/** The masks of a step, or null where nothing is dropped. */
export function stepMasks({
  dropout,
  seed,
  step,
}: Pick<Update, 'dropout' | 'seed' | 'step'>): DropoutMasks | null {
  return dropout > 0 ? new DropoutMasks({ rate: dropout, seed, step }) : null;
}
