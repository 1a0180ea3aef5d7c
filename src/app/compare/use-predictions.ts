import { useEffect, useState } from 'react';
import type { Prediction } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { readPredictions } from '../../store/runs.ts';
import { studio } from '../state/studio.ts';

/** What everybody answered in a run's comparison, from the store; null until it was read. */
export function usePredictions(run: RunRecord | null): Prediction[] | null {
  const [read, setRead] = useState<{ runId: string; predictions: Prediction[] } | null>(null);
  const runId = run?.id ?? null;
  const comparison = run?.comparison ?? null;
  useEffect(() => {
    if (runId === null) return;
    let current = true;
    readPredictions(runId)
      .then((predictions) => {
        if (current) setRead({ runId, predictions });
      })
      .catch((error: unknown) => studio.fail('compare', error));
    return () => {
      current = false;
    };
    // A new comparison has new predictions.
  }, [runId, comparison]);
  return read !== null && read.runId === runId ? read.predictions : null;
}
