/** Why a comparison cannot be made now, in a sentence; null where it can. */
import type { RunRecord } from '../../store/records.ts';
import { liveRun, type StudioState } from '../state/studio-store.ts';

/** @param rows Test rows as read from their field: null for all, undefined where the field is no such number. */
export function compareObstacle(
  state: StudioState,
  run: RunRecord,
  rows: number | null | undefined,
): string | null {
  if (state.requests.compare.busy) return 'A comparison is under way.';
  if (rows === undefined) return 'Test rows must be a whole number, or empty for all.';
  const live = liveRun(state);
  if (live !== null && live.id !== run.id) return `${live.name} is under way; stop it first.`;
  if (live !== null && run.state.phase !== 'paused')
    return 'The run is at work; pause it first, or wait for its end.';
  if (live === null && run.savedStep === null) return 'This run kept no weights to compare.';
  const dataset = state.datasets.find((one) => one.id === run.datasetId);
  if (dataset === undefined) return `Its dataset (${run.datasetName}) is no longer here.`;
  if (!dataset.splits.test?.rows) return 'The dataset has no test rows; add them under Data.';
  if (!state.students.some((student) => student.id === run.studentId)) {
    return `Its student (${run.studentName}) is no longer here.`;
  }
  return null;
}
