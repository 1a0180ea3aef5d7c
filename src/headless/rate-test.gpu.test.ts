/** Learning rates tried in a terminal, against the first steps that `train` takes with the same recipe. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { headless, projectRoot } from '../../tests/support/headless.ts';
import type { FoundRate } from '../distill/rate-test.ts';

let folder: string;
const place = (name: string): string => join(folder, name);
const recipe = {
  steps: 1,
  batchSize: 2,
  maxInputTokens: 32,
  maxTargetTokens: 16,
  learningRate: 1e-6,
  warmupSteps: 0,
  evalEvery: 0,
};
const options = (): string[] => ['--train', place('rows.jsonl'), '--recipe', place('recipe.json')];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-rates-'));
  const rows = readFileSync(join(projectRoot, 'public/sample/train.jsonl'), 'utf8').split('\n').slice(0, 20);
  writeFileSync(place('rows.jsonl'), rows.join('\n'));
  writeFileSync(place('recipe.json'), JSON.stringify(recipe));
  // A build has words of its own.
  expect(headless(['help']).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('takes the run’s own steps at growing rates, and names one below that which drives the loss up', () => {
  const { code, stdout, stderr } = headless(['rate-test', ...options(), '--json']);
  expect(code, stderr).toBe(0);
  const { points, suggested } = JSON.parse(stdout) as FoundRate;
  const rates = points.map(({ learningRate }) => learningRate);
  expect(rates[0]).toBe(1e-6);
  for (const [index, rate] of rates.slice(1).entries())
    expect(rate / rates[index]!).toBeCloseTo(10 ** 0.1, 9);
  const least = points.reduce((best, one) => (one.smoothed < best.smoothed ? one : best));
  expect(least.smoothed).toBeLessThan(points[0]!.smoothed);
  expect(suggested).toBeLessThan(least.learningRate);
  expect(suggested).toBeGreaterThan(least.learningRate / 10);

  const out = place('run');
  expect(headless(['train', ...options(), '--out', out, '--engine', 'wasm']).code).toBe(0);
  const { loss } = JSON.parse(readFileSync(join(out, 'metrics.jsonl'), 'utf8').split('\n')[0]!) as {
    loss: number;
  };
  // The same step of the same engine, whose threads may add up in another order.
  expect(points[0]!.loss).toBeCloseTo(loss, 5);
});

it('says it in words, and ends with one message where the recipe is none', () => {
  const said = headless(['rate-test', ...options()]);
  expect(said.stdout).toMatch(/To begin with: [1235]e-\d\./);
  expect(said.stdout).toMatch(/Usual for 0\.6 M parameters, with AdamW: 2e-3\./);
  writeFileSync(place('recipe.json'), JSON.stringify({ ...recipe, batchSize: 0 }));
  const refused = headless(['rate-test', ...options()]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/recipe\.json, line 1: .*batchSize/);
});
