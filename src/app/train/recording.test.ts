import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import { readRecording } from './recording.ts';

const file = join(import.meta.dirname, '../../../public/recording.json');
const value = JSON.parse(readFileSync(file, 'utf8')) as { columns: Record<string, number[]> };

describe('the recording', () => {
  it('is of the sample’s preset as it is now, from the first step to the last', () => {
    const { run, metrics } = readRecording(value);
    // Another preset asks for another recording: node scripts/make-recording.mjs.
    expect(run.recipe).toEqual(smallRecipe);
    expect(metrics.points).toHaveLength(smallRecipe.steps);
    expect(metrics.points.map(({ step }) => step)).toEqual(metrics.points.map((_, index) => index + 1));
    for (const column of Object.values(value.columns)) expect(column).toHaveLength(smallRecipe.steps);
    expect(run.evaluations.map(({ step }) => step)).toEqual([100, 200, 300, 400, 500, 600]);
  });

  it('combines its losses as the recipe says', () => {
    const { run, metrics } = readRecording(value);
    for (const { answerLoss, rationaleLoss, loss } of metrics.points) {
      // Four digits are kept of each.
      const expected = run.recipe.alpha * answerLoss + (1 - run.recipe.alpha) * rationaleLoss!;
      expect(Math.abs(loss - expected)).toBeLessThan(1e-3 * Math.max(1, expected));
    }
  });

  it('is refused where it is something else', () => {
    expect(() => readRecording({ ...value, format: 'other' })).toThrow();
    expect(() => readRecording(null)).toThrow();
  });
});
