/**
 * Where the recipe in the form came from, when it was not typed: a run that is to be repeated, or a link. What stood in
 * the form before is kept beside it, so that filling the form loses nothing.
 */
import { create } from 'zustand';
import type { RunRecord } from '../../store/records.ts';
import { studio } from './studio.ts';
import { studioStore, type StudioState } from './studio-store.ts';
import { draftOf, type RecipeDraft } from '../recipe/recipe-draft.ts';
import { openSettings } from './settings-open.ts';

/** What of a run's circumstances is gone, so that its recipe alone was taken over. */
export type Missing = 'rows' | 'student';

export type FormSource =
  | { kind: 'run'; runName: string; missing: readonly Missing[] }
  | { kind: 'link' }
  /** A link that says no recipe; the form is as it was. */
  | { kind: 'broken-link'; problems: readonly string[] };

interface Before {
  draft: RecipeDraft;
  testRows: string;
  datasetId: string | null;
  studentId: string | null;
}

interface Filled {
  source: FormSource | null;
  /** Null where filling changed nothing. */
  before: Before | null;
}

export const useFormSource = create<Filled>(() => ({ source: null, before: null }));

/** Fills the form with what a run was trained with, and takes its student and its rows where they are still here. */
export function repeatRun(run: RunRecord): void {
  const state = studioStore.getState();
  const before = formOf(state);
  const missing: Missing[] = [];
  if (!state.datasets.some(({ id }) => id === run.datasetId)) missing.push('rows');
  else if (state.datasetId !== run.datasetId) void studio.selectDataset(run.datasetId);
  if (!state.students.some(({ id }) => id === run.studentId)) missing.push('student');
  else if (state.studentId !== run.studentId) studio.selectStudent(run.studentId);
  studio.setDraft(draftOf(run.recipe));
  studio.setTestRows(run.testRows === null ? '' : String(run.testRows));
  openSettings();
  useFormSource.setState({ source: { kind: 'run', runName: run.name, missing }, before });
}

/** Fills the form with a recipe from elsewhere. */
export function fillForm(draft: RecipeDraft, source: FormSource): void {
  const before = formOf(studioStore.getState());
  studio.setDraft(draft);
  useFormSource.setState({ source, before });
}

/** Says why the form was not filled. */
export function refuseToFill(problems: readonly string[]): void {
  useFormSource.setState({ source: { kind: 'broken-link', problems }, before: null });
}

/** Brings back what stood in the form before it was filled. */
export function takeBack(): void {
  const { before } = useFormSource.getState();
  if (before !== null) {
    studio.setDraft(before.draft);
    studio.setTestRows(before.testRows);
    const { datasets, students, datasetId, studentId } = studioStore.getState();
    const has = (records: readonly { id: string }[], id: string | null): id is string =>
      records.some((record) => record.id === id);
    if (before.datasetId !== datasetId && has(datasets, before.datasetId))
      void studio.selectDataset(before.datasetId);
    if (before.studentId !== studentId && has(students, before.studentId))
      studio.selectStudent(before.studentId);
  }
  forgetSource();
}

export function forgetSource(): void {
  useFormSource.setState({ source: null, before: null });
}

function formOf({ draft, testRows, datasetId, studentId }: StudioState): Before {
  return { draft, testRows, datasetId, studentId };
}
