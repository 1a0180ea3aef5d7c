import { expect, test } from 'vitest';
import type { DatasetRecord, RunRecord, StudentRecord } from '../../store/records.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import { compareObstacle } from './compare-obstacle.ts';

const run = {
  id: 'r',
  name: 'amber-fox',
  datasetId: 'd',
  datasetName: 'trips',
  studentId: 's',
  studentName: 'nano',
  savedStep: 20,
  state: { phase: 'done', step: 20, stopped: false },
} as RunRecord;

function state(part: Partial<StudioState> = {}): StudioState {
  return {
    ...initialState(),
    runs: [run],
    datasets: [{ id: 'd', splits: { train: null, test: { rows: 9 } } } as DatasetRecord],
    students: [{ id: 's' } as StudentRecord],
    ...part,
  };
}

test('an ended run with weights, rows and student can be compared; so can a paused one', () => {
  expect(compareObstacle(state(), run, null)).toBeNull();
  const paused: RunRecord = { ...run, savedStep: null, state: { phase: 'paused', step: 3 } };
  expect(compareObstacle(state({ runs: [paused], liveRunId: 'r' }), paused, 5)).toBeNull();
});

test('what is missing is named', () => {
  const training: RunRecord = { ...run, state: { phase: 'training', step: 3, steps: 9 } };
  expect(compareObstacle(state({ runs: [training], liveRunId: 'r' }), training, null)).toContain('pause it');
  expect(compareObstacle(state(), { ...run, savedStep: null }, null)).toContain('kept no weights');
  expect(compareObstacle(state({ datasets: [] }), run, null)).toContain('trips');
  expect(compareObstacle(state({ students: [] }), run, null)).toContain('nano');
  expect(compareObstacle(state(), run, undefined)).toContain('whole number');
});
