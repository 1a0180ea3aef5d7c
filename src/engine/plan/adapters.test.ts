/** Adapters in the plan: their gradients by differences, dropout and all, and what they leave alone. */
import { describe, expect, test } from 'vitest';
import { RandomSequence } from '../../base/random.ts';
import type { Weights } from '../../student/config.ts';
import { adapterParameters, initialiseAdapters, mergeAdapters, type Lora } from '../../student/lora/lora.ts';
import { countParameters, sizeOf } from '../../student/parameters.ts';
import { stateOf, type EngineStudent } from '../engine.ts';
import { flopsOfAll } from './cost.ts';
import { operandsOf } from './operands.ts';
import type { Plan } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { planStep } from './training.ts';
import { parseTiny, tinyEngineStudent, tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { createTwinEngine } from './twin/twin-engine.ts';

const gated = { feed_forward_proj: 'gated-gelu', tie_word_embeddings: false };
const relu = {
  feed_forward_proj: 'relu',
  tie_word_embeddings: true,
  num_layers: 2,
  num_decoder_layers: 2,
};

const asked = (targets: Lora['targets'], dropout: number): Lora => ({ rank: 3, alpha: 5, dropout, targets });

/** Adapters of which both factors matter. */
function spread({ config }: EngineStudent, lora: Lora): Weights {
  const adapters = initialiseAdapters(config, lora, 7);
  const random = new RandomSequence(8);
  for (const [name, values] of adapters) {
    if (name.includes('lora_B')) values.forEach((_, i) => (values[i] = 0.2 * random.nextNormal()));
  }
  return adapters;
}

describe('gradients of adapters are slopes of the loss', () => {
  const cases: [string, Record<string, unknown>, Lora][] = [
    ['of all layers, gated, with dropout', gated, asked('all-linear', 0.3)],
    ['of all layers, gated', gated, asked('all-linear', 0)],
    ['of all layers, relu, with dropout', relu, asked('all-linear', 0.3)],
    ['of half of the gate', gated, asked(['wi_0', 'k'], 0)],
    ['of the other half, with dropout', gated, asked(['wi_1', 'o'], 0.3)],
  ];
  test.each(cases)('%s', async (_name, overrides, lora) => {
    const student = tinyEngineStudent(overrides);
    const adapters = spread(student, lora);
    const engine = createTwinEngine({ ...student, adapters: { lora, weights: adapters } });
    const batches = [tinyMicroBatch(student.config, 3), tinyMicroBatch(student.config, 40)];
    const still = { ...tinyUpdate, learningRate: 0, maxGradNorm: 0 };
    const lossAt = async (weights: Weights) => {
      engine.restore(stateOf(weights));
      return (await engine.step(batches, still)).loss;
    };
    await lossAt(adapters);
    const { expAvg } = await engine.read();
    const random = new RandomSequence(9);
    const directions = new Map(
      [...adapters].map(([name, values]) => [name, values.map(() => random.nextNormal())]),
    );
    const moved = (distance: number): Weights =>
      new Map(
        [...adapters].map(([name, values]) => [
          name,
          values.map((value, i) => value + distance * directions.get(name)![i]!),
        ]),
      );
    // Relu has kinks: short steps. Weights are single precision, so that the way that was gone is measured.
    const [behind, ahead] = [moved(-1e-6), moved(1e-6)];
    const measured = (await lossAt(ahead)) - (await lossAt(behind));
    let claimed = 0;
    let scale = 0;
    for (const [name, values] of adapters) {
      values.forEach((_, i) => {
        const share = (expAvg.get(name)![i]! / 0.1) * (ahead.get(name)![i]! - behind.get(name)![i]!);
        claimed += share;
        scale += share ** 2;
      });
    }
    expect(Math.abs(measured - claimed) / Math.sqrt(scale)).toBeLessThan(1e-3);
    expect(Math.sqrt(scale)).toBeGreaterThan(1e-6);
  });
});

describe('adapters', () => {
  const student = tinyEngineStudent(gated);
  const { config } = student;
  const lora = asked(['q', 'v'], 0.1);
  const open = (weights: Weights) =>
    createTwinEngine({ ...student, adapters: { lora, weights } }, { precision: 'single' });
  const { answer } = tinyMicroBatch(config);

  test('refuse a base of which half precision does not hold a weight, in words, before anything is computed', () => {
    const name = 'decoder.block.0.layer.0.SelfAttention.q.weight';
    const stray = Float32Array.from(student.weights.get(name)!);
    stray[5] = 7e4;
    const weights = new Map(student.weights).set(name, stray);
    const half: Lora = { ...lora, baseDtype: 'float16' };
    const adapters = { lora: half, weights: initialiseAdapters(config, lora, 1) };
    expect(() => createTwinEngine({ config, weights, adapters })).toThrow(
      /q\.weight holds 70000, and half precision ends at 65,504\. .*float32/,
    );
  });

  test('that have learned nothing leave the base as it is, to the bit', async () => {
    const base = await createTwinEngine(student, { precision: 'single' }).evaluate(answer);
    expect(await open(initialiseAdapters(config, lora, 1)).evaluate(answer)).toEqual(base);
  });

  test('are silent where the base is put on the engine, and speak again', async () => {
    const base = await createTwinEngine(student, { precision: 'single' }).evaluate(answer);
    const adapters = spread(student, lora);
    const engine = open(adapters);
    const adapted = await engine.evaluate(answer);
    const kept = await engine.read();
    engine.restore(stateOf(student.weights));
    expect(await engine.evaluate(answer)).toEqual(base);
    engine.restore(kept);
    expect(await engine.evaluate(answer)).toEqual(adapted);
    expect(adapted.loss).not.toBe(base.loss);
  });

  test('answer as the merged student does', async () => {
    const adapters = spread(student, lora);
    const merged = mergeAdapters(student, lora, adapters);
    const apart = await createTwinEngine({ ...student, adapters: { lora, weights: adapters } }).evaluate(
      answer,
    );
    const together = await createTwinEngine({ config, weights: merged }).evaluate(answer);
    // Merged weights are rounded to single precision.
    expect(Math.abs(apart.loss - together.loss)).toBeLessThan(1e-6);
  });

  test('are all that a state holds, and resume to the byte', async () => {
    const steps = [1, 2, 3].map((step) => ({
      batches: [tinyMicroBatch(config, step)],
      update: { ...tinyUpdate, step },
    }));
    const initial = initialiseAdapters(config, lora, 1);
    const [whole, first, second] = [open(initial), open(initial), open(initialiseAdapters(config, lora, 2))];
    for (const { batches, update } of steps) await whole.step(batches, update);
    for (const { batches, update } of steps.slice(0, 2)) await first.step(batches, update);
    second.restore(await first.read());
    await second.step(steps[2]!.batches, steps[2]!.update);
    const state = await second.read();
    expect(state).toEqual(await whole.read());
    const names = adapterParameters(config, lora).map(({ name }) => name);
    for (const part of [state.weights, state.expAvg, state.expAvgSq])
      expect([...part.keys()].sort()).toEqual([...names].sort());
  });

  test('alone get weight gradients, at two thirds of a whole step’s work', () => {
    const wide = parseTiny({ ...gated, d_model: 64, d_kv: 16, num_heads: 4, d_ff: 128, vocab_size: 256 });
    const bucket = {
      encoderRows: 64,
      decoderRows: 64,
      sequences: 8,
      maxEncoderLength: 8,
      maxDecoderLength: 8,
      generationRows: 0,
    };
    const [whole, adapted] = [null, lora].map((one) =>
      planStep(new SlabLayout(wide, new Set(), one), bucket, true),
    );
    const flops = ({ programs, capacities }: Plan) => flopsOfAll(programs.get('pass')!, capacities);
    expect(flops(adapted!)).toBeLessThan(0.75 * flops(whole!));
    const blocks = [...new SlabLayout(wide, new Set(), lora).blocks].filter(({ frozen }) => !frozen);
    const written = adapted!.programs
      .get('pass')!
      .flatMap((operation) => operandsOf(operation).writes)
      .filter(({ place }) => place.kind === 'slab');
    expect(written.length).toBeGreaterThan(0);
    for (const { place, offset } of written) {
      expect(place).toMatchObject({ slab: 'gradients' });
      expect(
        blocks.some((block) => offset >= block.offset && offset < block.offset + sizeOf(block.shape)),
      ).toBe(true);
    }
  });

  test('alone have gradients and moments, in parts of their own', () => {
    const layout = new SlabLayout(config, new Set(), lora);
    const floats = adapterParameters(config, lora).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const trained = layout.partLengthsOf('gradients').reduce((sum, length) => sum + length, 0);
    const blocks = [...layout.blocks].filter(({ frozen }) => !frozen).length;
    expect(trained).toBeGreaterThanOrEqual(floats);
    expect(trained).toBeLessThan(floats + 64 * blocks);
    expect(layout.length).toBeGreaterThanOrEqual(countParameters(config) + floats);
  });
});
