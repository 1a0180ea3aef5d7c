import { expect, it } from 'vitest';
import type { RunState } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { endWords, wantsWake } from './presence.ts';

const training: RunState = { phase: 'training', step: 3, steps: 9 };
const run = (state: RunState): RunRecord => ({ name: 'copper-heron', state }) as RunRecord;
const problem = { name: 'NoRoomError', message: 'No room.', file: null, line: null };

it('the screen stays awake while a run is at work and seen, not while it waits for a person', () => {
  expect(wantsWake(training, true)).toBe(true);
  expect(wantsWake({ phase: 'compiling' }, true)).toBe(true);
  expect(wantsWake(training, false)).toBe(false);
  expect(wantsWake({ phase: 'paused', step: 3 }, true)).toBe(false);
  expect(wantsWake({ phase: 'done', step: 9, stopped: false }, true)).toBe(false);
  expect(wantsWake(null, true)).toBe(false);
});

it('an end is told once, and so is a pause that the run took by itself', () => {
  const done: RunState = { phase: 'done', step: 9, stopped: false };
  expect(endWords(training, run(done))).toEqual({ title: 'copper-heron: done', body: 'done, 9 steps' });
  expect(endWords(done, run(done))).toBeNull();
  expect(endWords(training, run(training))).toBeNull();
  expect(endWords(training, run({ phase: 'paused', step: 3 }))).toBeNull();
  const waits: RunState = { phase: 'paused', step: 3, problem };
  expect(endWords(training, run(waits))).toEqual({ title: 'copper-heron waits for you', body: 'No room.' });
  expect(endWords(waits, run(waits))).toBeNull();
  expect(endWords(null, null)).toBeNull();
});
