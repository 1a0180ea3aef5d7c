import { isActive } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { paceOf } from './pace.ts';
import { useStudio, type StudioState } from './studio-store.ts';
import { holdOf, runWords, type Hold } from '../held-runs.ts';
import { askedWords } from '../words.ts';
import { useNow } from './use-now.ts';

/** Who holds a run now, and its state in words; a silent one turns into an interrupted one by itself. */
export function useRunWords(run: RunRecord | null): { hold: Hold; words: string } {
  const liveRunId = useStudio((state) => state.liveRunId);
  const heldRuns = useStudio((state) => state.heldRuns);
  const openedAt = useStudio((state) => state.openedAt);
  const asked = useStudio((state) => state.asked);
  const stepMs = useStudio((state) => (state.asked === null || run === null ? null : stepTime(state, run)));
  const now = useNow(run !== null && run.id !== liveRunId && isActive(run.state));
  if (run === null) return { hold: 'record', words: '' };
  const hold = holdOf(run, { liveRunId, heldRuns, openedAt }, now);
  const waiting = hold === 'here' && asked !== null ? askedWords(asked, run.state, stepMs) : null;
  return { hold, words: waiting ?? runWords(run, hold) };
}

/** What a step of a run takes; null where its curve is not the one that is shown, or has too few points. */
function stepTime({ metrics }: StudioState, run: RunRecord): number | null {
  const pace = metrics.runId === run.id ? paceOf(metrics.points, run.recipe.steps) : null;
  return pace === null ? null : 1000 / pace.stepsPerSecond;
}
