import { isActive } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { useStudio } from '../studio-store.ts';
import { holdOf, runWords, type Hold } from '../words.ts';
import { useNow } from './use-now.ts';

/** Who holds a run now, and its state in words; a silent one turns into an interrupted one by itself. */
export function useRunWords(run: RunRecord | null): { hold: Hold; words: string } {
  const liveRunId = useStudio((state) => state.liveRunId);
  const heldRunIds = useStudio((state) => state.heldRunIds);
  const now = useNow(run !== null && run.id !== liveRunId && isActive(run.state));
  if (run === null) return { hold: 'record', words: '' };
  const hold = holdOf(run, liveRunId, now, heldRunIds);
  return { hold, words: runWords(run, hold) };
}
