/** What the engine promises beyond numbers: the same bytes always, memory that does not grow, failures that speak. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasGpu } from '../../../tests/support/gpu.ts';
import { expectSameState } from '../../../tests/support/same-state.ts';
import { DeviceLostError, EngineError, NonFiniteError } from '../../base/errors.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { bucketOf, packPass, roundBucket, stepRows } from '../plan/passes.ts';
import { SlabLayout } from '../plan/slab-layout.ts';
import { writeStudent } from '../plan/student-slabs.ts';
import { firstDifference, splitPrograms } from '../plan/testing/first-difference.ts';
import { tinyEngineStudent, tinyMicroBatch, tinyUpdate } from '../plan/testing/tiny-engine.ts';
import { planStep } from '../plan/training.ts';
import { createTwinEngine } from '../plan/twin/twin-engine.ts';
import { TwinExecutor } from '../plan/twin/twin-executor.ts';
import type { Executor } from '../plan/executor.ts';
import type { Run } from '../plan/plan.ts';
import type { AdapterMemory, AdapterRecord } from '../gpu/adapter-notes.ts';
import type { Gpu } from './gpu.ts';
import { quickVariant } from './testing/open-engine.ts';
import { openTestGpu } from './testing/open-gpu.ts';
import { WgslExecutor, type WgslExecutorOptions } from './wgsl-executor.ts';

const student = tinyEngineStudent();
const { config } = student;

describe.skipIf(!hasGpu)('the plan on WebGPU', () => {
  // One GPU for all, so that kernels are compiled once.
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openTestGpu();
  });
  afterAll(() => gpu.close());

  function open(options: WgslExecutorOptions = {}): { engine: PlanEngine; executor: WgslExecutor } {
    let executor: WgslExecutor | null = null;
    const engine = new PlanEngine(student, {
      createExecutor: (layout) =>
        (executor = new WgslExecutor(layout, gpu, { variant: quickVariant, keepsGpu: true, ...options })),
      reason: 'A test.',
    });
    return { engine, executor: executor! };
  }

  const batches = (step: number) => [tinyMicroBatch(config, 3 + step), tinyMicroBatch(config, 50 + step)];
  const update = (step: number) => ({ ...tinyUpdate, step });

  async function train(engine: PlanEngine, from: number, to: number): Promise<string> {
    const log: unknown[] = [];
    for (let step = from; step <= to; step += 1) log.push(await engine.step(batches(step), update(step)));
    return JSON.stringify(log);
  }

  // The first, since the GPU has compiled nothing yet.
  test('tells how far the driver is with its kernels, once', async () => {
    const told: [number, number][] = [];
    const onCompile = (done: number, total: number) => void told.push([done, total]);
    const { engine } = open({ onCompile });
    await engine.step(batches(1), update(1));
    const total = told[0]![1];
    expect(total).toBeGreaterThan(10);
    expect(told).toEqual(Array.from({ length: total }, (_, index) => [index + 1, total]));
    engine.dispose();
    const { engine: again } = open({ onCompile });
    await again.step(batches(1), update(1));
    expect(told).toHaveLength(total);
    again.dispose();
  });

  test('gives the same bytes in two runs of 8 steps, with poisoned slots, and after going on elsewhere', async () => {
    const { engine: first } = open();
    const log = await train(first, 1, 8);
    const state = await first.read();
    first.dispose();
    const { engine: again } = open({ poison: true });
    expect(await train(again, 1, 8)).toBe(log);
    expectSameState(await again.read(), state);
    again.dispose();

    const { engine: before } = open();
    await train(before, 1, 3);
    const { engine: after } = open();
    after.restore(await before.read());
    await train(after, 4, 8);
    expectSameState(await after.read(), state);
    before.dispose();
    after.dispose();
  });

  test('a step agrees with double precision, dropout and all', async () => {
    const twin = createTwinEngine(student);
    const { engine } = open();
    for (let step = 1; step <= 3; step += 1) {
      const expected = await twin.step(batches(step), update(step));
      const found = await engine.step(batches(step), update(step));
      expect(found.tokens).toBe(expected.tokens);
      expect(Math.abs(found.loss - expected.loss)).toBeLessThan(1e-5);
      expect(Math.abs(found.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-5);
    }
    engine.dispose();
  });

  test('every operation of a step agrees with the twin; where one does not, it is named', async () => {
    const layout = new SlabLayout(config);
    const rows = stepRows(config, [tinyMicroBatch(config)], 0.3);
    const [pass] = rows.passes;
    const whole = planStep(layout, roundBucket(bucketOf(pass!.pairs)), true);
    const { plan, steps } = splitPrograms(whole);
    const packed = packPass(config, pass!);
    const twin = new TwinExecutor(layout);
    const executor = new WgslExecutor(layout, gpu, { variant: quickVariant, keepsGpu: true });
    const run: Run = {
      counts: packed.counts,
      accumulate: false,
      firstEncoderRow: 0,
      firstDecoderRow: 0,
      step: 1,
      seed: 5,
      dropout: 0.2,
      learningRate: 1e-2,
      weightDecay: 0.1,
      maxGradNorm: 1,
      position: 0,
    };
    const load = async (one: Executor) => {
      writeStudent(one, layout, student.weights);
      await one.prepare(plan);
      const { tables, host } = plan;
      for (const [table, values] of [
        [tables.encoderIds, packed.encoder.ids],
        [tables.encoderSequences, packed.encoder.sequences],
        [tables.encoderTiles, packed.encoder.tiles],
        [tables.decoderIds, packed.decoder.ids],
        [tables.decoderSequences, packed.decoder.sequences],
        [tables.decoderTiles, packed.decoder.tiles],
        [tables.labels, packed.labels],
        [tables.embeddingIds, packed.embedding.ids],
        [tables.embeddingStarts, packed.embedding.starts],
        [tables.embeddingRows, packed.embedding.rows],
      ] as const) {
        one.writeTable(table, values);
      }
      one.writeTensor(host.rowWeights!, packed.rowWeights);
    };
    await load(twin);
    await load(executor);
    // Slots start as zeros on both, so that rows beyond the counts are equal too.
    expect(await firstDifference(steps, [twin, executor], run, 2e-5)).toBeNull();

    // A weight that differs shows first where it is used first.
    await load(twin);
    const wrong = new Map(student.weights);
    const name = 'encoder.block.0.layer.1.DenseReluDense.wo.weight';
    wrong.set(
      name,
      wrong.get(name)!.map((value) => value + 0.1),
    );
    writeStudent(executor, layout, wrong);
    const difference = await firstDifference(steps, [twin, executor], run, 2e-5);
    expect(difference).toMatchObject({ program: 'pass', operation: { kind: 'matmul' } });
    expect(difference!.index).toBe(7);
    executor.dispose();
  });

  test('memory, pipelines and buffers after step 20 are those after step 2', async () => {
    const { engine, executor } = open();
    await train(engine, 1, 2);
    const held = engine.describe().bytesHeld;
    const pipelines = executor.pipelineCount;
    const batch = batches(2);
    for (let step = 3; step <= 20; step += 1) await engine.step(batch, update(step));
    expect(engine.describe().bytesHeld).toBe(held);
    expect(executor.pipelineCount).toBe(pipelines);
    engine.dispose();
  });

  test('twenty rounds of loading, training and disposing hold no more than one', async () => {
    const before = gpu.bytesHeld;
    let most = 0;
    for (let round = 1; round <= 20; round += 1) {
      const { engine } = open();
      await engine.step([tinyMicroBatch(config)], update(1));
      if (round === 1) most = gpu.bytesHeld;
      expect(gpu.bytesHeld).toBeLessThanOrEqual(most);
      engine.dispose();
      expect(gpu.bytesHeld).toBe(before);
    }
  });

  test('generation is the same in a hurry and one token at a time', async () => {
    const { engine } = open();
    const twin = createTwinEngine(student);
    const { inputs } = tinyMicroBatch(config).rationale!;
    for (const numBeams of [1, 3]) {
      const options = { maxNewTokens: 11, numBeams };
      const found = await engine.generate(inputs, options);
      const expected = await twin.generate(inputs, options);
      expect(found.map(({ ids }) => [...ids])).toEqual(expected.map(({ ids }) => [...ids]));
    }
    engine.dispose();
  });

  test('a loss that is not finite is told at its step, and nothing has changed', async () => {
    const { engine } = open();
    await train(engine, 1, 1);
    const state = await engine.read();
    const broken = new Map(state.weights);
    broken.set('decoder.final_layer_norm.weight', new Float32Array(config.d_model).fill(1e38));
    engine.restore({ ...state, weights: broken });
    await expect(engine.step(batches(2), update(2))).rejects.toThrow(NonFiniteError);
    expectSameState(await engine.read(), { ...state, weights: broken });
    engine.dispose();
  });

  test('chooses a variant for every class of product, and remembers what it tried', async () => {
    const written: AdapterRecord[] = [];
    const memory: AdapterMemory = {
      browser: 'a test',
      read: () => Promise.resolve(written.at(-1)),
      write: (_, record) => {
        written.push(record);
        return Promise.resolve();
      },
    };
    const { engine } = open({ memory, variant: undefined });
    await train(engine, 1, 1);
    engine.dispose();
    // The choices are of those that were tried; later sessions try the others (tuner.test.ts).
    expect(written).toHaveLength(1);
    const { choices, tried } = written[0]!;
    // A tiny student has few columns everywhere but side by side and over the vocabulary.
    expect(Object.keys(choices).sort()).toEqual([
      'nn of few columns',
      'nt',
      'nt of few columns',
      'nt with a gate of few columns',
      'tn of few columns',
    ]);
    for (const [key, name] of Object.entries(choices)) expect(tried[key]).toContain(name);
  });

  test('an engine that was disposed of says so', async () => {
    const { engine } = open();
    await train(engine, 1, 1);
    engine.dispose();
    await expect(train(engine, 2, 2)).rejects.toThrow('disposed');
  });

  test('what the device refuses is told by the next call', async () => {
    const own = await openTestGpu();
    const engine = new PlanEngine(student, {
      createExecutor: (layout) => new WgslExecutor(layout, own, { variant: quickVariant }),
      reason: 'A test.',
    });
    // Bound as storage, though it was not made for that.
    const buffer = own.createBuffer('wrong', 16, 0x08);
    const encoder = own.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, buffer, 0, 16);
    own.device.queue.submit([encoder.finish()]);
    // Its own GPU compiles all that is asked of it: an evaluation needs fewer kernels than a step.
    await expect(engine.evaluate(tinyMicroBatch(config).answer)).rejects.toThrow(EngineError);
    engine.dispose();
  });

  // The last, since the GPU is gone then.
  test('a lost device is told at the step where it happens', async () => {
    const { engine } = open();
    await engine.step([tinyMicroBatch(config)], tinyUpdate);
    gpu.device.destroy();
    await expect(engine.step([tinyMicroBatch(config)], { ...tinyUpdate, step: 2 })).rejects.toThrow(
      DeviceLostError,
    );
    engine.dispose();
  });
});
