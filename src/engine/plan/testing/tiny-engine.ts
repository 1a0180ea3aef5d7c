/** Very small students and batches for tests of whole plans. */
import { RandomSequence } from '../../../base/random.ts';
import { parseT5Config, type T5Config } from '../../../student/config.ts';
import { initialiseWeights } from '../../../student/initialise.ts';
import { tinyConfig } from '../../../student/testing/tiny-student.ts';
import type { EngineStudent, MicroBatch, TaskBatch, Update } from '../../engine.ts';

export function parseTiny(overrides: Readonly<Record<string, unknown>> = {}): T5Config {
  return parseT5Config(JSON.stringify(tinyConfig(overrides)), 'config.json');
}

/** Weights are initialised as Hugging Face does; norms and biases are spread so that they matter. */
export function tinyEngineStudent(overrides: Readonly<Record<string, unknown>> = {}): EngineStudent {
  const config = parseTiny(overrides);
  const weights = initialiseWeights(config, 1);
  const random = new RandomSequence(2);
  for (const [name, values] of weights) {
    if (!name.includes('norm') && !name.includes('bias')) continue;
    values.forEach((value, index) => (values[index] = value + 0.3 * random.nextNormal()));
  }
  return { config, weights };
}

/** Rows of these lengths, ids from 2 on, each ending in the end token. */
export function randomBatch(
  config: T5Config,
  seed: number,
  lengths: readonly (readonly [number, number])[],
): TaskBatch {
  const random = new RandomSequence(seed);
  const row = (length: number) =>
    Int32Array.from({ length }, (_, index) =>
      index === length - 1 ? config.eos_token_id : 2 + random.nextInt(config.vocab_size - 2),
    );
  return {
    inputs: lengths.map(([input]) => row(input)),
    targets: lengths.map(([, target]) => row(target)),
  };
}

/** Two tasks, rows of odd lengths. */
export function tinyMicroBatch(config: T5Config, seed = 3): MicroBatch {
  return {
    answer: randomBatch(config, seed, [
      [5, 2],
      [1, 3],
      [19, 1],
    ]),
    rationale: randomBatch(config, seed + 100, [
      [6, 17],
      [2, 9],
      [20, 4],
    ]),
  };
}

export const tinyUpdate: Update = {
  step: 1,
  alpha: 0.3,
  learningRate: 1e-2,
  weightDecay: 0.1,
  maxGradNorm: 1,
  dropout: 0.2,
  seed: 5,
};
