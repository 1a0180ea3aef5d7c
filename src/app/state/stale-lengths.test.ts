import { expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { DatasetRecord, LengthReport, StudentRecord } from '../../store/records.ts';
import { initialState, type StudioState } from './studio-store.ts';
import { draftOf } from '../recipe/recipe-draft.ts';
import { staleLengths } from './stale-lengths.ts';

function state(known: Partial<LengthReport> | null): StudioState {
  const { maxInputTokens, maxTargetTokens } = smallRecipe;
  const coverage = { pieces: 9, unknown: 0, letters: 1 };
  const lostLabels = { rows: 0, total: 3, examples: [], alike: 0 };
  const train = known && { studentId: 's', maxInputTokens, maxTargetTokens, coverage, lostLabels, ...known };
  const dataset = {
    id: 'd',
    files: [],
    splits: { train: { rows: 4 }, test: null },
    lengths: { train, test: null },
  };
  return {
    ...initialState(),
    datasets: [dataset as unknown as DatasetRecord],
    datasetId: 'd',
    students: [{ id: 's' } as StudentRecord],
    studentId: 's',
  };
}

test('lengths are measured once, and again when student or limits change', () => {
  expect(staleLengths(state({}))).toBeNull();
  expect(staleLengths(state(null))).toMatchObject({ datasetId: 'd', studentId: 's', maxInputTokens: 128 });
  expect(staleLengths(state({ studentId: 'other' }))).not.toBeNull();
  expect(staleLengths(state({ maxTargetTokens: 5 }))).not.toBeNull();
  // Measured by an earlier version, which did not look at the vocabulary.
  expect(staleLengths(state({ coverage: undefined } as unknown as LengthReport))).not.toBeNull();
});

test('nothing is measured without rows, without a student or under a recipe that is wrong', () => {
  expect(staleLengths(initialState())).toBeNull();
  expect(staleLengths({ ...state(null), studentId: null })).toBeNull();
  expect(
    staleLengths({ ...state(null), draft: { ...draftOf(smallRecipe), maxInputTokens: 'x' } }),
  ).toBeNull();
});
