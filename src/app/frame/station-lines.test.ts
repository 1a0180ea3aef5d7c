import { expect, test } from 'vitest';
import type { DatasetRecord, RunRecord, StudentRecord } from '../../store/records.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import { stationLine } from './station-lines.ts';

const run = {
  id: 'r',
  step: 340,
  recipe: { steps: 600 },
  evaluations: [{ step: 300, correct: 158, total: 200 }],
  comparison: null,
  savedStep: null,
} as unknown as RunRecord;

const full: StudioState = {
  ...initialState(),
  datasets: [
    {
      id: 'd',
      files: [],
      splits: { train: { rows: 9741 }, test: { rows: 1221 } },
      problems: [],
    } as unknown as DatasetRecord,
  ],
  datasetId: 'd',
  students: [{ id: 's', name: 'nano', parameters: 618_880 } as StudentRecord],
  studentId: 's',
  runs: [run],
  runId: 'r',
};

test('before anything was done, every station says what it waits for', () => {
  const empty = initialState();
  expect(stationLine('data', empty)).toEqual({ words: 'drop your files', reached: false });
  expect(stationLine('student', empty).reached).toBe(false);
  expect(stationLine('take-away', empty).reached).toBe(false);
});

test('the rail alone is a status board', () => {
  expect(stationLine('data', full).words).toBe('9,741 rows · 1,221 test');
  expect(stationLine('student', full).words).toBe('nano · 0.6 M');
  expect(stationLine('train', full).words).toBe('340 steps');
  expect(stationLine('train', { ...full, liveRunId: 'r' }).words).toBe('step 340 of 600');
  expect(stationLine('compare', full).words).toBe('79 %');
  expect(stationLine('take-away', full)).toEqual({ words: 'after training', reached: false });
});

test('a comparison goes before what was measured on the way', () => {
  const tally = (correct: number) => ({ correct, total: 100 });
  const compared: RunRecord = {
    ...run,
    savedStep: 600,
    comparison: { base: tally(0), distilled: tally(88), teacher: tally(90), step: 600 },
  };
  const state = { ...full, runs: [compared] };
  expect(stationLine('compare', state).words).toBe('88 % · teacher 90 %');
  expect(stationLine('take-away', state).words).toBe('weights of step 600');
});

test('files that do not fit together are told in the rail', () => {
  const problems = [{ name: 'InputError', message: 'x', file: null, line: null }];
  const datasets = full.datasets.map((dataset) => ({ ...dataset, problems }));
  expect(stationLine('data', { ...full, datasets })).toEqual({ words: 'needs a look', reached: false });
});
