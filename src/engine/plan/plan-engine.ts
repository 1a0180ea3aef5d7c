/** An engine that runs plans on an executor: packs rows into tables, keeps few plans, reads and restores the slabs. */
import { LostWeightsError, NonFiniteError } from '../../base/errors.ts';
import type { T5Config, Weights } from '../../student/config.ts';
import { checkHalfBase } from '../../student/lora/half-base.ts';
import { countParameters } from '../../student/parameters.ts';
import type {
  Engine,
  EngineDescription,
  EngineState,
  EngineStudent,
  GenerateOptions,
  Generation,
  MicroBatch,
  PutBack,
  StepResult,
  TaskBatch,
  Update,
} from '../engine.ts';
import { entryError, OneAtATime } from '../one-at-a-time.ts';
import { isPlainGreedy } from '../token-rules.ts';
import { readState, type StateSource } from '../state-source.ts';
import { puttingBack } from '../stand-in.ts';
import type { Bucket } from './builder.ts';
import type { Executor, Floats } from './executor.ts';
import { Flight } from './flight.ts';
import { planGeneration } from './generation.ts';
import { generateBeams, generateGreedy } from './generator.ts';
import { results as resultIndex } from './operations.ts';
import {
  bucketOf,
  checkIds,
  defaultRowsTogether,
  evaluationPasses,
  fits,
  generationParts,
  packPass,
  stepRows,
  unite,
  type PackedPass,
  type Pass,
  type StepRows,
} from './passes.ts';
import { PlanCache, type Planner } from './plan-cache.ts';
import { quietRun, type Plan, type Run } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { SlabState } from './slab-state.ts';
import {
  checkTensors,
  placedGradients,
  placedState,
  placedTrained,
  placedWeights,
  SlabReader,
  writeTensors,
  type PlacedTensor,
} from './student-slabs.ts';
import { planEvaluation, planStep } from './training.ts';

export interface PlanEngineOptions {
  /** Makes the executor, with slabs of this layout. */
  createExecutor: (layout: SlabLayout) => Executor;
  /** Why this engine, as a sentence. */
  reason: string;
  /** Bytes of the largest buffer that the executor binds; left out: what every GPU does. */
  bindingBytes?: number;
  /** Pairs that are evaluated together, and inputs × beams that are generated for together. */
  rowsTogether?: number;
}

export class PlanEngine implements Engine {
  readonly #config: T5Config;
  readonly #layout: SlabLayout;
  readonly #executor: Executor;
  readonly #state: SlabState;
  readonly #plans: PlanCache;
  readonly #reason: string;
  readonly #rowsTogether: number;
  readonly #entry = new OneAtATime();
  readonly #flight = new Flight();
  readonly begin: Engine['begin'];
  /** Who is in the place of the engine's own student. */
  #stranger: 'the base' | 'other weights' | null = null;

