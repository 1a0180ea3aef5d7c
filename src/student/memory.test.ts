import { describe, expect, it } from 'vitest';
import { parseT5Config } from './config.ts';
import { estimateTrainingMemory, type TrainingShape } from './memory.ts';
import { countParameters } from './parameters.ts';
import { tinyConfig } from './testing/tiny-student.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const shape: TrainingShape = { batchSize: 2, inputTokens: 5, targetTokens: 3, method: 'standard' };

describe('estimateTrainingMemory', () => {
  const estimate = estimateTrainingMemory(config, shape);

  it('follows its formula, counted by hand', () => {
    const parameters = countParameters(config);
    expect(estimate.weights).toBe(4 * parameters);
    expect(estimate.gradients).toBe(4 * parameters);
    expect(estimate.moments).toBe(8 * parameters);
    expect(estimate.logits).toBe(4 * 2 * 3 * 3 * 40);
    // D 8, I 6, F 10, H 2: one encoder layer over 5, two decoder layers over 3 reading 5.
    const encoder = 5 * (24 + 12 + 30) + 5 * 12 + 5 * (24 + 50) + 16 * 5;
    const decoder =
      2 * (3 * (24 + 12 + 18) + 3 * 12 + (3 * (24 + 12 + 30) + 5 * 12) + 3 * (24 + 50)) + 16 * 3;
    expect(estimate.activations).toBe(4 * 2 * (encoder + decoder));
    expect(estimate.total).toBe(16 * parameters + estimate.activations + estimate.logits);
  });

  it('has no gradients and no moments of frozen weights', () => {
    const frozen = estimateTrainingMemory(config, shape, new Set(['shared.weight', 'lm_head.weight']));
    const free = 4 * (countParameters(config) - 2 * 40 * 8);
    expect(frozen).toMatchObject({ weights: estimate.weights, gradients: free, moments: 2 * free });
    expect(frozen.total).toBe(estimate.total - 3 * 4 * 2 * 40 * 8);
  });

  it('grows with rows, and doubles what a pass holds for two tasks', () => {
    const twice = estimateTrainingMemory(config, { ...shape, batchSize: 4 });
    const twoTasks = estimateTrainingMemory(config, { ...shape, method: 'step-by-step' });
    expect(twice.activations).toBe(2 * estimate.activations);
    expect(twoTasks.activations).toBe(2 * estimate.activations);
    expect(twoTasks.weights).toBe(estimate.weights);
  });
});
