/** Whether a run can be resumed, from where, and what that costs: in words, before anybody decides. */
import { formatCount } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import type { Hold } from '../held-runs.ts';
import { plural } from '../words.ts';

export interface GoingOn {
  /** What the button says. */
  label: string;
  /** What is kept and what is lost, as a sentence. */
  words: string;
}

/** Null where nothing is left to do, somebody is at work on the run, or nothing was kept to resume from. */
export function goingOn(run: RunRecord, hold: Hold): GoingOn | null {
  const { state, recipe, rowsSha256 } = run;
  // Runs from before checkpoints kept weights alone, and so do most that came as a file.
  if (rowsSha256 === null || (run.imported && run.imported.goesOn !== true)) return null;
  const interrupted = hold === 'interrupted';
  // All steps taken and the last weights not kept: there was no room for them.
  const unkept = state.phase === 'done' && (run.savedStep ?? 0) < state.step;
  const stopped = state.phase === 'failed' || (state.phase === 'done' && state.stopped);
  const ended = hold === 'record' && (stopped || unkept);
  if (!interrupted && !ended) return null;
  const saved = run.savedStep ?? 0;
  if (saved === 0 && !interrupted && !failedByGpu(run)) return null;
  if (saved >= recipe.steps) {
    if (!interrupted) return null;
    return {
      label: 'Finish the comparison',
      words: `All ${plural(saved, 'step')} are kept; the comparison was not finished.`,
    };
  }
  if (saved === 0) {
    return {
      label: 'Start again from step 1',
      words: `It ${interrupted ? 'was interrupted' : 'failed'} before its first checkpoint: ${lostWords(run.step)}`,
    };
  }
  return {
    label: `Resume from step ${formatCount(saved)}`,
    words: `Its last checkpoint is of step ${formatCount(saved)}: ${lostWords(run.step - saved)}`,
  };
}

/** Whether it was the GPU that gave up, so that the same steps may well be taken on WebAssembly. */
function failedByGpu({ state, engine }: RunRecord): boolean {
  if (state.phase !== 'failed' || engine?.backend !== 'webgpu') return false;
  return state.error.name === 'EngineError' || state.error.name === 'NoGpuError';
}

function lostWords(steps: number): string {
  if (steps <= 0) return 'nothing is lost.';
  return steps === 1
    ? '1 step is lost and is taken again.'
    : `${plural(steps, 'step')} are lost and are taken again.`;
}
