/**
 * Where the recipe in the form came from, when it was not typed: a run that is to be repeated, or a link. What was in
 * the form before is kept beside it, so that filling the form loses nothing.
 */
import { create } from 'zustand';
import type { RunRecord } from '../../store/records.ts';
import { studio } from './studio.ts';
import { studioStore, type StudioState } from './studio-store.ts';
import type { LinkPlaces } from '../recipe/recipe-link.ts';
import { hubPrefix } from '../../hub/hub-name.ts';
import { sampleDatasetId } from '../../worker/protocol.ts';
import { draftOf, type RecipeDraft } from '../recipe/recipe-draft.ts';
import { openSettings } from './settings-open.ts';

/** What of a run's circumstances is gone, so that its recipe alone was taken over. */
export type Missing = 'rows' | 'student';

export type FormSource =
  | { kind: 'run'; runName: string; missing: readonly Missing[] }
  /** `wanted`: the hub's student and data that the link names and that are not here; null where none are. */
  | { kind: 'link'; wanted: LinkPlaces; took: readonly ('student' | 'data')[] }
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

/**
 * Fills the form with a recipe from elsewhere, and takes the student and the rows that it names where they are here;
 * what is not is told, and nothing is fetched.
 */
export function fillFromLink(draft: RecipeDraft, places: LinkPlaces): void {
  const { students, datasets, studentId, datasetId, ...state } = studioStore.getState();
  const before = formOf({ ...state, students, datasets, studentId, datasetId });
  const student = students.find(({ id, hub }) => isAt(places.student, id, hub));
  const dataset = datasets.find(({ id, hub }) => isAt(places.data, id, hub));
  if (student !== undefined && student.id !== studentId) studio.selectStudent(student.id);
  if (dataset !== undefined && dataset.id !== datasetId) void studio.selectDataset(dataset.id);
  else if (dataset === undefined && places.data === sampleDatasetId) void studio.useSample();
  const isThere = {
    student: student !== undefined,
    data: dataset !== undefined || places.data === sampleDatasetId,
  };
  studio.setDraft(draft);
  const source: FormSource = {
    kind: 'link',
    wanted: {
      student: isThere.student ? null : places.student,
      data: isThere.data ? null : places.data,
    },
    took: (['student', 'data'] as const).filter((key) => isThere[key]),
  };
  useFormSource.setState({ source, before });
}

/** Whether a record is what a link names: by its id (what comes with the studio), or by its place on a hub. */
function isAt(place: string | null, id: string, hub: string | undefined): boolean {
  return place !== null && (place === id || (hub !== undefined && place === `${hubPrefix}${hub}`));
}

/** Says why the form was not filled. */
export function refuseToFill(problems: readonly string[]): void {
  useFormSource.setState({ source: { kind: 'broken-link', problems }, before: null });
}

/** Brings back what was in the form before it was filled. */
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
