/** Why a button cannot be pressed now, in a sentence; null where it can. */
import { splits as splitNames } from '../../data/split-name.ts';
import { teachesRationales } from '../../distill/methods.ts';
import { isActive, isComparing, type RunState } from '../../distill/run-state.ts';
import type { DatasetRecord } from '../../store/records.ts';
import { currentDataset, currentStudent, liveRun, type StudioState } from './studio-store.ts';
import { readDraft, readTestRows } from '../recipe/recipe-draft.ts';

/** Why no run can be begun or gone on with now. */
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

/** Whether rationales seem to belong to other rows, and the person has not decided what to do with them. */
export function alarmed({ splits }: DatasetRecord): boolean {
  return splitNames.some((split) => splits[split]?.alarm !== undefined);
}

function recipeObstacle(state: StudioState, train: { rationales: number; teacher: unknown }): string | null {
  const { recipe, issues } = readDraft(state.draft);
  if (recipe === null) return `The recipe needs mending: ${issues[0]?.problem ?? 'see its fields'}.`;
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

/** For Stop and keep, while a run is held here. */
export function stopObstacle(state: RunState): string | null {
  return state.phase === 'idle' ? 'The run has not begun yet.' : null;
}

/** For Pause, while a run is held here. */
export function pauseObstacle(state: RunState): string | null {
  switch (state.phase) {
    case 'training':
    case 'compiling':
    case 'preparing':
      return null;
    case 'evaluating':
      return isComparing(state.purpose)
        ? 'The training is over; the comparison can be skipped, not paused.'
        : null;
    case 'pausing':
      return 'It pauses after the step in hand.';
    case 'recovering':
      return 'The run is being recovered.';
    case 'idle':
    case 'paused':
    case 'done':
    case 'failed':
      return 'Nothing is training.';
    default:
      return state satisfies never;
  }
}
