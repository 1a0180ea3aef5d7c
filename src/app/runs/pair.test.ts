import { expect, test } from 'vitest';
import type { Prediction } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { pairHash, parsePair } from './pair-address.ts';
import { pairedTest, partnersOf, rowsIn, sharedRows } from './pair.ts';

function answers(list: readonly string[], part: Partial<Prediction> = {}): Prediction[] {
  return list.map((distilled, row) => ({
    row,
    input: `q${row}`,
    label: 'yes',
    teacher: null,
    base: 'no',
    distilled,
    rationale: null,
    teacherRationale: null,
    ...part,
  }));
}

test('two runs are held against each other on the rows that both answered', () => {
  const first = answers(['yes', 'yes', 'no', 'yes', 'no']);
  const second = answers(['yes', 'no', 'yes', 'yes']);
  const { rows, leftOut } = sharedRows([first, second]);
  expect(rows).toHaveLength(4);
  expect(leftOut).toBe(1);
  expect(pairedTest(rows)).toMatchObject({ lost: 1, won: 1, p: 1 });
  const of = (view: Parameters<typeof rowsIn>[0]) => rowsIn(view, rows).map(({ row }) => row);
  expect(of('differ')).toEqual([1, 2]);
  expect(of('first')).toEqual([1]);
  expect(of('second')).toEqual([2]);
  expect(of('all')).toEqual([0, 1, 2, 3]);
});

test('a row of another text is not the same row, and a third run is a reference', () => {
  const first = answers(['yes', 'yes']);
  const other = answers(['yes', 'yes']).map((one, row) => (row === 0 ? { ...one, input: 'another' } : one));
  expect(sharedRows([first, other]).rows.map(({ row }) => row)).toEqual([1]);
  const { rows } = sharedRows([first, first, answers(['no', 'yes'])]);
  expect(rows[0]!.answers.map(({ isRight }) => isRight)).toEqual([true, true, false]);
  expect(sharedRows([]).rows).toEqual([]);
});

test('the address of a pair names two or three runs, each once', () => {
  expect(parsePair(pairHash(['a b', 'c,d']))).toEqual(['a b', 'c,d']);
  for (const hash of [
    '#/runs',
    '#/runs/pair?runs=',
    '#/runs/pair?runs=a',
    '#/runs/pair?runs=a,a',
    '#/runs/pair?runs=a,b,c,d',
    '#/runs/pair?runs=%,b',
  ]) {
    expect(parsePair(hash), hash).toBeNull();
  }
});

test('a run is compared with finished runs on the same dataset: as many rows first, then the newest', () => {
  const run = (id: string, createdAt: number, total: number | null, part: Partial<RunRecord> = {}) => {
    const tally = { correct: 1, total: total ?? 0 };
    return {
      id,
      createdAt,
      datasetId: 'd',
      state: { phase: 'done', step: 6, stopped: false },
      comparison: total === null ? null : { base: tally, distilled: tally, teacher: null, step: 6 },
      ...part,
    } as RunRecord;
  };
  const own = run('own', 5, 40);
  const runs = [
    run('fewer rows', 9, 8),
    run('old', 1, 40),
    own,
    run('newer', 4, 40),
    run('not compared', 6, null),
    run('other data', 7, 40, { datasetId: 'e' }),
    run('resumed', 8, 40, { state: { phase: 'training', step: 3, steps: 9 } as RunRecord['state'] }),
  ];
  expect(partnersOf(own, runs).map(({ id }) => id)).toEqual(['newer', 'old', 'fewer rows']);
  expect(partnersOf(run('own', 5, null), runs)).toEqual([]);
  expect(partnersOf(own, [own])).toEqual([]);
});
