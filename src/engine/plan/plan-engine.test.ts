/** What every engine of plans keeps, whatever executes them: shown on the twin, rounded to single precision. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError, NonFiniteError } from '../../base/errors.ts';
import type { EngineState, MicroBatch, TaskBatch } from '../engine.ts';
import { randomBatch, tinyEngineStudent, tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { PlanEngine } from './plan-engine.ts';
import { createTwinEngine } from './twin/twin-engine.ts';
import { TwinExecutor } from './twin/twin-executor.ts';

const student = tinyEngineStudent();
const { config } = student;
const makeEngine = (options: { poison?: boolean; precision?: 'double' | 'single' } = {}) =>
  createTwinEngine(student, { precision: 'single', ...options });
const steps = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => ({
    batches: [tinyMicroBatch(config, 3 + index + from), tinyMicroBatch(config, 50 + index + from)],
    update: { ...tinyUpdate, step: from + index },
  }));

/** Largest difference of any weight, relative to the step that Adam took. */
function distance(one: EngineState, other: EngineState): number {
  let largest = 0;
  for (const [name, values] of one.weights) {
    values.forEach((value, i) => {
      const difference = Math.abs(value - other.weights.get(name)![i]!);
      if (!(difference <= largest)) largest = difference;
    });
  }
  return largest;
}

