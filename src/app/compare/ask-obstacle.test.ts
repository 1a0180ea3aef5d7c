import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { RunRecord, StudentRecord } from '../../store/records.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import { askObstacle } from './ask-obstacle.ts';

const run = {
  id: 'a',
  name: 'copper-heron',
  studentId: 's',
  studentName: 'nano',
  savedStep: 4,
  state: { phase: 'training', step: 4, steps: 9 },
} as RunRecord;
const other = { ...run, id: 'b', name: 'glass-lamp' };

const ready: StudioState = {
  ...initialState(),
  runs: [run, other],
  students: [{ id: 's' } as StudentRecord],
};

it('lets the run at work be asked, once it trains, and a stored one', () => {
  expect(askObstacle(ready, run)).toBeNull();
  expect(askObstacle({ ...ready, liveRunId: 'a' }, run)).toBeNull();
  const early: RunRecord = { ...run, state: { phase: 'compiling' } };
  expect(askObstacle({ ...ready, runs: [early], liveRunId: 'a' }, early)).toMatch(/being prepared/);
});

it('says why another one cannot', () => {
  expect(askObstacle({ ...ready, liveRunId: 'b' }, run)).toMatch(/glass-lamp is under way/);
  expect(askObstacle(ready, { ...run, savedStep: null })).toMatch(/kept no weights/);
  expect(askObstacle({ ...ready, students: [] }, run)).toMatch(/\(nano\) is no longer here/);
});

it('lets a run be asked without its student, where what it needs was kept with it', () => {
  const kept = { ...run, keptStudent: 'ab', recipe: smallRecipe };
  expect(askObstacle({ ...ready, students: [] }, kept)).toBeNull();
  const adapters = { ...kept, recipe: { ...smallRecipe, lora: { rank: 4 } as never } };
  expect(askObstacle({ ...ready, students: [] }, adapters)).toMatch(/drop its folder again/);
});
