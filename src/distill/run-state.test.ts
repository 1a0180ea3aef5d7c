import { expect, it } from 'vitest';
import { isActive, isComparing, type RunState } from './run-state.ts';

it('a run is at work in every phase but before its begin and after its end', () => {
  const error = { name: 'EngineError', message: 'It broke.', file: null, line: null };
  const states: RunState[] = [
    { phase: 'preparing', what: 'rows', done: 0, total: 1 },
    { phase: 'compiling' },
    { phase: 'training', step: 1, steps: 2 },
    { phase: 'evaluating', purpose: 'accuracy', step: 1, done: 0, total: 1 },
    { phase: 'pausing', step: 1 },
    { phase: 'paused', step: 1 },
    { phase: 'recovering', step: 1, reason: 'the GPU was lost' },
  ];
  for (const state of states) expect(isActive(state), state.phase).toBe(true);
  const over: RunState[] = [
    { phase: 'idle' },
    { phase: 'done', step: 2, stopped: false },
    { phase: 'failed', step: 1, error },
  ];
  for (const state of over) expect(isActive(state), state.phase).toBe(false);
});

it('what is asked at the end is a comparison, what is asked on the way is none', () => {
  expect((['distilled', 'rationales', 'base'] as const).every(isComparing)).toBe(true);
  expect((['accuracy', 'validation', 'watched'] as const).some(isComparing)).toBe(false);
});
