/** Why nothing can be asked of a run now, in a sentence; null where it can. */
import type { RunRecord } from '../../store/records.ts';
import { liveRun, type StudioState } from '../state/studio-store.ts';

export function askObstacle(state: StudioState, run: RunRecord): string | null {
  if (state.requests.compare.busy && run.id !== state.liveRunId) return 'A comparison is under way.';
  if (state.requests['ask-file'].busy && run.id !== state.liveRunId)
    return 'A file of questions is being answered.';
  const live = liveRun(state);
  if (live !== null && live.id !== run.id) return `${live.name} is under way; wait for its end, or stop it.`;
  if (live !== null) {
    const { phase } = run.state;
    return phase === 'preparing' || phase === 'compiling' ? 'The run is still being prepared.' : null;
  }
  if (run.savedStep === null) return 'This run kept no weights to ask.';
  if (state.students.some((student) => student.id === run.studentId)) return null;
  // What it needs was kept with it; adapters need the weights that they were learnt on.
  if (run.keptStudent !== undefined && (run.recipe.lora ?? null) === null) return null;
  return `Its student (${run.studentName}) is no longer here; drop its folder again on Student.`;
}
