import { expect, test } from 'vitest';
import type { DatasetRecord, StudentRecord } from '../../store/records.ts';
import type { Coverage } from '../../student/coverage.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import { foreignRows } from './foreign-rows.ts';

function state(coverage: Coverage | undefined, studentId = 's'): StudioState {
  const dataset = { id: 'd', lengths: { train: { studentId, coverage }, test: null } };
  return {
    ...initialState(),
    datasets: [dataset as unknown as DatasetRecord],
    datasetId: 'd',
    students: [{ id: 's', name: 'nano' } as StudentRecord],
    studentId: 's',
  };
}

test('rows that the vocabulary lacks are told in words, with their share and what to do', () => {
  expect(foreignRows(state({ pieces: 1000, unknown: 47, letters: 0 }))).toMatch(
    /^nano has no piece for 4\.7 % .*<unk>.*bring a full flan-t5/,
  );
  expect(foreignRows(state({ pieces: 1000, unknown: 0, letters: 570 }))).toMatch(
    /57 % .*single letters.*flan-t5/,
  );
});

test('nothing is said of rows that it knows, nor before they were looked at under this student', () => {
  // Full flan-t5 on English text, on code as far as letters go, and the bundled student on its sample.
  for (const letters of [94, 124, 3])
    expect(foreignRows(state({ pieces: 1000, unknown: 1, letters }))).toBeNull();
  expect(foreignRows(state(undefined))).toBeNull();
  expect(foreignRows(state({ pieces: 0, unknown: 0, letters: 0 }))).toBeNull();
  expect(foreignRows(state({ pieces: 10, unknown: 9, letters: 0 }, 'other'))).toBeNull();
  expect(foreignRows(initialState())).toBeNull();
});
