import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { RunRecord } from '../../store/records.ts';
import { columnsOf } from '../charts/metric-columns.ts';
import { differences, results } from './differences.ts';

const run = (keys: Partial<RunRecord>, recipe: Partial<RunRecord['recipe']> = {}): RunRecord =>
  ({
    studentName: 'nano',
    datasetName: 'sample',
    trainRows: 400,
    testRows: null,
    engine: null,
    step: 600,
    evaluations: [],
    comparison: null,
    recipe: { ...smallRecipe, ...recipe },
    ...keys,
  }) as RunRecord;

it('only what differs has a row, under the names of the form', () => {
  expect(differences([run({}), run({})])).toEqual([]);
  const a = run({ trainRows: 1400 }, { alpha: 0.8, method: 'standard', freeze: ['encoder'] });
  expect(differences([run({}), a])).toEqual([
    { name: 'Training rows', values: ['400', '1,400'] },
    { name: 'Method', values: ['step by step', 'standard'] },
    { name: 'Alpha', values: ['0.1', '0.8'] },
    { name: 'Freeze', values: ['none', 'encoder'] },
  ]);
});

it('results are shown for all, and a run that has none says so', () => {
  const evaluations = [
    { step: 100, correct: 9, total: 10 },
    { step: 200, correct: 8, total: 10 },
  ];
  const measured = run({ evaluations });
  const columns = columnsOf([
    { step: 1, answerLoss: 1.23456, rationaleLoss: null, elapsedMs: 2000 },
  ] as never);
  expect(results([measured, run({ step: 7 })], (one) => (one === measured ? columns : null))).toEqual([
    { name: 'Steps taken', values: ['600', '7'] },
    { name: 'Last answer loss', values: ['1.235', '–'] },
    { name: 'Best accuracy on the way', values: ['90.0 % of 10', '–'] },
    { name: 'Time in steps', values: ['2 s', '–'] },
  ]);
});