  /** @throws EngineError where the student's weights do not fit its configuration. */
  constructor({ config, weights, frozen, adapters, optimizer }: EngineStudent, options: PlanEngineOptions) {
    this.#config = config;
    this.#layout = new SlabLayout(config, frozen, adapters?.lora, optimizer, options.bindingBytes);
    const all = adapters === undefined ? weights : new Map([...weights, ...adapters.weights]);
    const placed = placedWeights(this.#layout);
    checkTensors(placed, all);
    if (adapters?.lora.baseDtype === 'float16') checkHalfBase(config, weights);
    this.#executor = options.createExecutor(this.#layout);
    this.#state = new SlabState(config, this.#executor, this.#layout);
    this.#plans = new PlanCache(this.#executor, (bucket) => fits(config, bucket));
    this.#reason = options.reason;
    this.#rowsTogether = options.rowsTogether ?? defaultRowsTogether;
    writeTensors(this.#executor, placed, all);
    if (!this.#executor.runsAhead) return;
    this.begin = (microBatches, update) =>
      this.#entry.run('a step', async () => {
        const begun = await this.#begin(microBatches, update);
        // It may fail before anybody asks for it.
        begun.result.catch(() => undefined);
        return begun;
      });
  }

  describe(): EngineDescription {
    const parameters = countParameters(this.#config);
    return { ...this.#executor.describe(), reason: this.#reason, parameters };
  }

  step(microBatches: readonly MicroBatch[], update: Update): Promise<StepResult> {
    return this.#entry.run('a step', () => this.#step(microBatches, update));
  }

  async #step(microBatches: readonly MicroBatch[], update: Update): Promise<StepResult> {
    await this.#flight.land();
    return (await this.#begin(microBatches, update)).result;
  }

  /** Queues a step behind those under way. */
  async #begin(
    microBatches: readonly MicroBatch[],
    update: Update,
  ): Promise<{ result: Promise<StepResult> }> {
    this.#checkOwn('a step');
    const kind = this.#stepKind(update.dropout);
    const holds = (bucket: Bucket) => this.#plans.holds(kind.name, bucket, kind.planner);
    const rows = stepRows(this.#config, microBatches, update.alpha, { holds, parts: update.parts ?? 1 });
    const { step, seed, dropout, learningRate, weightDecay, maxGradNorm } = update;
    const run = { ...quietRun, step, seed, dropout, learningRate, weightDecay, maxGradNorm };
    const plan = await this.#runPasses(rows, run);
    const reading = this.#executor.readTensor(plan.host.results!, 8);
    const result = this.#flight.add(plan, async () => {
      const found = stepResult(rows, update.alpha, await reading);
      checkFinite(found, step);
      return found;
    });
    return {
      result: result.then((found) => {
        this.#state.steps = step;
        return found;
      }),
    };
  }

  evaluate(batch: TaskBatch): Promise<{ loss: number; tokens: number }> {
    return this.#alone('an evaluation', () => this.#evaluate(batch));
  }

  async #evaluate(batch: TaskBatch): Promise<{ loss: number; tokens: number }> {
    const passes = this.#evaluationPasses(batch);
    const tokens = batch.targets.reduce((sum, { length }) => sum + length, 0);
    if (tokens === 0) return { loss: NaN, tokens };
    const plan = await this.#evaluationPlan(passes);
    passes.forEach((pass, index) => this.#evaluatePass(plan, pass, index > 0));
    const results = await this.#executor.readTensor(plan.host.results!, 8);
    return { loss: results[resultIndex.answerLoss]! / tokens, tokens };
  }

  generate(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[]> {
    return this.#alone('a generation', () => this.#generate(inputs, options));
  }

  async #generate(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[]> {
    if (!isPlainGreedy(options)) {
      const beams = await this.#beams(inputs, options);
      return beams.map((finished) => finished[0] ?? { ids: new Int32Array(0), score: null });
    }
    const { maxNewTokens } = options;
    if (maxNewTokens === 0) return inputs.map(() => ({ ids: new Int32Array(0), score: null }));
    return this.#generateParts(inputs, options, (plan, part) =>
      generateGreedy(this.#executor, plan, this.#config, part, maxNewTokens),
    );
  }

  /** All beams that finished, best first, for each input. */
  beams(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[][]> {
    return this.#alone('a beam search', () => this.#beams(inputs, options));
  }

  async #beams(inputs: readonly Int32Array[], options: GenerateOptions): Promise<Generation[][]> {
    if (options.maxNewTokens === 0) return inputs.map(() => []);
    return this.#generateParts(inputs, options, (plan, part) =>
      generateBeams(this.#executor, plan, this.#config, part, options),
    );
  }

  source(): StateSource {
    this.#check('a read');
    return this.#state.source((read) => this.#entry.run('a read', read));
  }

  async read(): Promise<EngineState> {
    await this.#flight.land();
    return readState(this.source());
  }

  standIn(weights: Weights): Promise<PutBack> {
    const name = 'another student';
    return this.#alone(name, async () => {
      this.#checkOwn(name);
      let back = () => Promise.resolve();
      if (this.#state.isBase(weights)) this.#stranger = 'the base';
      else back = await this.#replaceTrained(weights);
      return puttingBack(() =>
        this.#entry.run('its own student', async () => {
          await back();
          this.#stranger = null;
        }),
      );
    });
  }

  /** @returns Puts what was there back. */
  async #replaceTrained(weights: Weights): Promise<() => Promise<void>> {
    checkTensors(placedState(this.#layout).weights, weights);
    const trained = placedTrained(this.#layout);
    const back = (await this.#executor.setAside()) ?? (await this.#readAside(trained));
    this.#stranger = 'other weights';
    try {
      writeTensors(this.#executor, trained, weights);
    } catch (error) {
      await puttingBack(back)();
      this.#stranger = null;
      throw error;
    }
    return back;
  }

  /** Into memory of the host, where the device has no room for a copy. */
  async #readAside(trained: readonly PlacedTensor[]): Promise<() => Promise<void>> {
    const held = await new SlabReader(this.#executor, this.#layout).readAll(trained);
    return () => {
      writeTensors(this.#executor, trained, held);
      return Promise.resolve();
    };
  }

  restore(state: EngineState): void {
    this.#check('a restore');
    this.#state.write(state);
  }

  restoreFrom(source: StateSource): Promise<void> {
    const name = 'a restore';
    return this.#alone(name, async () => {
      this.#checkOwn(name);
      try {
        await this.#state.writeFrom(source);
      } catch (error) {
        // Parts of two states may be there.
        if (error instanceof LostWeightsError) this.#entry.end(error);
        throw error;
      }
    });
  }

  /** Does something once nothing is under way. */
  #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#entry.run(name, async () => {
      await this.#flight.land();
      return work();
    });
  }

  /** @throws EngineError where a step is under way, or another student is in the place of the engine's own. */
  #check(name: string): void {
    this.#checkOwn(name);
    this.#entry.check(name);
    if (this.#flight.plan !== null) throw entryError(name, 'a step');
  }

  /** @throws EngineError where another student is in the place of the engine's own. */
  #checkOwn(name: string): void {
    if (this.#stranger !== null) throw entryError(name, 'another student’s turn');
  }

  dispose(): void {
    this.#executor.dispose();
  }

  /** No dropout. One array a row: the encoder's output [tokens · d_model], the logits [target tokens · vocabulary]. */
  async forward(batch: TaskBatch): Promise<{ encoderOutput: Float32Array[]; logits: Float32Array[] }> {
    const encoderOutput: Float32Array[] = [];
    const logits: Float32Array[] = [];
    for (const pass of this.#evaluationPasses(batch)) {
      const plan = await this.#evaluationPlan([pass]);
      const { encoderRows, decoderRows } = this.#evaluatePass(plan, pass, false);
      const { d_model, vocab_size } = this.#config;
      const encoded = await this.#executor.readTensor(plan.host.encoderOutput!, encoderRows * d_model);
      const scores = await this.#executor.readTensor(plan.host.logits!, decoderRows * vocab_size);
      encoderOutput.push(
        ...cutRows(
          encoded,
          pass.pairs.map(({ input }) => input),
          d_model,
        ),
      );
      logits.push(
        ...cutRows(
          scores,
          pass.pairs.map(({ target }) => target),
          vocab_size,
        ),
      );
    }
    return { encoderOutput, logits };
  }

  /** Gradient of the batch's mean token loss with respect to all that is trained, no dropout. */
  async gradients(batch: TaskBatch): Promise<Weights> {
    this.#checkOwn('gradients');
    const rows = stepRows(this.#config, [{ answer: batch, rationale: null }], 1);
    await this.#runPasses(rows, { ...quietRun }, false);
    return new SlabReader(this.#executor, this.#layout).readAll(placedGradients(this.#layout));
  }

  /** All passes of a step, and its update unless only gradients are wanted. */
  async #runPasses(rows: StepRows, run: Omit<Run, 'counts'>, updates = true): Promise<Plan> {
    const needed = rows.passes.map(({ pairs }) => bucketOf(pairs)).reduce(unite);
    const { name, planner } = this.#stepKind(run.dropout, updates);
    const flown = this.#flight.plan;
    // Another plan has other results: whether a step failed must be known first.
    if (flown !== null && this.#plans.changes(flown, name, needed)) await this.#flight.landWhole();
    const plan = await this.#plans.use(name, needed, planner);
    // Nothing is under way that could have been halted.
    if (this.#flight.plan === null) this.#executor.writeTensor(plan.host.results!, new Float64Array(8));
    rows.passes.forEach((pass, index) => {
      const packed = packPass(this.#config, pass);
      this.#writePass(plan, packed);
      const { firstEncoderRow, firstDecoderRow } = pass;
      const { counts } = packed;
      this.#executor.run('pass', { ...run, counts, firstEncoderRow, firstDecoderRow, accumulate: index > 0 });
    });
    if (updates) this.#executor.run('update', { ...run, counts: plan.capacities });
    return plan;
  }

  #stepKind(dropout: number, updates = true): { name: string; planner: Planner } {
    const drops = { student: dropout > 0, adapters: updates && (this.#layout.lora?.dropout ?? 0) > 0 };
    return {
      name: `step${drops.student ? ' with dropout' : ''}${drops.adapters ? ', adapters dropped' : ''}`,
      planner: (bucket) => planStep(this.#layout, bucket, drops.student, drops.adapters),
    };
  }

  #evaluationPasses(batch: TaskBatch): Pass[] {
    const { name, planner } = this.#evaluationKind();
    const holds = (bucket: Bucket) => this.#plans.holds(name, bucket, planner);
    return evaluationPasses(this.#config, batch, this.#rowsTogether, holds);
  }

  async #evaluationPlan(passes: readonly Pass[]): Promise<Plan> {
    const needed = passes.map(({ pairs }) => bucketOf(pairs)).reduce(unite);
    const { name, planner } = this.#evaluationKind();
    return this.#plans.use(name, needed, planner);
  }

  #evaluationKind(): { name: string; planner: Planner } {
    const adapts = this.#stranger !== 'the base';
    return {
      name: `evaluation${adapts ? '' : ' of the base'}`,
      planner: (bucket) => planEvaluation(this.#layout, bucket, adapts),
    };
  }

  #generationKind(greedy: boolean): { name: string; planner: Planner } {
    const adapts = this.#stranger !== 'the base';
    return {
      name: `${greedy ? 'greedy search' : 'beam search'}${adapts ? '' : ' of the base'}`,
      planner: (bucket) => planGeneration(this.#layout, bucket, greedy, adapts),
    };
  }

  #evaluatePass(plan: Plan, pass: Pass, accumulate: boolean): Run['counts'] {
    const packed = packPass(this.#config, pass);
    this.#writePass(plan, packed);
    this.#executor.run('evaluate', { ...quietRun, counts: packed.counts, accumulate });
    return packed.counts;
  }

  #writePass({ tables, host }: Plan, packed: PackedPass): void {
    const { encoder, decoder, labels, embedding } = packed;
    const executor = this.#executor;
    executor.writeTable(tables.encoderIds, encoder.ids);
    executor.writeTable(tables.encoderSequences, encoder.sequences);
    executor.writeTable(tables.encoderTiles, encoder.tiles);
    executor.writeTable(tables.decoderIds, decoder.ids);
    executor.writeTable(tables.decoderSequences, decoder.sequences);
    executor.writeTable(tables.decoderTiles, decoder.tiles);
    executor.writeTable(tables.labels, labels);
    if (host.rowWeights === null) return;
    executor.writeTable(tables.embeddingIds, embedding.ids);
    executor.writeTable(tables.embeddingStarts, embedding.starts);
    executor.writeTable(tables.embeddingRows, embedding.rows);
    executor.writeTensor(host.rowWeights, packed.rowWeights);
  }

  async #generateParts<T>(
    inputs: readonly Int32Array[],
    options: GenerateOptions,
    generate: (plan: Plan, part: readonly Int32Array[]) => Promise<T[]>,
  ): Promise<T[]> {
    checkIds(this.#config, inputs);
    const { name, planner } = this.#generationKind(isPlainGreedy(options));
    const parts = generationParts(this.#config, inputs, options, this.#rowsTogether, (bucket) =>
      this.#plans.holds(name, bucket, planner),
    );
    const found: T[] = [];
    for (const { inputs: part, bucket: needed } of parts) {
      const plan = await this.#plans.use(name, needed, planner);
      found.push(...(await generate(plan, part)));
    }
    return found;
  }
}

function stepResult(rows: StepRows, alpha: number, results: Floats): StepResult {
  const answerLoss = results[resultIndex.answerLoss]! / rows.answerTokens;
  const { rationaleTokens } = rows;
  const rationaleLoss =
    rationaleTokens === null ? null : results[resultIndex.rationaleLoss]! / rationaleTokens;
  return {
    answerLoss,
    rationaleLoss,
    loss: rationaleLoss === null ? answerLoss : alpha * answerLoss + (1 - alpha) * rationaleLoss,
    gradNorm: results[resultIndex.gradNorm]!,
    tokens: rows.tokens,
  };
}

function checkFinite({ answerLoss, rationaleLoss, gradNorm }: StepResult, step: number): void {
  if (!Number.isFinite(answerLoss)) throw new NonFiniteError(step, 'answer loss');
  if (rationaleLoss !== null && !Number.isFinite(rationaleLoss))
    throw new NonFiniteError(step, 'rationale loss');
  if (!Number.isFinite(gradNorm)) throw new NonFiniteError(step, 'gradient norm');
}

/** One array per sequence of packed rows [tokens, width]. */
function cutRows(values: Floats, sequences: readonly Int32Array[], width: number): Float32Array[] {
  let row = 0;
  return sequences.map(({ length }) => {
    const part = values.subarray(row * width, (row + length) * width);
    row += length;
    return Float32Array.from(part);
  });
}
