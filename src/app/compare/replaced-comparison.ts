/** A larger comparison that another one would replace: that takes its answers with it, so a person is asked first. */
import type { RunRecord } from '../../store/records.ts';
import type { StudioState } from '../state/studio-store.ts';

export interface ReplacedComparison {
  /** Rows of the comparison that is there. */
  before: number;
  /** Rows of the one to come. */
  after: number;
}

/**
 * Null where nothing larger is there.
 * @param rows Test rows that were asked for; null for all.
 */
export function replacedComparison(
  state: StudioState,
  run: RunRecord,
  rows: number | null,
): ReplacedComparison | null {
  const before = run.comparison?.distilled.total ?? 0;
  const dataset = state.datasets.find((one) => one.id === run.datasetId);
  const all = dataset?.splits.test?.rows ?? 0;
  // A run at work has no more test rows at hand than it was begun with.
  const atHand = state.liveRunId === run.id ? Math.min(all, run.testRows ?? all) : all;
  const after = Math.min(atHand, rows ?? atHand);
  return after < before ? { before, after } : null;
}