describe('a step', () => {
  test('gives the same bytes whatever unused slots held', async () => {
    const [clean, poisoned] = [makeEngine(), makeEngine({ poison: true })];
    for (const { batches, update } of steps(2)) {
      expect(await poisoned.step(batches, update)).toEqual(await clean.step(batches, update));
    }
    expect(await poisoned.read()).toEqual(await clean.read());
    const options = { maxNewTokens: 6, numBeams: 1 };
    const { inputs } = tinyMicroBatch(config).answer;
    expect(await poisoned.generate(inputs, options)).toEqual(await clean.generate(inputs, options));
    expect(await poisoned.generate(inputs, { ...options, numBeams: 3 })).toEqual(
      await clean.generate(inputs, { ...options, numBeams: 3 }),
    );
  });

  test('gives the same bytes after stopping, reading, and going on elsewhere', async () => {
    const whole = makeEngine();
    const first = makeEngine();
    const second = makeEngine();
    for (const { batches, update } of steps(3)) await whole.step(batches, update);
    for (const { batches, update } of steps(2)) await first.step(batches, update);
    second.restore(await first.read());
    for (const { batches, update } of steps(1, 3)) await second.step(batches, update);
    expect(await second.read()).toEqual(await whole.read());
  });

  test('gives the same bytes in a plan with room to spare', async () => {
    const [small, large] = [makeEngine(), makeEngine()];
    const wide: TaskBatch = randomBatch(config, 1, [[70, 40], ...Array<[number, number]>(9).fill([30, 20])]);
    // A larger plan is made first, and kept.
    await large.step([{ answer: wide, rationale: null }], { ...tinyUpdate, learningRate: 0 });
    await large.evaluate(wide);
    large.restore(await small.read());
    for (const { batches, update } of steps(2)) {
      expect(await large.step(batches, update)).toEqual(await small.step(batches, update));
    }
    expect(await large.read()).toEqual(await small.read());
  });

  test('does not depend on how rows are spread over micro-batches, dropout neither', async () => {
    const { answer } = tinyMicroBatch(config);
    const part = (from: number, to: number): MicroBatch => ({
      answer: { inputs: answer.inputs.slice(from, to), targets: answer.targets.slice(from, to) },
      rationale: null,
    });
    const [one, many] = [makeEngine({ precision: 'double' }), makeEngine({ precision: 'double' })];
    const together = await one.step([part(0, 3)], tinyUpdate);
    const apart = await many.step([part(0, 1), part(1, 2), part(2, 3)], tinyUpdate);
    expect(apart.loss).toBeCloseTo(together.loss, 12);
    expect(apart.gradNorm).toBeCloseTo(together.gradNorm, 12);
    expect(distance(await one.read(), await many.read())).toBeLessThan(1e-7);
  });

  test('does not depend on how many passes a micro-batch is cut into, dropout neither', async () => {
    const batches = [tinyMicroBatch(config, 1), tinyMicroBatch(config, 2)];
    const whole = makeEngine({ precision: 'double' });
    const together = await whole.step(batches, tinyUpdate);
    for (const parts of [2, 3, 100]) {
      const engine = makeEngine({ precision: 'double' });
      const apart = await engine.step(batches, { ...tinyUpdate, parts });
      expect(apart.loss).toBeCloseTo(together.loss, 12);
      expect(apart.rationaleLoss).toBeCloseTo(together.rationaleLoss!, 12);
      expect(apart.gradNorm).toBeCloseTo(together.gradNorm, 12);
      expect(distance(await whole.read(), await engine.read())).toBeLessThan(1e-7);
    }
  });

  test('reports both tasks’ means, and without rationales only the answer’s', async () => {
    const engine = makeEngine({ precision: 'double' });
    const { answer, rationale } = tinyMicroBatch(config);
    const [answerLoss, rationaleLoss] = [await engine.evaluate(answer), await engine.evaluate(rationale!)];
    const update = { ...tinyUpdate, dropout: 0, learningRate: 0 };
    const both = await engine.step([{ answer, rationale }], update);
    expect(both.answerLoss).toBeCloseTo(answerLoss.loss, 12);
    expect(both.rationaleLoss).toBeCloseTo(rationaleLoss.loss, 12);
    expect(both.loss).toBeCloseTo(0.3 * answerLoss.loss + 0.7 * rationaleLoss.loss, 12);
    expect(both.tokens).toBe(25 + 6 + 28 + 30);
    const alone = await engine.step([{ answer, rationale: null }], update);
    expect(alone.rationaleLoss).toBeNull();
    expect(alone.loss).toBeCloseTo(answerLoss.loss, 12);
  });

  test('a task of weight 0 is measured, and teaches nothing', async () => {
    const { answer, rationale } = tinyMicroBatch(config);
    const [with0, without] = [makeEngine({ precision: 'double' }), makeEngine({ precision: 'double' })];
    const update = { ...tinyUpdate, alpha: 1, dropout: 0 };
    const measured = await with0.step([{ answer, rationale }], update);
    const alone = await without.step([{ answer, rationale: null }], update);
    expect(measured.rationaleLoss).toBeGreaterThan(0);
    expect(measured.gradNorm).toBeCloseTo(alone.gradNorm, 12);
    expect(distance(await with0.read(), await without.read())).toBeLessThan(1e-7);
  });

  test('does not depend on what else the engine did in between', async () => {
    const [quiet, busy] = [makeEngine(), makeEngine()];
    const { answer } = tinyMicroBatch(config);
    for (const { batches, update } of steps(3)) {
      await busy.evaluate(answer);
      await busy.generate(answer.inputs, { maxNewTokens: 3, numBeams: 2 });
      expect(await busy.step(batches, update)).toEqual(await quiet.step(batches, update));
      await busy.generate(answer.inputs, { maxNewTokens: 4, numBeams: 1 });
    }
    expect(await busy.read()).toEqual(await quiet.read());
  });

  test('leaves everything as it was where a loss is not finite', async () => {
    const engine = makeEngine();
    const [first, second] = steps(2);
    await engine.step(first!.batches, first!.update);
    const state = await engine.read();
    const broken = new Map(state.weights);
    broken.set(
      'encoder.final_layer_norm.weight',
      Float32Array.from({ length: config.d_model }, () => NaN),
    );
    engine.restore({ ...state, weights: broken });
    const before = await engine.read();
    await expect(engine.step(second!.batches, second!.update)).rejects.toBeInstanceOf(NonFiniteError);
    expect(await engine.read()).toEqual(before);
    // And what was not finite leaves no trace.
    const fresh = makeEngine();
    engine.restore(state);
    fresh.restore(state);
    expect(await engine.step(second!.batches, second!.update)).toEqual(
      await fresh.step(second!.batches, second!.update),
    );
    expect(await engine.read()).toEqual(await fresh.read());
  });

  test('refuses ids that the student does not have', async () => {
    const engine = makeEngine();
    const stray = { inputs: [Int32Array.of(config.vocab_size, 1)], targets: [Int32Array.of(1)] };
    await expect(engine.evaluate(stray)).rejects.toBeInstanceOf(EngineError);
    await expect(engine.generate(stray.inputs, { maxNewTokens: 2, numBeams: 1 })).rejects.toBeInstanceOf(
      EngineError,
    );
  });

  test('holds no more memory after many steps than after two', async () => {
    const engine = makeEngine();
    const held: number[] = [];
    for (const { batches, update } of steps(6)) {
      await engine.step(batches, update);
      held.push(engine.describe().bytesHeld);
    }
    expect(held.at(-1)).toBe(held[1]);
  });
});

