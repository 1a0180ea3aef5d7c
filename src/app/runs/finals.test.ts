import { expect, test } from 'vitest';
import type { RunRecord } from '../../store/records.ts';
import { finalOf, grouped } from './finals.ts';

const run = (part: Partial<RunRecord>) => ({ comparison: null, evaluations: [], ...part }) as RunRecord;
const tally = (correct: number, total = 10) => ({ correct, total });

test('a run ends with its comparison; without one, with its last measurement; else with nothing', () => {
  const evaluations = [
    { step: 20, ...tally(6) },
    { step: 10, ...tally(9) },
  ];
  const compared = { base: tally(1), distilled: tally(7), teacher: null } as RunRecord['comparison'];
  expect(finalOf(run({ evaluations, comparison: compared }))).toMatchObject({
    distilled: { share: 0.7, rows: 10 },
    base: 0.1,
    teacher: null,
  });
  expect(finalOf(run({ evaluations })).distilled?.share).toBe(0.6);
  expect(finalOf(run({}))).toMatchObject({ distilled: null, base: null });
});

test('runs of one value stand together, with their mean', () => {
  const finals = [5, 8, 7].map((correct) => finalOf(run({ evaluations: [{ step: 1, ...tally(correct) }] })));
  const unmeasured = finalOf(run({}));
  const alike = grouped([...finals, unmeasured], ['0.5', '0.8', '0.5', '0.5']);
  expect(alike.map(({ value, finals: members }) => [value, members.length])).toEqual([
    ['0.5', 3],
    ['0.8', 1],
  ]);
  expect(alike[0]!.mean?.runs).toBe(2);
  expect(alike[0]!.mean?.share).toBeCloseTo(0.6, 12);
  expect(alike[1]!.mean).toBeNull();
  expect(grouped(finals, ['1,000', '90', '0.5']).map(({ value }) => value)).toEqual(['0.5', '90', '1,000']);
  expect(grouped(finals, ['teacher', 'gold', 'teacher']).map(({ value }) => value)).toEqual([
    'gold',
    'teacher',
  ]);
  expect(grouped(finals, null)).toMatchObject([{ value: null, finals: { length: 3 } }]);
});
