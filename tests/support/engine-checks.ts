/** Checks of an engine against what PyTorch computed. The shared goldens and the project's fixtures both pass through here. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Engine, EngineStudent, GenerateOptions, MicroBatch } from '../../src/engine/engine.ts';
import type { InspectableEngine } from '../../src/engine/tfjs/tfjs-engine.ts';
import { expectClose, expectCloseInNorm, expectNear, expectNearRelative } from './closeness.ts';
import {
  microBatches,
  raggedRows,
  readJson,
  readTensors,
  taskBatch,
  unpaddedValues,
  weightsOf,
} from './goldens.ts';

/**
 * The column "accept" of the goldens' README. Measured there: float32 PyTorch against float64, against itself with
 * every result disturbed by 2 ulp, and with the tanh that WGSL allows. Each is a few times the worst of these and
 * well below what a likely mistake makes (a wrong decay rule, a wrong epsilon, a mean of means).
 */
const accepted = {
  encoderOutput: 1e-4,
  logits: 2e-4,
  passLoss: 1e-5,
  gradient: 1e-4,
  passGradNorm: 1e-5,
  runLoss: 5e-5,
  runGradNorm: 5e-5,
  weight: 5e-3,
  moment: 2e-4,
  beamScore: 1e-4,
};

/**
 * One pass: encoder, logits, loss, each gradient, their norm. `kind` is '' or 'long-'.
 * @param expects Whether the file holds every gradient, or some of them.
 */
export async function checkPass(
  engine: InspectableEngine,
  folder: string,
  kind: '' | 'long-',
  expects: 'all gradients' | 'some gradients' = 'all gradients',
): Promise<void> {
  const batch = taskBatch(readTensors(folder, `${kind}batch.safetensors`));
  const expected = readTensors(folder, `${kind}expected.safetensors`);
  const numbers = readJson(folder, `${kind}expected.json`) as {
    loss: number;
    tokens: number;
    gradNorm: number;
  };

  const { encoderOutput, logits } = await engine.forward(batch);
  unpaddedValues(expected, 'encoder_output', batch.inputs).forEach((values, row) =>
    expectClose(encoderOutput[row]!, values, accepted.encoderOutput, `encoder_output of row ${row}`),
  );
  unpaddedValues(expected, 'logits', batch.targets).forEach((values, row) =>
    expectClose(logits[row]!, values, accepted.logits, `logits of row ${row}`),
  );

  const evaluated = await engine.evaluate(batch);
  expect(evaluated.tokens).toBe(numbers.tokens);
  expectNear(evaluated.loss, numbers.loss, accepted.passLoss, 'loss');

  const gradients = await engine.gradients(batch);
  const expectedGradients = weightsOf(expected, 'grad.');
  if (expects === 'all gradients')
    expect([...gradients.keys()].sort()).toEqual([...expectedGradients.keys()].sort());
  else expect(expectedGradients.size).toBeGreaterThan(0);
  for (const [name, values] of expectedGradients) {
    expectCloseInNorm(gradients.get(name), values, accepted.gradient, `gradient of ${name}`);
  }
  const squares = [...gradients.values()].reduce(
    (sum, values) => values.reduce((s, value) => s + value * value, sum),
    0,
  );
  expectNearRelative(Math.sqrt(squares), numbers.gradNorm, accepted.passGradNorm, 'gradient norm');
}

/** A run's settings and what each step measured, under the goldens' names. */
export interface ExpectedRun {
  run: {
    alpha: number;
    weightDecay: number;
    maxGradNorm: number;
    gradientAccumulation?: number;
    dropout?: number;
    seed?: number;
  };
  steps: ExpectedStep[];
}

export interface ExpectedStep {
  step: number;
  learningRate: number;
  answerLoss: number;
  rationaleLoss: number;
  loss: number;
  gradNorm: number;
}

/**
 * Steps of a run, each with the learning rate that is written down for it; batches are taken in turn. Losses and norms are
 * checked as it goes.
 */
export async function checkSteps(
  engine: Engine,
  batches: readonly MicroBatch[],
  { run, steps }: ExpectedRun,
): Promise<void> {
  const perStep = run.gradientAccumulation ?? 1;
  for (const expected of steps) {
    const { step, learningRate } = expected;
    const rows = Array.from(
      { length: perStep },
      (_, micro) => batches[((step - 1) * perStep + micro) % batches.length]!,
    );
    const measured = await engine.step(rows, {
      step,
      learningRate,
      alpha: run.alpha,
      weightDecay: run.weightDecay,
      maxGradNorm: run.maxGradNorm,
      dropout: run.dropout ?? 0,
      seed: run.seed ?? 0,
    });
    for (const loss of ['answerLoss', 'rationaleLoss', 'loss'] as const) {
      expectNear(measured[loss] ?? NaN, expected[loss], accepted.runLoss, `${loss} at step ${step}`);
    }
    expectNearRelative(
      measured.gradNorm,
      expected.gradNorm,
      accepted.runGradNorm,
      `gradient norm at step ${step}`,
    );
  }
}

