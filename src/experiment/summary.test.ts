import { expect, it } from 'vitest';
import type { Result } from './ledger.ts';
import { cellsOf, summaryTable } from './summary.ts';

const result = (method: string, seed: number, correct: number): Result => ({
  varied: { method, seed },
  accuracy: {
    base: { correct: 1, total: 100 },
    distilled: { correct, total: 100 },
    teacher: { correct: 88, total: 100 },
  },
  run: `${method}-${seed}`,
});

it('gathers seeds, and sets each setting against the first by the seeds that both have', () => {
  const results = [
    result('standard', 1, 50),
    result('step-by-step', 1, 71),
    result('standard', 2, 54),
    result('step-by-step', 2, 73),
    result('step-by-step', 3, 99),
  ];
  const { heads, rows } = summaryTable(cellsOf(results), 3);
  expect(heads).toEqual([
    'method',
    'base',
    'distilled',
    'teacher',
    'less the first',
    '95 % interval',
    'seeds',
  ]);
  // Differences 21 and 19 points: mean 20, s = √2, t(1) = 12.706, half = 12.706 × √2 / √2.
  expect(rows).toEqual([
    ['standard', '1.0', '52.0 ± 2.8', '88.0', '–', '–', '2 of 3'],
    ['step-by-step', '1.0', '81.0 ± 15.6', '88.0', '+20.0', '+7.3 to +32.7', '3'],
  ]);
});

it('has no difference where there is one setting, and no interval of one seed', () => {
  const one = { ...result('standard', 1, 50), varied: {} };
  expect(summaryTable(cellsOf([one]), 1)).toEqual({
    heads: ['base', 'distilled', 'teacher', 'seeds'],
    rows: [['1.0', '50.0', '88.0', '1']],
  });
});
