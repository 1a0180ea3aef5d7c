import type { RunRecord } from '../../store/records.ts';
import { navigate } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { holdOf, runWords } from '../held-runs.ts';
import { recipeWords } from '../words.ts';
import type { Action } from './action.ts';

/** Shows a stored run on Train. */
export function openRun(runId: string): void {
  void studio.selectRun(runId);
  navigate('train');
}

export function openRunAction(run: RunRecord): Action {
  return {
    id: `run-${run.id}`,
    kind: 'run',
    label: () => run.name,
    detail: (state) => `${recipeWords(run.recipe)}, ${runWords(run, holdOf(run, state, Date.now()))}`,
    perform: () => openRun(run.id),
  };
}
