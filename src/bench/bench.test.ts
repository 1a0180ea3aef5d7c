import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import type { Plan } from '../engine/plan/plan.ts';
import { planStep } from '../engine/plan/training.ts';
import { SlabLayout } from '../engine/plan/slab-layout.ts';
import { parseTiny } from '../engine/plan/testing/tiny-engine.ts';
import { countParameters } from '../student/parameters.ts';
import { initialiseWeights } from '../student/initialise.ts';
import { cases, fullCase, makeBatch, makeInputs, makeStudent, makeUpdate, type Case } from './cases.ts';
import { measureEngine } from './measure.ts';
import { summarise, timeMs } from './timing.ts';
import { countFlops, layOutStep, measureWork, only, stepRun } from './work.ts';

const tiny: Case = {
  model: 'nano',
  config: { ...cases[0]!.config, vocab_size: 40, d_model: 8, d_kv: 4, num_heads: 2, d_ff: 12 },
  batch: 4,
  inputLength: 6,
  targetLength: 3,
  steps: 5,
};

// Not at the clock's beginning, where a time since then and a time to then are the same.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(12_345);
});
afterEach(() => vi.useRealTimers());
const passMs = (elapsedMs: number) => vi.advanceTimersByTime(elapsedMs);

it('sums times up by the one in the middle, the least and the most', () => {
  expect(summarise([5, 1, 4, 2, 3])).toEqual({ median: 3, min: 1, max: 5 });
  expect(summarise([2, 1])).toEqual({ median: 2, min: 1, max: 2 });
});

it('leaves the first fifth of the runs out, two at least', async () => {
  const runs: number[] = [];
  const work = (index: number) => {
    runs.push(index);
    passMs(index < 2 ? 100 : 10 + index);
  };
  expect(await timeMs(3, work)).toEqual({ median: 13, min: 12, max: 14 });
  expect(runs).toEqual([0, 1, 2, 3, 4]);
  let count = 0;
  await timeMs(20, () => (count += 1));
  expect(count).toBe(24);
});

it('stops between two runs', async () => {
  const controller = new AbortController();
  let count = 0;
  const work = () => {
    if ((count += 1) === 2) controller.abort(new Error('Stopped.'));
  };
  await expect(timeMs(5, work, controller.signal)).rejects.toThrow('Stopped.');
  expect(count).toBe(2);
});

it('measures what its published figures are of', () => {
  const shapes = [...cases, fullCase].map(({ model, batch, inputLength, targetLength, steps, config }) => [
    model,
    [batch, inputLength, targetLength],
    steps,
    countParameters(config),
  ]);
  expect(shapes).toEqual([
    ['nano', [16, 32, 16], 40, 263_168],
    ['small', [8, 64, 32], 12, 8_394_496],
    // google/flan-t5-small has so many.
    ['full', [8, 64, 32], 5, 76_961_152],
  ]);
  expect(makeUpdate(9)).toEqual({
    step: 9,
    alpha: 0.5,
    learningRate: 1e-4,
    weightDecay: 0.01,
    maxGradNorm: 1,
    dropout: 0,
    seed: 5,
  });
});

it('has half of a step’s rows as answers and half as rationales, all of full length, the same ones always', () => {
  for (const one of [...cases, fullCase, tiny]) {
    const { answer, rationale } = makeBatch(one);
    for (const { inputs, targets } of [answer, rationale!]) {
      expect([inputs.length, targets.length]).toEqual([one.batch / 2, one.batch / 2]);
      for (const row of inputs) expect([row.length, row.at(-1)]).toEqual([one.inputLength, 1]);
      for (const row of targets) expect([row.length, row.at(-1)]).toEqual([one.targetLength, 1]);
      for (const id of inputs.flatMap((row) => [...row.subarray(0, -1)])) {
        expect(id).toBeGreaterThanOrEqual(2);
        expect(id).toBeLessThan(one.config.vocab_size);
      }
    }
    expect(answer).not.toEqual(rationale);
  }
  expect(makeBatch(tiny)).toEqual(makeBatch(tiny));
  for (const { config } of [...cases, fullCase]) {
    expect(config).toMatchObject({
      relative_attention_max_distance: 128,
      layer_norm_epsilon: 1e-6,
      tie_word_embeddings: false,
      pad_token_id: 0,
      eos_token_id: 1,
      decoder_start_token_id: 0,
      dropout_rate: 0,
    });
    // Products in fours, as students have them.
    for (const size of [config.vocab_size, config.d_model, config.d_kv, config.d_ff])
      expect(size % 4).toBe(0);
  }
  const inputs = makeInputs(tiny);
  expect([inputs.length, inputs[0]!.length, inputs[0]!.at(-1)]).toEqual([64, 6, 1]);
  expect(makeStudent(tiny).weights.get('shared.weight')).toHaveLength(40 * 8);
});

