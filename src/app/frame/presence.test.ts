import { expect, it } from 'vitest';
import type { RunState } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { endWords, teacherEndWords, wantsWake } from './presence.ts';

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
  // One of many: the experiment says how it continues.
  expect(endWords(training, { ...run(done), experimentId: 'e' })).toBeNull();
  expect(endWords(training, run(training))).toBeNull();
  expect(endWords(training, run({ phase: 'paused', step: 3 }))).toBeNull();
  const waits: RunState = { phase: 'paused', step: 3, problem };
  expect(endWords(training, run(waits))).toEqual({ title: 'copper-heron waits for you', body: 'No room.' });
  expect(endWords(waits, run(waits))).toBeNull();
  expect(endWords(null, null)).toBeNull();
});

it('the end of a teacher’s run is told, with what ended it', () => {
  const now = {
    setup: { model: 'm' } as never,
    ended: null,
    error: null,
    progress: { done: 8, total: 8 } as never,
  };
  expect(teacherEndWords({ phase: 'asking' }, { ...now, phase: 'ready' })).toEqual({
    title: 'The teacher m',
    body: 'All is asked: 8 of 8 rows.',
  });
  const stopped = { ...now, phase: 'ready', ended: 'Stopped at 3 of 8 rows.' } as const;
  expect(teacherEndWords({ phase: 'pausing' }, stopped)?.body).toBe('Stopped at 3 of 8 rows.');
  expect(teacherEndWords({ phase: 'asking' }, { ...now, phase: 'pausing' })).toBeNull();
  expect(teacherEndWords({ phase: 'checking' }, { ...now, phase: 'ready' })).toBeNull();
});
