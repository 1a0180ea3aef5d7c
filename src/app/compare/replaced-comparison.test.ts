import { expect, test } from 'vitest';
import type { DatasetRecord, RunRecord } from '../../store/records.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import { replacedComparison } from './replaced-comparison.ts';

const tally = { correct: 3, total: 9 };
const run = {
  id: 'r',
  datasetId: 'd',
  testRows: null,
  comparison: { base: tally, distilled: tally, teacher: tally, step: 4 },
} as RunRecord;

function state(part: Partial<StudioState> = {}): StudioState {
  const dataset = { id: 'd', splits: { train: null, test: { rows: 20 } } } as DatasetRecord;
  return { ...initialState(), runs: [run], datasets: [dataset], ...part };
}

test('fewer rows than were compared are told, as many or more are not', () => {
  expect(replacedComparison(state(), run, 4)).toEqual({ before: 9, after: 4 });
  expect(replacedComparison(state(), run, 9)).toBeNull();
  expect(replacedComparison(state(), run, null)).toBeNull();
  expect(replacedComparison(state(), { ...run, comparison: null }, 1)).toBeNull();
});

test('a run at work compares on no more rows than it was begun with', () => {
  const few = { ...run, testRows: 5 };
  expect(replacedComparison(state({ liveRunId: 'r' }), few, null)).toEqual({ before: 9, after: 5 });
  expect(replacedComparison(state(), few, null)).toBeNull();
});
