/** Frozen weights in the plan, held against a hand-made optimiser that masks a whole student's gradient. */
import { describe, expect, test } from 'vitest';
import type { Weights } from '../../student/config.ts';
import { frozenParameters, studentParts, type StudentPart } from '../../student/reduce/freeze.ts';
import { EngineError } from '../../base/errors.ts';
import { isDecayed, type EngineStudent, type MicroBatch, type Update } from '../engine.ts';
import { tinyEngineStudent, tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { createTwinEngine } from './twin/twin-engine.ts';

const choices: StudentPart[][] = [
  ['embeddings'],
  ['encoder'],
  ['embeddings', 'encoder'],
  ['decoder'],
  ['embeddings', 'decoder'],
  ['encoder', 'decoder'],
];
const kinds = [
  { feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
  { feed_forward_proj: 'relu', tie_word_embeddings: true, num_layers: 2, num_decoder_layers: 1 },
  { model_type: 'umt5', feed_forward_proj: 'gated-silu', num_layers: 2, num_decoder_layers: 2 },
];
const cases = kinds.flatMap((overrides) => choices.map((parts) => ({ overrides, parts })));

interface Reference {
  weights: Map<string, Float64Array>;
  expAvg: Map<string, Float64Array>;
  expAvgSq: Map<string, Float64Array>;
}

/** The gradient of a step, by the whole student: what its first moment is after one step from nothing, times ten. */
async function gradientAt(
  student: EngineStudent,
  weights: ReadonlyMap<string, Float64Array>,
  batches: readonly MicroBatch[],
  update: Update,
): Promise<Weights> {
  const rounded = new Map([...weights].map(([name, values]) => [name, Float32Array.from(values)]));
  const engine = createTwinEngine({ config: student.config, weights: rounded });
  await engine.step(batches, { ...update, learningRate: 0, maxGradNorm: 0 });
  return (await engine.read()).expAvg;
}

/** One step as PyTorch does it where frozen weights do not require a gradient. Returns the norm. */
function masked(state: Reference, gradient: Weights, frozen: ReadonlySet<string>, update: Update): number {
  const trained = [...state.weights].filter(([name]) => !frozen.has(name));
  let squares = 0;
  for (const [name] of trained) for (const value of gradient.get(name)!) squares += (value / 0.1) ** 2;
  const norm = Math.sqrt(squares);
  const clip = Math.min(1, update.maxGradNorm / (norm + 1e-6));
  for (const [name, weights] of trained) {
    const [mean, square] = [state.expAvg.get(name)!, state.expAvgSq.get(name)!];
    weights.forEach((weight, i) => {
      const g = (gradient.get(name)![i]! / 0.1) * clip;
      mean[i] = 0.9 * mean[i]! + 0.1 * g;
      square[i] = 0.999 * square[i]! + 0.001 * g * g;
      const decayed = isDecayed(name) ? weight * (1 - update.learningRate * update.weightDecay) : weight;
      const root = Math.sqrt(square[i] / (1 - 0.999 ** update.step));
      weights[i] = decayed - (update.learningRate * (mean[i] / (1 - 0.9 ** update.step))) / (root + 1e-8);
    });
  }
  return norm;
}

describe('frozen weights', () => {
  test.each(cases)('$parts of $overrides', async ({ overrides, parts }) => {
    const student = tinyEngineStudent(overrides);
    const frozen = frozenParameters(student.config, parts);
    const engine = createTwinEngine({ ...student, frozen }, { poison: true });
    const zeros = () =>
      new Map([...student.weights].map(([name, { length }]) => [name, new Float64Array(length)]));
    const reference: Reference = {
      weights: new Map([...student.weights].map(([name, values]) => [name, Float64Array.from(values)])),
      expAvg: zeros(),
      expAvgSq: zeros(),
    };
    for (let step = 1; step <= 3; step += 1) {
      const batches = [tinyMicroBatch(student.config, step), tinyMicroBatch(student.config, 40 + step)];
      const update = { ...tinyUpdate, step };
      const gradient = await gradientAt(student, reference.weights, batches, update);
      const norm = masked(reference, gradient, frozen, update);
      const measured = await engine.step(batches, update);
      // The reference's gradient is taken at weights rounded to single precision, and rounded itself.
      expect(Math.abs(measured.gradNorm / norm - 1)).toBeLessThan(1e-5);
    }
    const state = await engine.read();
    for (const [name, values] of state.weights) {
      if (frozen.has(name)) {
        expect(values, name).toEqual(student.weights.get(name));
        continue;
      }
      const expected = reference.weights.get(name)!;
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      // Three steps of 1e-2 each.
      expect(worst, name).toBeLessThan(1e-5);
    }
    const trained = [...student.weights.keys()].filter((name) => !frozen.has(name));
    expect([...state.expAvg.keys()]).toEqual(trained);
    expect([...state.expAvgSq.keys()]).toEqual(trained);
  });

  test('cost no memory for gradients and moments', async () => {
    const student = tinyEngineStudent();
    const frozen = frozenParameters(student.config, ['embeddings', 'encoder']);
    const held = (one: EngineStudent) => createTwinEngine(one).describe().bytesHeld;
    let floats = 0;
    for (const name of frozen) floats += student.weights.get(name)!.length;
    // Three slabs of doubles; blocks are rounded up to 64 floats.
    expect(held(student) - held({ ...student, frozen })).toBeGreaterThanOrEqual(3 * 8 * floats);
    const engine = createTwinEngine({ ...student, frozen });
    await engine.step([tinyMicroBatch(student.config)], tinyUpdate);
    expect((await engine.gradients(tinyMicroBatch(student.config).answer)).has('shared.weight')).toBe(false);
  });

  test('a state goes on in another engine, and one of a whole run in a frozen one', async () => {
    const student = tinyEngineStudent();
    const frozen = frozenParameters(student.config, ['encoder']);
    const make = (names: ReadonlySet<string>) =>
      createTwinEngine({ ...student, frozen: names }, { precision: 'single' });
    const step = (engine: ReturnType<typeof make>, number: number) =>
      engine.step([tinyMicroBatch(student.config, number)], { ...tinyUpdate, step: number });
    const [whole, first, second] = [make(frozen), make(frozen), make(frozen)];
    for (const number of [1, 2, 3]) await step(whole, number);
    for (const number of [1, 2]) await step(first, number);
    second.restore(await first.read());
    await step(second, 3);
    expect(await second.read()).toEqual(await whole.read());

    const free = make(new Set());
    await step(free, 1);
    const state = await free.read();
    second.restore(state);
    await step(second, 2);
    expect((await second.read()).expAvg.has('encoder.final_layer_norm.weight')).toBe(false);
    // The other way there would be moments missing.
    expect(() => {
      free.restore({ ...state, expAvg: new Map([...state.expAvg].slice(1)) });
    }).toThrow(EngineError);
  });

  test('has every choice of parts', () => {
    expect(choices).toHaveLength(2 ** studentParts.length - 2);
  });
});
