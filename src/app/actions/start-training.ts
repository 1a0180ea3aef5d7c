/** The beginning of a run, and what is in its way. */
import { Play } from 'lucide-react';
import { teachesRationales } from '../../distill/methods.ts';
import { isActive } from '../../distill/run-state.ts';
import { navigate } from '../routes.ts';
import { readDraft, readTestRows } from '../recipe/recipe-draft.ts';
import { alarmed } from '../state/alarmed.ts';
import {
  currentDataset,
  currentStudent,
  isRunHere,
  liveRun,
  type StudioState,
} from '../state/studio-store.ts';
import { studio } from '../state/studio.ts';
import type { Action } from './action.ts';

export const startTraining: Action = {
  id: 'start',
  kind: 'action',
  icon: () => Play,
  label: (state) => ((currentDataset(state)?.sample ?? true) ? 'Train on the sample' : 'Start training'),
  isOffered: (state) => !isRunHere(state),
  obstacle: startObstacle,
  perform: () => {
    navigate('train');
    void studio.startRun();
  },
};

/** Why no run can be started or resumed now. */
export function busyObstacle(state: StudioState): string | null {
  if (!state.ready) return 'The studio is still opening.';
  if (state.requests.run.busy) return 'The last request is still being answered.';
  if (state.requests.bench.busy) return 'This machine is being measured; a run would spoil the figures.';
  const live = liveRun(state);
  if (live !== null && isActive(live.state)) return `${live.name} is under way; stop it first.`;
  return null;
}

/** Why no step can be measured now. */
export function measureObstacle(state: StudioState): string | null {
  if (state.requests.reduce.busy) return 'A student is being reduced or measured; both would be slower.';
  return startObstacle(state);
}

export function startObstacle(state: StudioState): string | null {
  const busy = busyObstacle(state);
  if (busy !== null) return busy;
  const dataset = currentDataset(state);
  if (dataset === null) {
    return state.requests.data.busy
      ? 'The rows are still being read.'
      : 'There are no rows yet; add them under Data.';
  }
  const unread = dataset.files.find((file) => file.unread !== undefined);
  if (unread !== undefined) return `Which column of ${unread.name} is what? Say so under Data, or remove it.`;
  if (!dataset.splits.train?.rows) return 'There are no training rows; add them under Data.';
  if (alarmed(dataset))
    return 'The rationales seem to belong to other rows; say under Data what is to be done.';
  if (dataset.problems.length > 0) return 'The files do not fit together; see Data.';
  if (currentStudent(state) === null) {
    return state.requests.student.busy ? 'The student is still being read.' : 'Choose a student first.';
  }
  return recipeObstacle(state, dataset.splits.train);
}

function recipeObstacle(state: StudioState, train: { rationales: number; teacher: unknown }): string | null {
  const { recipe, issues } = readDraft(state.draft);
  if (recipe === null) return `The recipe has a mistake: ${issues[0]?.problem ?? 'see its fields'}.`;
  if (readTestRows(state.testRows) === undefined)
    return 'Test rows must be a whole number, or empty for all.';
  if (teachesRationales(recipe.method) && train.rationales === 0) {
    return 'No training row has a rationale; add the teacher’s, or choose the standard method.';
  }
  if (recipe.labels === 'teacher' && train.teacher === null) {
    return 'No training row has a label by the teacher; choose gold labels.';
  }
  return null;
}
