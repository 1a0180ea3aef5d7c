/**
 * The reference engine: TensorFlow.js, its tape for the gradients, own kernels where its own are missing, slow or
 * not the same twice. Plain rather than fast: faster engines are held against it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { breathe } from '../../base/breathe.ts';
import { EngineError, NonFiniteError, StillroomError } from '../../base/errors.ts';
import { expectedParameters, sizeOf } from '../../student/parameters.ts';
import type { Weights } from '../../student/config.ts';
import type { OpenBackend } from './open.ts';
import { entryError, OneAtATime } from '../one-at-a-time.ts';
import { readState, type StateSource, type StateTensor } from '../state-source.ts';
import {
  isDecayed,
  type Engine,
  type EngineDescription,
  type EngineState,
  type EngineStudent,
  type GenerateOptions,
  type Generation,
  type MicroBatch,
  type PutBack,
  type StepResult,
  type TaskBatch,
  type Update,
} from '../engine.ts';
import { generateBeams, generateGreedy } from './generate.ts';
import { adamw, adamwAttributes } from './kernels/adamw.ts';
import { squareSums } from './kernels/square-sums.ts';
import { Student } from './layers.ts';
import { countTokens } from '../sequences.ts';
import { puttingBack } from '../stand-in.ts';
import { isPlainGreedy } from '../token-rules.ts';
import {
  passForward,
  passGradients,
  passLosses,
  planStep,
  stepMasks,
  taskInput,
  type StepPlan,
} from './task-pass.ts';

/** An engine that shows its inner numbers, for tests and for holding other engines against it. */
export interface InspectableEngine extends Engine {
  /** No dropout. One array a row: the encoder's output [tokens · d_model], the logits [target tokens · vocabulary]. */
  forward(batch: TaskBatch): Promise<{ encoderOutput: Float32Array[]; logits: Float32Array[] }>;
  /** Gradient of the batch's mean token loss with respect to all that is trained, no dropout. */
  gradients(batch: TaskBatch): Promise<Weights>;
  /** All beams that finished, best first, for each input. */
  beams(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[][]>;
}

/** Rows that are evaluated together. */
const evaluationRows = 32;

type TensorMap = Map<string, tf.Tensor>;

export interface TfjsEngineOptions {
  /** The backend is this engine's alone: disposing of the engine closes it too. */
  ownsBackend?: boolean;
}

/**
 * Makes the reference engine, which trains whole weights only.
 * @throws EngineError where the student's weights do not fit its configuration, or it has adapters or another optimiser than AdamW.
 */
export function createTfjsEngine(
  student: EngineStudent,
  backend: OpenBackend,
  options: TfjsEngineOptions = {},
): InspectableEngine {
  if (student.adapters !== undefined) {
    if (options.ownsBackend === true) backend.close();
    throw new EngineError(
      'TensorFlow.js, the reference engine, has no adapters (LoRA).',
      'Choose the engine wasm or wgsl, or train without LoRA.',
    );
  }
  if (student.optimizer !== undefined && student.optimizer !== 'adamw') {
    if (options.ownsBackend === true) backend.close();
    throw new EngineError(
      'TensorFlow.js, the reference engine, trains with AdamW only.',
      'Choose the engine wasm or wgsl for Adafactor.',
    );
  }
  return new TfjsEngine(student, backend, options);
}

export class TfjsEngine implements InspectableEngine {
  readonly #backend: OpenBackend;
  readonly #ownsBackend: boolean;
  readonly #entry = new OneAtATime();
  readonly #shapes: ReadonlyMap<string, number[]>;
  /** Of the weights that have gradients and moments. */
  readonly #trainedShapes: ReadonlyMap<string, number[]>;
  #student: Student;
  /** Empty before the first step. */
  #expAvg: TensorMap = new Map();
  #expAvgSq: TensorMap = new Map();
  #steps = 0;
  /** The engine's own student, while another is in its place. */
  #own: Student | null = null;

  constructor(
    { config, weights, frozen }: EngineStudent,
    backend: OpenBackend,
    options: TfjsEngineOptions = {},
  ) {
    this.#backend = backend;
    this.#ownsBackend = options.ownsBackend ?? false;
    this.#shapes = new Map(expectedParameters(config).map(({ name, shape }) => [name, [...shape]]));
    backend.activate();
    this.#student = new Student(config, this.#upload(weights, this.#shapes), frozen);
    this.#trainedShapes = new Map([...this.#shapes].filter(([name]) => !this.#student.frozen.has(name)));
  }

