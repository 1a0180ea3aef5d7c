import { expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { RunRecord } from '../../store/records.ts';
import type { LineSeries } from '../charts/chart.ts';
import { seedMeans } from './seed-means.ts';

const run = (id: string, alpha: number, seed: number): RunRecord =>
  ({
    id,
    name: id,
    studentId: 's',
    datasetId: 'd',
    trainRows: 4,
    testRows: null,
    engine: null,
    evaluations: [],
    comparison: null,
    recipe: { ...smallRecipe, alpha, seed },
  }) as unknown as RunRecord;
const line = (key: string, values: (number | null)[]): LineSeries => ({
  key,
  label: key,
  token: '--run-1',
  values,
  points: true,
});

test('runs over seeds become their mean and its band; one that is alone stays as it is', () => {
  const runs = [run('a', 0.1, 1), run('alone', 0.9, 1), run('b', 0.1, 2)];
  const lines = [line('a', [1, 2, null]), line('alone', [7, 8, 9]), line('b', [3, 6, 5])];
  const [lowest, highest, mean, alone] = seedMeans(runs, lines);
  // Where not every seed has a value there is none: the others would pull the mean.
  expect(mean).toMatchObject({ label: 'alpha 0.1, mean of 2', values: [2, 4, null], points: true });
  expect(lowest).toMatchObject({ values: [1, 2, null], faint: true, of: mean!.key });
  expect(highest).toMatchObject({ values: [3, 6, null], faint: true, of: mean!.key });
  expect(alone).toBe(lines[1]);
});
