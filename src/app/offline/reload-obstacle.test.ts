import { expect, it } from 'vitest';
import type { RunState } from '../../distill/run-state.ts';
import type { Holder } from '../../store/holders.ts';
import type { RunRecord } from '../../store/records.ts';
import { reloadObstacle } from './reload-obstacle.ts';

const done: RunState = { phase: 'done', step: 9, stopped: false };
const training: RunState = { phase: 'training', step: 3, steps: 9 };
const run = (state: RunState): RunRecord =>
  ({ id: 'a', name: 'copper-heron', state, heartbeatAt: 0 }) as RunRecord;
const obstacle = (state: RunState, liveRunId: string | null, held: string[], by: Holder = 'another tab') => {
  const heldRuns = new Map(held.map((id) => [id, by]));
  return reloadObstacle({ runs: [run(state)], liveRunId, heldRuns, openedAt: 0 }, 99_999);
};

it('says another tab only where another tab is at work', () => {
  expect(obstacle(training, null, ['a'])).toMatch(/another tab/);
  expect(obstacle(training, 'a', ['a'])).toMatch(/^copper-heron is under way/);
  // The page before this one is gone, and its worker ends its last step.
  expect(obstacle(training, null, ['a'], 'unsure')).toBeNull();
  // One tab: its run has just ended, or is compared, and its worker still holds it; or a file is being read.
  expect(obstacle(done, null, ['a'])).toBeNull();
  expect(obstacle(done, null, ['read from a file'])).toBeNull();
  expect(obstacle(training, null, [])).toBeNull();
});