/** Weights, judged by how far they moved from `initial`, and both moments where `adamFile` is there. */
export async function checkState(
  engine: Engine,
  initial: ReadonlyMap<string, Float32Array>,
  finalFile: string,
  adamFile: string | null,
): Promise<void> {
  const state = await engine.read();
  const weights = weightsOf(readTensors(finalFile));
  expect([...state.weights.keys()].sort()).toEqual([...weights.keys()].sort());
  for (const [name, values] of weights) {
    expectCloseInNorm(state.weights.get(name), values, accepted.weight, `weight ${name}`, initial.get(name));
  }
  if (adamFile === null) return;
  const adam = readTensors(adamFile);
  for (const [name, values] of weightsOf(adam, 'exp_avg.')) {
    expectCloseInNorm(state.expAvg.get(name), values, accepted.moment, `exp_avg of ${name}`);
  }
  for (const [name, values] of weightsOf(adam, 'exp_avg_sq.')) {
    expectCloseInNorm(state.expAvgSq.get(name), values, accepted.moment, `exp_avg_sq of ${name}`);
  }
}

/**
 * A run of `training/`. `kind` is '', 'accumulation-' or 'half-clipped-'.
 * @param maxSteps Fewer than the run has: the final state is then left out.
 */
export async function checkTraining(
  engine: Engine,
  student: EngineStudent,
  folder: string,
  kind: string,
  maxSteps = Infinity,
): Promise<void> {
  const { run, steps } = readJson(folder, `${kind}expected.json`) as ExpectedRun;
  const batches = microBatches(readTensors(folder, 'batches.safetensors'));
  await checkSteps(engine, batches, { run, steps: steps.slice(0, maxSteps) });
  if (maxSteps < steps.length) return;
  await checkState(
    engine,
    student.weights,
    join(folder, `${kind}final.safetensors`),
    join(folder, `${kind}adam.safetensors`),
  );
}

interface ExpectedGenerations {
  maxNewTokens: number;
  beam: { numBeams: number };
  rows: { greedy: { tokens: number[] }; beams: { tokens: number[]; score: number }[] }[];
}

/**
 * Greedy and beam search: ids equal (no choice in the goldens is close), scores near.
 * @param which Positions of the rows to take; all where it is left out.
 */
export async function checkGeneration(
  engine: InspectableEngine,
  folder: string,
  which?: readonly number[],
): Promise<void> {
  const expected = readJson(folder, 'expected.json') as ExpectedGenerations;
  const { maxNewTokens, beam } = expected;
  const places = which ?? [...expected.rows.keys()];
  const allInputs = raggedRows(readTensors(folder, 'batch.safetensors'), 'input_ids', 'attention_mask');
  const inputs = places.map((place) => allInputs[place]!);
  const rows = places.map((place) => expected.rows[place]!);

  const greedy = await engine.generate(inputs, { maxNewTokens, numBeams: 1 });
  expect(greedy.map(({ ids }) => [...ids])).toEqual(rows.map((row) => row.greedy.tokens));

  const beams = await engine.beams(inputs, { maxNewTokens, numBeams: beam.numBeams });
  expect(beams.map((row) => row.map(({ ids }) => [...ids]))).toEqual(
    rows.map((row) => row.beams.map(({ tokens }) => tokens)),
  );
  rows.forEach((row, index) =>
    row.beams.forEach(({ score }, rank) =>
      expectNear(
        beams[index]![rank]!.score ?? NaN,
        score,
        accepted.beamScore,
        `score of beam ${rank} of row ${index}`,
      ),
    ),
  );
}

interface ExpectedRules {
  maxNewTokens: number;
  inputs: number[][];
  sets: { options: Partial<GenerateOptions>; rows: { tokens: number[]; score: number | null }[] }[];
}

/** Answers under settings that choose other tokens than the likeliest: ids equal (no choice is close), scores near. */
export async function checkRules(engine: InspectableEngine, folder: string): Promise<void> {
  const { maxNewTokens, inputs, sets } = readJson(folder, 'rules.json') as ExpectedRules;
  const asked = inputs.map((ids) => Int32Array.from(ids));
  for (const { options, rows } of sets) {
    const found = await engine.generate(asked, { maxNewTokens, numBeams: 1, ...options });
    const what = JSON.stringify(options);
    expect(
      found.map(({ ids }) => [...ids]),
      what,
    ).toEqual(rows.map(({ tokens }) => tokens));
    rows.forEach(({ score }, row) => {
      if (score === null) expect(found[row]!.score, what).toBeNull();
      else {
        // A negative length penalty multiplies by the length: the score, and its rounding, grow with it.
        const near = accepted.beamScore * Math.max(1, Math.abs(score));
        expectNear(found[row]!.score ?? NaN, score, near, `score of row ${row}, ${what}`);
      }
    });
  }
}

type Asked = 'untrained' | 'trained' | 'base' | 'adapter';

interface ExpectedGreedy {
  maxNewTokens: number;
  rows: ({ input: number[] } & Record<Asked, { tokens: number[] }>)[];
}

/** Greedy answers of a student before or after its training: equal ids, since no choice is close. */
export async function checkGreedy(engine: Engine, folder: string, when: Asked): Promise<void> {
  const { maxNewTokens, rows } = readJson(folder, 'generation.json') as ExpectedGreedy;
  const inputs = rows.map(({ input }) => Int32Array.from(input));
  const found = await engine.generate(inputs, { maxNewTokens, numBeams: 1 });
  expect(found.map(({ ids }) => [...ids])).toEqual(rows.map((row) => row[when].tokens));
}
