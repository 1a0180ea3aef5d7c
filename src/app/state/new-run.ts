/** The run that the form describes. */
import type { NewRun } from '../../worker/protocol.ts';
import type { StudioState } from './studio-store.ts';
import { engineRequest } from './machine-choice.ts';
import { pinnedQuestions } from './pinned-questions.ts';
import { readDraft, readTestRows } from '../recipe/recipe-draft.ts';

/** As the worker takes it; null while something is missing, which the action says in words. */
export function newRun({ datasetId, studentId, draft, backend, ...state }: StudioState): NewRun | null {
  const { recipe } = readDraft(draft);
  const testRows = readTestRows(state.testRows);
  if (datasetId === null || studentId === null || recipe === null || testRows === undefined) return null;
  const ownQuestions = pinnedQuestions(datasetId);
  return { datasetId, studentId, recipe, testRows, ...engineRequest(backend), ownQuestions };
}
