import { expect, it } from 'vitest';
import type { RunState } from '../../distill/run-state.ts';
import { begun, ended, queueOf } from '../../experiment/queue.ts';
import type { Holder } from '../../store/holders.ts';
import { parseSpec, plannedRuns } from '../../experiment/spec.ts';
import { courseOf, countWords } from './standing.ts';

const plan = plannedRuns(parseSpec('{"vary": {"seed": [0, 1]}}', 'f'), 'f');
const [first, second] = plan.map(({ name }) => name);
const waiting = queueOf(plan);
const atWork = begun(waiting, first!, { savedStep: 0 });
const over = [first!, second!].reduce(
  (queue, name) => ended(queue, name, { kind: 'failed', words: 'no' }, 1),
  atWork,
);
const live = (state: RunState) => ({ experimentId: 'e', state });
const training: RunState = { phase: 'training', step: 1, steps: 2 };
const heldBy = (holder: Holder) => new Map([['e', holder]]);
const held = heldBy('another tab');

it('knows whose turn it is, and what can be done', () => {
  const running = { id: 'e', phase: 'running', runs: atWork } as const;
  const paused = { ...running, phase: 'paused' } as const;
  expect(courseOf(running, live(training), held)).toEqual({ kind: 'here', paused: false, ending: false });
  expect(courseOf(running, live({ phase: 'paused', step: 1 }), null)).toMatchObject({ paused: true });
  expect(courseOf(paused, live(training), held)).toMatchObject({ kind: 'here', ending: true });
  // Another run is under way here, or none.
  expect(courseOf(running, { ...live(training), experimentId: 'f' }, held)).toEqual({ kind: 'elsewhere' });
  expect(courseOf(running, null, heldBy('unsure'))).toEqual({ kind: 'unsure' });
  // This tab, between two runs.
  expect(courseOf(running, null, heldBy('here'))).toEqual({ kind: 'here', paused: false, ending: false });
  expect(courseOf(running, null, new Map())).toEqual({ kind: 'broken off' });
  expect(courseOf(paused, null, new Map())).toEqual({ kind: 'paused' });
  expect(courseOf({ ...paused, runs: over }, null, held)).toEqual({ kind: 'done' });
  expect(countWords(over)).toBe('0 of 2 runs have ended, 2 failed');
});
