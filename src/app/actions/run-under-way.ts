/** What can be asked of the run under way, and what is in its way. */
import { Pause, Play, SkipForward, Square } from 'lucide-react';
import { isComparing, type RunState } from '../../distill/run-state.ts';
import { isRunHere, liveRun, type StudioState } from '../state/studio-store.ts';
import { studio } from '../state/studio.ts';
import type { Action } from './action.ts';

const runName = (state: StudioState): string | undefined => liveRun(state)?.name;
const phaseOf = (state: StudioState): RunState['phase'] | null => liveRun(state)?.state.phase ?? null;
const isPaused = (state: StudioState): boolean => phaseOf(state) === 'paused';

/** Whether all steps are taken, and answers are compared. */
export function isRunComparing(state: StudioState): boolean {
  const run = liveRun(state)?.state;
  return run?.phase === 'evaluating' && isComparing(run.purpose);
}

/** One action under two names, so that its button keeps the focus. */
export const pauseOrResume: Action = {
  id: 'pause',
  kind: 'action',
  key: { does: 'Pause or resume the run under way', where: 'Anywhere', presses: [' '] },
  icon: (state) => (isPaused(state) ? Play : Pause),
  label: (state) => (isPaused(state) ? 'Resume' : 'Pause'),
  detail: runName,
  isOffered: isRunHere,
  obstacle: (state) => {
    const run = liveRun(state);
    if (state.asked === 'pause' && !isPaused(state)) return 'It pauses as soon as it can.';
    if (state.asked === 'stop') return 'It is being stopped.';
    return run === null || run.state.phase === 'paused' ? null : pauseObstacle(run.state);
  },
  perform: (state) => {
    if (isPaused(state)) studio.resume();
    else studio.pause();
  },
};

export const stopAndKeep: Action = {
  id: 'stop',
  kind: 'action',
  icon: () => Square,
  label: () => 'Stop and keep',
  detail: runName,
  isOffered: isRunHere,
  obstacle: (state) => (phaseOf(state) === 'idle' ? 'The run has not begun yet.' : null),
  perform: () => studio.stop(),
};

export const skipMeasurement: Action = {
  id: 'skip',
  kind: 'action',
  icon: () => SkipForward,
  label: (state) => (isRunComparing(state) ? 'Skip the comparison' : 'Skip this measurement'),
  detail: runName,
  isOffered: (state) => phaseOf(state) === 'evaluating',
  perform: () => studio.skipEvaluation(),
};

/** Why a run in this state cannot be paused. */
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
      return 'It pauses after this step.';
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
