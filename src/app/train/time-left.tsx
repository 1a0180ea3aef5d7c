import { formatDuration } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { expectedStepMs } from '../state/rehearsal-store.ts';
import { useRemembered } from '../state/remembered-times.ts';
import { useStudio } from '../state/studio-store.ts';

/** How long a run has to go by what is known of such steps, until it has shown its own pace. */
export function TimeLeft({ run }: { run: RunRecord }) {
  const known = useRemembered((state) => state.times);
  const stepMs = useStudio((state) => expectedStepMs(state, run, known));
  return stepMs === null ? null : <>, about {formatDuration(stepMs * (run.recipe.steps - run.step))} to go</>;
}