it('measures the same rows and the same weights as the figures that were published', () => {
  const { answer, rationale } = makeBatch(tiny);
  const rows = [answer.inputs[1]!, answer.targets[1]!, rationale!.inputs[1]!, makeInputs(tiny)[1]!];
  expect(rows.map((row) => [...row])).toEqual([
    [9, 19, 21, 34, 24, 1],
    [14, 28, 1],
    [10, 31, 27, 37, 12, 1],
    [34, 29, 3, 26, 28, 1],
  ]);
  const { weights } = makeStudent(tiny);
  expect(weights).toEqual(initialiseWeights(tiny.config, 1));
  expect(weights).not.toEqual(initialiseWeights(tiny.config, 2));
  // Ids go up to the last of the vocabulary.
  expect(Math.max(...makeInputs(tiny).flatMap((row) => [...row]))).toBe(39);
});

/** An engine whose first step takes 500 ms more than the 20 of the others, and that answers 64 rows in half a second. */
function slowEngine() {
  const steps: number[] = [];
  let generations = 0;
  const engine = {
    describe: () => ({ bytesHeld: 77 }),
    step: (_: unknown, { step }: { step: number }) => {
      steps.push(step);
      passMs(step === 1 ? 520 : 20);
      return Promise.resolve({});
    },
    generate: (inputs: readonly Int32Array[], options: { maxNewTokens: number; numBeams: number }) => {
      const { maxNewTokens } = options;
      // Greedy, as it is said of them.
      expect(options.numBeams).toBe(1);
      generations += 1;
      passMs(500);
      return Promise.resolve(inputs.map(() => ({ ids: new Int32Array(maxNewTokens) })));
    },
  } as unknown as Engine;
  return { engine, steps, generations: () => generations };
}

it('measures what making ready takes beyond a step, steps one after another, and tokens in a second', async () => {
  const { engine, steps, generations } = slowEngine();
  const close = vi.fn();
  const measured = await measureEngine(tiny, () => {
    passMs(1000);
    return Promise.resolve({ label: 'wasm', threads: 2, engine, close });
  });
  expect(measured).toEqual({
    engine: 'wasm',
    threads: 2,
    timing: { median: 20, min: 20, max: 20 },
    bytesHeld: 77,
    compileMs: 1500,
    tokensPerSecond: 64 * 3 * 2,
  });
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  // Three, after two that are not counted.
  expect(generations()).toBe(5);
  expect(close).toHaveBeenCalledOnce();
});

it('closes the engine where it fails', async () => {
  const engine = { step: () => Promise.reject(new Error('No step.')) } as unknown as Engine;
  const close = vi.fn();
  const opening = () => Promise.resolve({ label: 'wgsl' as const, threads: null, engine, close });
  await expect(measureEngine(tiny, opening)).rejects.toThrow('No step.');
  expect(close).toHaveBeenCalledOnce();
});

it('counts a step’s operations, of which products are most, and times these alone', async () => {
  const { plan, packed } = layOutStep(tiny);
  // Answers and rationales count alike, and nothing is dropped.
  expect(new Set(packed.rowWeights)).toEqual(new Set([0.5 / (2 * 3)]));
  const drops = ({ programs }: Plan): boolean =>
    programs.get('pass')!.some((operation) => 'dropout' in operation && operation.dropout !== null);
  expect(drops(plan)).toBe(false);
  const bucket = { ...plan.capacities, sequences: 4, maxEncoderLength: 8, maxDecoderLength: 4 };
  expect(drops(planStep(new SlabLayout(tiny.config), bucket, true))).toBe(true);
  expect(packed.counts).toMatchObject({ encoderRows: 24, decoderRows: 12, encoderSequences: 4 });
  const { flops, matmulFlops } = countFlops({ plan, packed });
  expect(matmulFlops).toBeGreaterThan(flops / 2);
  expect(matmulFlops).toBeLessThan(flops);
  const work = await measureWork({ ...tiny, steps: 2 });
  expect(work).toMatchObject({ flops, matmulFlops });
});

it('leaves operations out of a plan, and a run that changes nothing clips as a run does', () => {
  const config = parseTiny();
  const bucket = layOutStep(tiny).plan.capacities;
  const plan = planStep(
    new SlabLayout(config),
    { ...bucket, sequences: 4, maxEncoderLength: 8, maxDecoderLength: 4, generationRows: 0 },
    false,
  );
  const kinds = (one: typeof plan) => [...one.programs.values()].flat().map(({ kind }) => kind);
  const updates = only(plan, ({ kind }) => kind === 'adamw');
  expect(new Set(kinds(updates))).toEqual(new Set(['adamw']));
  expect(kinds(updates)).toHaveLength(kinds(plan).filter((kind) => kind === 'adamw').length);
  expect(stepRun(plan.capacities)).toMatchObject({ maxGradNorm: 1, dropout: 0, learningRate: 0 });
  expect(makeUpdate(7)).toMatchObject({ step: 7, dropout: 0, alpha: 0.5 });
});