describe('generation', () => {
  test('greedy search with a cache says what the whole decoder says of each prefix', async () => {
    const engine = makeEngine({ precision: 'double' });
    const lengths = fc.array(fc.integer({ min: 1, max: 21 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 0, max: 1000 }), async (inputLengths, seed) => {
        const { inputs } = randomBatch(
          config,
          seed,
          inputLengths.map((length) => [length, 1] as const),
        );
        const outputs = await engine.generate(inputs, { maxNewTokens: 7, numBeams: 1 });
        // Logits of position t see the tokens before t only: one pass over the output tells them all.
        const { logits } = await engine.forward({ inputs, targets: outputs.map(({ ids }) => ids) });
        outputs.forEach(({ ids }, row) => {
          ids.forEach((id, position) => {
            const scores = logits[row]!.subarray(
              position * config.vocab_size,
              (position + 1) * config.vocab_size,
            );
            expect(scores.indexOf(Math.max(...scores))).toBe(id);
          });
          expect(ids.length === 7 || ids.at(-1) === config.eos_token_id).toBe(true);
          expect(ids.subarray(0, -1).includes(config.eos_token_id)).toBe(false);
        });
      }),
      { numRuns: 15 },
    );
  });

  test('scores of beams are the log-probabilities of their ids', async () => {
    const engine = makeEngine({ precision: 'double' });
    const { inputs } = randomBatch(config, 8, [
      [9, 1],
      [4, 1],
      [17, 1],
    ]);
    const beams = await engine.beams(inputs, { maxNewTokens: 5, numBeams: 3 });
    for (const [row, finished] of beams.entries()) {
      expect(finished).toHaveLength(3);
      for (const { ids, score } of finished) {
        const { loss } = await engine.evaluate({ inputs: [inputs[row]!], targets: [ids] });
        expect(score).toBeCloseTo(-loss, 5);
      }
    }
  });

  test('does not depend on how many steps are queued before the host looks', async () => {
    const patient = new PlanEngine(student, {
      createExecutor: (layout) =>
        Object.assign(new TwinExecutor(layout, { precision: 'single' }), { stepsPerRead: 3 }),
      reason: '',
    });
    const lengths = Array.from({ length: 30 }, (_, index) => [1 + (index % 12), 1] as const);
    const { inputs } = randomBatch(config, 6, lengths);
    const options = { maxNewTokens: 16, numBeams: 1 };
    const outputs = await patient.generate(inputs, options);
    expect(outputs).toEqual(await makeEngine().generate(inputs, options));
    expect(new Set(outputs.map(({ ids }) => ids.length)).size).toBeGreaterThan(1);
  });

  test('does not depend on which inputs are generated for together', async () => {
    const engine = makeEngine();
    const { inputs } = randomBatch(config, 4, Array<[number, number]>(70).fill([5, 1]));
    const together = await engine.generate(inputs, { maxNewTokens: 4, numBeams: 1 });
    const alone = await engine.generate(inputs.slice(66, 68), { maxNewTokens: 4, numBeams: 1 });
    expect(together.slice(66, 68)).toEqual(alone);
    expect(await engine.generate([], { maxNewTokens: 4, numBeams: 1 })).toEqual([]);
  });
});
