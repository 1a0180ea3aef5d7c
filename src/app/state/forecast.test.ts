import { describe, expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { forecast, rehearsalKey, timesOfRun, timingKey } from './forecast.ts';

const run = { datasetId: 'rows', studentId: 'nano', engine: null, backend: null } as const;
const recipe = { ...smallRecipe, steps: 200, evalEvery: 50 };

describe('what a run to come will take', () => {
  test('is its steps, and its measurements of accuracy', () => {
    const times = { source: { kind: 'measured', engine: 'wasm' } as const, stepMs: 40, rowMs: 10 };
    expect(forecast(times, recipe, 100)).toEqual({
      trainingMs: 8000,
      accuracy: { times: 4, eachMs: 1000 },
      totalMs: 12_000,
    });
  });

  test('is its steps alone where answers were not timed, or none are asked for', () => {
    const times = { source: { kind: 'measured', engine: 'wasm' } as const, stepMs: 40, rowMs: null };
    expect(forecast(times, recipe, 100)).toEqual({ trainingMs: 8000, accuracy: null, totalMs: 8000 });
    expect(forecast({ ...times, rowMs: 10 }, { ...recipe, evalEvery: 0 }, 100).accuracy).toBeNull();
    expect(forecast({ ...times, rowMs: 10 }, recipe, 0).accuracy).toBeNull();
  });
});

test('what a step costs depends on its rows, not on how many there will be or how fast they are learnt', () => {
  const key = timingKey({ ...run, recipe });
  expect(timingKey({ ...run, recipe: { ...recipe, steps: 9, alpha: 1, learningRate: 1, seed: 3 } })).toBe(
    key,
  );
  expect(timingKey({ ...run, recipe: { ...recipe, batchSize: recipe.batchSize + 1 } })).not.toBe(key);
  expect(timingKey({ ...run, recipe: { ...recipe, freeze: ['encoder'] } })).not.toBe(key);
  expect(timingKey({ ...run, backend: 'wasm', recipe })).not.toBe(key);
  // One answer alone takes longer than its share of 32.
  expect(rehearsalKey({ ...run, recipe, testRows: 2 })).not.toBe(
    rehearsalKey({ ...run, recipe, testRows: null }),
  );
  expect(rehearsalKey({ ...run, recipe, testRows: 50 })).toBe(
    rehearsalKey({ ...run, recipe, testRows: null }),
  );
});

test('a run tells the time of the next one that goes as it went, and of no other', () => {
  const points = Array.from({ length: 10 }, (_, index) => ({
    step: index + 1,
    elapsedMs: 25 * (index + 1),
    tokens: 10,
    learningRate: 0.1,
    gradNorm: 1,
    loss: 1,
    answerLoss: 1,
    rationaleLoss: 1,
  })) satisfies Partial<MetricsPoint>[] as MetricsPoint[];
  const state = { phase: 'done', step: 10, stopped: false };
  const record = { ...run, name: 'Quiet Alder', engineChoice: null, recipe, state } as unknown as RunRecord;
  const times = timesOfRun(record, points, timingKey({ ...run, recipe }));
  expect(times).toMatchObject({ source: { kind: 'run', name: 'Quiet Alder' }, rowMs: null });
  expect(times!.stepMs).toBeCloseTo(25, 9);
  expect(timesOfRun(record, points, timingKey({ ...run, studentId: 'other', recipe }))).toBeNull();
  expect(timesOfRun(record, points.slice(0, 1), timingKey({ ...run, recipe }))).toBeNull();
  // It may have been trained on another machine; and one at work would change what is said with each step.
  const elsewhere = { ...record, imported: { fileName: 'run.zip', at: 1 } };
  expect(timesOfRun(elsewhere, points, timingKey({ ...run, recipe }))).toBeNull();
  const atWork = { ...record, state: { phase: 'training', step: 10, steps: 20 } } as const;
  expect(timesOfRun(atWork, points, timingKey({ ...run, recipe }))).toBeNull();
});
