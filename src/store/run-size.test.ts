import { expect, it } from 'vitest';
import { checkpointParts } from '../distill/checkpoint.ts';
import { smallRecipe } from '../distill/recipe.ts';
import { parseT5Config, type Weights } from '../student/config.ts';
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