  describe(): EngineDescription {
    let parameters = 0;
    for (const shape of this.#shapes.values()) parameters += sizeOf(shape);
    const { name, adapter, reason } = this.#backend;
    return {
      engine: 'tfjs',
      backend: name,
      adapter,
      reason,
      parameters,
      bytesHeld: this.#backend.bytesHeld(),
    };
  }

  async step(microBatches: readonly MicroBatch[], update: Update): Promise<StepResult> {
    this.#checkOwn('a step');
    return this.#attempt('a step', async () => {
      const plan = planStep(microBatches, update.alpha, update.parts);
      const gradients: TensorMap = new Map();
      try {
        const result = await this.#measure(plan, update, gradients);
        this.#checkFinite(result, update.step);
        const scale = update.maxGradNorm > 0 ? Math.min(1, update.maxGradNorm / (result.gradNorm + 1e-6)) : 1;
        this.#update(gradients, update, scale);
        this.#steps = update.step;
        await breathe();
        return result;
      } finally {
        tf.dispose([...gradients.values()]);
      }
    });
  }

  async evaluate(batch: TaskBatch): Promise<{ loss: number; tokens: number }> {
    return this.#attempt('an evaluation', async () => {
      let sum = 0;
      for (let first = 0; first < batch.inputs.length; first += evaluationRows) {
        const part: TaskBatch = {
          inputs: batch.inputs.slice(first, first + evaluationRows),
          targets: batch.targets.slice(first, first + evaluationRows),
        };
        sum += total(await this.#take(passLosses(this.#student, part)));
        await breathe();
      }
      const tokens = countTokens(batch.targets);
      return { loss: sum / tokens, tokens };
    });
  }

  async generate(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[]> {
    if (!isPlainGreedy(options)) {
      const beams = await this.beams(inputs, options);
      return beams.map((finished) => finished[0] ?? { ids: new Int32Array(0), score: null });
    }
    return this.#attempt('a generation', async () => {
      const outputs = await generateGreedy(this.#student, inputs, options.maxNewTokens, (tensor) =>
        this.#take(tensor),
      );
      return outputs.map((ids) => ({ ids: Int32Array.from(ids), score: null }));
    });
  }

  async beams(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[][]> {
    return this.#attempt('a beam search', async () => {
      const finished = await generateBeams(this.#student, inputs, options, (tensor) => this.#take(tensor));
      return finished.map((beams) => beams.map(({ ids, score }) => ({ ids: Int32Array.from(ids), score })));
    });
  }

  source(): StateSource {
    this.#checkOwn('a read');
    const groups = { weights: this.#student.weights, expAvg: this.#expAvg, expAvgSq: this.#expAvgSq };
    const tensorOf = new Map<StateTensor, tf.Tensor>();
    for (const group of ['weights', 'expAvg', 'expAvgSq'] as const) {
      for (const [name, tensor] of groups[group]) tensorOf.set({ group, name, length: tensor.size }, tensor);
    }
    const read = (tensor: tf.Tensor) =>
      this.#attempt('a read', async () => (await this.#download(new Map([['', tensor]]))).get('')!);
    return {
      step: this.#steps,
      tensors: [...tensorOf.keys()],
      async *pieces(tensor) {
        // Whole: it is read from the device in one piece.
        yield await read(tensorOf.get(tensor)!);
      },
    };
  }

  read(): Promise<EngineState> {
    return readState(this.source());
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a failure is the promise's
  async standIn(weights: Weights): Promise<PutBack> {
    this.#checkOwn('another student');
    this.#backend.activate();
    const own = this.#student;
    const other = this.#upload(weights, this.#shapes);
    this.#student = new Student(own.config, other, own.frozen);
    this.#own = own;
    return puttingBack(() =>
      this.#attempt('its own student', () => {
        tf.dispose([...other.values()]);
        this.#student = own;
        this.#own = null;
        return Promise.resolve();
      }),
    );
  }

  /** @throws EngineError where another student is in the place of the engine's own, or something is under way. */
  #checkOwn(name: string): void {
    if (this.#own !== null) throw entryError(name, 'another student’s turn');
    this.#entry.check(name);
  }

  restore(state: EngineState): void {
    this.#checkOwn('a restore');
    this.#backend.activate();
    // All is uploaded before anything is let go: a state that does not fit leaves the engine as it was.
    const weights = this.#upload(state.weights, this.#shapes);
    const moments = (values: Weights): TensorMap =>
      values.size === 0 ? new Map<string, tf.Tensor>() : this.#upload(values, this.#trainedShapes);
    if ((state.expAvgSqRow?.size ?? 0) > 0) {
      tf.dispose([...weights.values()]);
      throw new EngineError(
        'The state has the averages of Adafactor, and TensorFlow.js trains with AdamW.',
        'Go on with the engine wasm or wgsl.',
      );
    }
    const expAvg = moments(state.expAvg);
    const expAvgSq = moments(state.expAvgSq);
    this.#release();
    this.#student = new Student(this.#student.config, weights, this.#student.frozen);
    this.#expAvg = expAvg;
    this.#expAvgSq = expAvgSq;
    this.#steps = state.step;
  }

  /** Read into memory first: this engine is for small students. Where that fails, the engine is as before. */
  async restoreFrom(source: StateSource): Promise<void> {
    this.#checkOwn('a restore');
    this.restore(await readState(source));
  }

  dispose(): void {
    this.#release();
    if (this.#ownsBackend) this.#backend.close();
  }

  #release(): void {
    const students = this.#own === null ? [this.#student] : [this.#student, this.#own];
    tf.dispose(students.flatMap(({ weights }) => [...weights.values()]));
    tf.dispose([...this.#expAvg.values(), ...this.#expAvgSq.values()]);
  }

  async forward(batch: TaskBatch): Promise<{ encoderOutput: Float32Array[]; logits: Float32Array[] }> {
    return this.#attempt('a forward pass', async () => {
      const { encoded, logits } = tf.tidy(() =>
        passForward(this.#student, taskInput(this.#student, batch), null),
      );
      const [encodedWidth, logitsWidth] = [encoded.shape[1], logits.shape[1]];
      return {
        encoderOutput: cutRows(await this.#take(encoded), batch.inputs, encodedWidth),
        logits: cutRows(await this.#take(logits), batch.targets, logitsWidth),
      };
    });
  }

  async gradients(batch: TaskBatch): Promise<Weights> {
    return this.#attempt('gradients', async () => {
      const { losses, gradients } = passGradients(this.#student, batch, 1 / countTokens(batch.targets));
      losses.dispose();
      const read = await this.#download(gradients);
      tf.dispose([...gradients.values()]);
      return read;
    });
  }

  /** Runs all passes, adds up their gradients, and measures; the only time in a step that the CPU waits. */
  async #measure(plan: StepPlan, update: Update, gradients: TensorMap): Promise<StepResult> {
    const masks = stepMasks(update);
    const losses: tf.Tensor1D[] = [];
    // One task of one micro-batch after the other: only one's activations are held at a time.
    for (const { batch, tokenWeight, firstEncoderRow, firstDecoderRow } of plan.passes) {
      const dropout = masks === null ? null : { masks, firstEncoderRow, firstDecoderRow };
      if (tokenWeight === 0) {
        losses.push(passLosses(this.#student, batch, dropout));
        continue;
      }
      const pass = passGradients(this.#student, batch, tokenWeight, dropout);
      losses.push(pass.losses);
      addGradients(gradients, pass.gradients);
    }
    const lossSizes = losses.map(({ size }) => size);
    const report = tf.tidy(() => tf.concat([...losses, ...normParts(gradients)]));
    tf.dispose(losses);
    const numbers = await this.#take(report);

    const sums = { answer: 0, rationale: 0 };
    let place = 0;
    plan.passes.forEach(({ task }, position) => {
      const size = lossSizes[position]!;
      sums[task] += total(numbers.subarray(place, place + size));
      place += size;
    });
    const { answer, rationale } = plan.targetTokens;
    const answerLoss = sums.answer / answer;
    const rationaleLoss = rationale === null ? null : sums.rationale / rationale;
    return {
      answerLoss,
      rationaleLoss,
      loss:
        rationaleLoss === null ? answerLoss : update.alpha * answerLoss + (1 - update.alpha) * rationaleLoss,
      gradNorm: Math.sqrt(total(numbers.subarray(place))),
      tokens: plan.tokens,
    };
  }

  #checkFinite({ answerLoss, rationaleLoss, gradNorm }: StepResult, step: number): void {
    if (!Number.isFinite(answerLoss)) throw new NonFiniteError(step, 'answer loss');
    if (rationaleLoss !== null && !Number.isFinite(rationaleLoss))
      throw new NonFiniteError(step, 'rationale loss');
    if (!Number.isFinite(gradNorm)) throw new NonFiniteError(step, 'gradient norm');
  }

  #update(gradients: TensorMap, { step, learningRate, weightDecay }: Update, gradientScale: number): void {
    const weights = this.#student.weights as TensorMap;
    for (const [name, gradient] of gradients) {
      const weight = weights.get(name)!;
      const attributes = adamwAttributes(
        { step, learningRate, gradientScale },
        isDecayed(name) ? weightDecay : 0,
      );
      const updated = tf.tidy(() => {
        const expAvg = this.#expAvg.get(name) ?? tf.zerosLike(weight);
        const expAvgSq = this.#expAvgSq.get(name) ?? tf.zerosLike(weight);
        return adamw({ weight, expAvg, expAvgSq, gradient }, attributes);
      });
      replace(weights, name, updated.newWeight);
      replace(this.#expAvg, name, updated.newExpAvg);
      replace(this.#expAvgSq, name, updated.newExpAvgSq);
    }
  }

  /** Tensors of these shapes, in their order; the weights must have them all. */
  #upload(weights: Weights, shapes: ReadonlyMap<string, number[]>): TensorMap {
    for (const [name, shape] of shapes) {
      const size = weights.get(name)?.length;
      if (size === sizeOf(shape)) continue;
      const what = size === undefined ? 'is missing' : `has ${size} values instead of ${sizeOf(shape)}`;
      throw new EngineError(`The weight ${name} ${what}.`, 'Load the student again from its folder.');
    }
    const tensors: TensorMap = new Map();
    // Copies: the wasm backend copies anyway, but webgpu would read on in the caller's array.
    for (const [name, shape] of shapes) tensors.set(name, tf.tensor(weights.get(name)!.slice(), shape));
    return tensors;
  }

  async #download(tensors: ReadonlyMap<string, tf.Tensor>): Promise<Weights> {
    const weights: Weights = new Map();
    for (const [name, tensor] of tensors) {
      // Never dataSync(): on webgpu it may return zeros.
      const data = await this.#backend.settle(tensor.data<'float32'>());
      weights.set(name, data.slice());
    }
    this.#backend.activate();
    return weights;
  }

  /** Reads a tensor and disposes of it. */
  async #take(tensor: tf.Tensor): Promise<Float32Array> {
    try {
      return await this.#backend.settle(tensor.data<'float32'>());
    } finally {
      tensor.dispose();
      this.#backend.activate();
    }
  }

  /** Whatever goes wrong below comes up as one of our own errors. */
  async #attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#backend.activate();
    try {
      return await this.#entry.run(name, work);
    } catch (error) {
      if (error instanceof StillroomError) throw error;
      this.#backend.activate(); // Throws the device's own failure, if that is the cause.
      throw new EngineError(
        `The engine stopped (${error instanceof Error ? error.message : String(error)}).`,
        'Choose a smaller batch or shorter lengths; if that does not help, report it with this message.',
      );
    }
  }
}

/** Sum in double precision. */
function total(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Adds `more` to `sums` and disposes of what is no longer needed. */
function addGradients(sums: TensorMap, more: TensorMap): void {
  for (const [name, gradient] of more) {
    const before = sums.get(name);
    if (before === undefined) {
      sums.set(name, gradient);
      continue;
    }
    replace(sums, name, tf.add(before, gradient));
    gradient.dispose();
  }
}

function replace(tensors: TensorMap, name: string, tensor: tf.Tensor): void {
  tensors.get(name)?.dispose();
  tensors.set(name, tensor);
}

/** Partial sums of the squares of all gradients. */
function normParts(gradients: TensorMap): tf.Tensor1D[] {
  return [...gradients.values()].map(
    (gradient) => squareSums({ x: tf.reshape(gradient, [gradient.size]) }).sums as tf.Tensor1D,
  );
}

/** Cuts padded rows [B · T, width] down to their tokens, one array a row. */
function cutRows(values: Float32Array, sequences: readonly Int32Array[], width: number): Float32Array[] {
  const length = values.length / width / sequences.length;
  return sequences.map((sequence, row) =>
    values.slice(row * length * width, (row * length + sequence.length) * width),
  );
}
