import { runsAtWork, type AtWork } from '../held-runs.ts';
import { useStudio } from './studio-store.ts';
import { useNow } from './use-now.ts';

/** The runs that somebody is at work on, or may be: what they need is not to be removed. */
export function useAtWork(): AtWork[] {
  const runs = useStudio((state) => state.runs);
  const liveRunId = useStudio((state) => state.liveRunId);
  const heldRuns = useStudio((state) => state.heldRuns);
  const openedAt = useStudio((state) => state.openedAt);
  return runsAtWork({ runs, liveRunId, heldRuns, openedAt }, useNow(true));
}
