import { expect, test } from 'vitest';
import type { RunState } from '../distill/run-state.ts';
import type { Holder } from '../store/holders.ts';
import type { RunRecord } from '../store/records.ts';
import { holdObstacle, holdOf, runWords, shortPlaceWords, silentAfterMs } from './held-runs.ts';

const training: RunState = { phase: 'training', step: 342, steps: 600 };
const done: RunState = { phase: 'done', step: 3, stopped: false };
const run = (state: RunState): RunRecord =>
  ({ id: 'a', name: 'copper-heron', state, step: 342, heartbeatAt: 1_000_000 }) as RunRecord;
const hold = (of: RunRecord, holder: Holder | null, liveRunId: string | null = null) =>
  holdOf(of, { liveRunId, heldRuns: new Map(holder === null ? [] : [['a', holder]]), openedAt: 0 }, 9e12);

test('who holds a run is told from its lock, and another tab is named only where it is known for certain', () => {
  expect(hold(run(training), null, 'a')).toBe('here');
  expect(hold(run(training), 'here')).toBe('here');
  expect(hold(run(training), 'another tab')).toBe('elsewhere');
  expect(hold(run(training), 'unsure')).toBe('unsure');
  expect(hold(run(training), null)).toBe('interrupted');
  // Its worker holds it for a moment longer, and while it is compared.
  expect(hold(run(done), 'another tab')).toBe('record');
});

test('without locks, silence tells; what is heard soon after this page opened may be of the page before it', () => {
  const at = (sinceBeatMs: number, openedAt: number) => {
    const { heartbeatAt } = run(training);
    return holdOf(run(training), { liveRunId: 'b', heldRuns: null, openedAt }, heartbeatAt + sinceBeatMs);
  };
  expect(at(silentAfterMs + 1, 0)).toBe('interrupted');
  expect(at(silentAfterMs, 1_000_000 - silentAfterMs - 1)).toBe('elsewhere');
  expect(at(silentAfterMs, 1_000_000 - silentAfterMs)).toBe('unsure');
  expect(holdOf(run(done), { liveRunId: null, heldRuns: null, openedAt: 0 }, 9e12)).toBe('record');
});

test('each hold has its words, and says what stands in the way', () => {
  const words = (['record', 'here', 'elsewhere', 'unsure', 'interrupted'] as const).map((one) => [
    runWords(run(training), one),
    shortPlaceWords(one),
    holdObstacle(run(training), one),
  ]);
  expect(words).toEqual([
    ['training 57 %', '', null],
    ['training 57 %', '', 'copper-heron is under way; stop it first.'],
    [
      'training 57 %, in another tab',
      ', in another tab',
      'copper-heron is at work in another tab; stop it there first.',
    ],
    [
      'training 57 %; looking whether it is still at work',
      '; is it still at work?',
      'It is not known yet whether copper-heron is still at work; wait a moment.',
    ],
    ['interrupted at step 342; its curves are kept', '', null],
  ]);
});
