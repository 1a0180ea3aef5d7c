import { expect, test } from 'vitest';
import type { RunState } from '../distill/run-state.ts';
import { askedWords, beginningWords, phaseWords, plural, stateWords } from './words.ts';

const training: RunState = { phase: 'training', step: 342, steps: 600 };

test('states are told with their figures', () => {
  expect(stateWords(training)).toBe('training 57 %');
  expect(stateWords({ phase: 'paused', step: 1200 })).toBe('paused at step 1,200');
  expect(stateWords({ phase: 'done', step: 600, stopped: false })).toBe('done, 600 steps');
  expect(stateWords({ phase: 'done', step: 1, stopped: true })).toBe('stopped at step 1, weights kept');
  expect(stateWords({ phase: 'preparing', what: 'reading rows', done: 256, total: 400 })).toBe(
    'preparing: reading rows, 256 of 400',
  );
  const reading = {
    phase: 'preparing',
    what: 'checking the checkpoint',
    done: 0,
    total: 9e8,
    inBytes: true,
  } as const;
  expect(stateWords(reading)).toBe('preparing: checking the checkpoint, 0 bytes of 900 MB');
  expect(stateWords({ phase: 'done', step: 0, stopped: true })).toBe('stopped before its first step');
  expect(askedWords('stop', reading, null)).toBe('stopping');
  expect(askedWords('pause', reading, null)).toBe(`pausing before the next step; ${stateWords(reading)}`);
  expect(beginningWords(null)).toBe('a run begins');
  expect(beginningWords('pause')).toMatch(/pauses before its first step/);
  expect(beginningWords('stop')).toBe('stopping');
});

test('Pause and Stop are answered at once, with what is waited for', () => {
  expect(askedWords('pause', training, 8200)).toBe('pausing after this step, about 8.2 s');
  expect(askedWords('stop', training, 900)).toBe('stopping after this step');
  expect(askedWords('stop', training, null)).toBe('stopping after this step');
  expect(
    askedWords('pause', { phase: 'evaluating', purpose: 'accuracy', step: 3, done: 1, total: 9 }, 1),
  ).toBe('pausing after these answers');
  expect(askedWords('stop', { phase: 'compiling' }, null)).toBe('stopping as soon as the engine is ready');
  expect(askedWords('pause', { phase: 'paused', step: 3 }, 1)).toBeNull();
  expect(askedWords('stop', { phase: 'paused', step: 3 }, 1)).toBe('stopping');
  expect(askedWords('stop', { phase: 'done', step: 3, stopped: true }, 1)).toBeNull();
});

test('the phase alone does not change from step to step, so that a live region stays calm', () => {
  expect(phaseWords(training)).toBe(phaseWords({ ...training, step: 343 }));
  expect(phaseWords({ phase: 'evaluating', purpose: 'base', step: 3, done: 1, total: 9 })).toBe(
    phaseWords({ phase: 'evaluating', purpose: 'base', step: 3, done: 2, total: 9 }),
  );
});

test('counts agree with their nouns', () => {
  expect(plural(1, 'row')).toBe('1 row');
  expect(plural(9741, 'row')).toBe('9,741 rows');
});
