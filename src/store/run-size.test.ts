import { expect, it } from 'vitest';
import { checkpointParts } from '../distill/checkpoint.ts';
import { smallRecipe } from '../distill/recipe.ts';
import { parseT5Config, type Weights } from '../student/config.ts';
import { adapterParameters } from '../student/lora/lora.ts';
import { expectedParameters, sizeOf } from '../student/parameters.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { tinyConfig, tinyTensors } from '../student/testing/tiny-student.ts';
import { runSize } from './run-size.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');

it.each([[], ['encoder'] as const])(
  'a checkpoint is as large as its files, headers left out (frozen: %s)',
  (...freeze) => {
    const weights: Weights = new Map(
      [...tinyTensors(tinyConfig(), 1)].map(([name, { data }]) => [name, data]),
    );
    const frozen = frozenParameters(config, freeze);
    const trained: Weights = new Map([...weights].filter(([name]) => !frozen.has(name)));
    const written = checkpointParts({ weights, expAvg: trained, expAvgSq: trained, step: 1 }, config);
    const actual = written.reduce((sum, { file }) => sum + file.sizeBytes, 0);
    const headers = written.length * 12_000;
    const { checkpointBytes } = runSize(config, { ...smallRecipe, freeze }, 10);
    expect(checkpointBytes).toBeLessThanOrEqual(actual);
    expect(checkpointBytes).toBeGreaterThan(actual - headers);
  },
);

it('counts the two newest, the half-written one, and the best where accuracy is measured', () => {
  expect(runSize(config, smallRecipe, 10).checkpoints).toBe(4);
  expect(runSize(config, smallRecipe, 0).checkpoints).toBe(3);
  expect(runSize(config, { ...smallRecipe, evalEvery: 0 }, 10).checkpoints).toBe(3);
});

it('says what all of it takes, curves included', () => {
  const recipe = { ...smallRecipe, steps: 100, evalEvery: 100 };
  const { checkpointBytes, checkpoints, totalBytes } = runSize(config, recipe, 1);
  expect(checkpoints).toBe(4);
  expect(totalBytes).toBe(4 * checkpointBytes + 100 * 200);
  // Measured after the last step: never.
  expect(runSize(config, { ...recipe, evalEvery: 101 }, 1).checkpoints).toBe(3);
});

it('keeps two averages of each weight under AdamW, sums of rows and columns under Adafactor', () => {
  const parameters = expectedParameters(config);
  const floats = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const sides = parameters.reduce((sum, { shape }) => sum + shape.reduce((all, one) => all + one, 0), 0);
  const bytesUnder = (optimizer: typeof smallRecipe.optimizer) =>
    runSize(config, { ...smallRecipe, optimizer, freeze: [] }, 0).checkpointBytes;
  expect(bytesUnder('adamw')).toBe(4 * 3 * floats);
  expect(bytesUnder('adafactor')).toBe(4 * (floats + sides));
});

it('of adapters keeps them alone', () => {
  const lora = { rank: 2, alpha: 4, targets: ['q'] } as unknown as typeof smallRecipe.lora;
  const adapters = adapterParameters(config, lora!).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const recipe = { ...smallRecipe, lora, optimizer: 'adamw', freeze: ['encoder'] } as typeof smallRecipe;
  expect(runSize(config, recipe, 0).checkpointBytes).toBe(4 * 3 * adapters);
});

it('keeps no averages of what is frozen', () => {
  const frozen = frozenParameters(config, ['encoder']);
  const bytesWith = (freeze: typeof smallRecipe.freeze) =>
    runSize(config, { ...smallRecipe, lora: null, optimizer: 'adamw', freeze }, 0).checkpointBytes;
  const floats = expectedParameters(config).reduce(
    (sum, { name, shape }) => sum + (frozen.has(name) ? sizeOf(shape) : 0),
    0,
  );
  expect(floats).toBeGreaterThan(0);
  expect(bytesWith([]) - bytesWith(['encoder'])).toBe(4 * 2 * floats);
});
