import { EngineError, reportError } from '../../base/errors.ts';
import { expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { RunState } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { goingOn } from './going-on.ts';

const training: RunState = { phase: 'training', step: 57, steps: 600 };
const run = (keys: Partial<RunRecord>): RunRecord =>
  ({ recipe: smallRecipe, state: training, step: 57, savedStep: 50, rowsSha256: 'a', ...keys }) as RunRecord;

test('an interrupted run says from where it goes on, and how many steps are lost', () => {
  expect(goingOn(run({}), 'interrupted')).toEqual({
    label: 'Resume from step 50',
    words: 'Its last checkpoint is of step 50: 7 steps are lost and are taken again.',
  });
  expect(goingOn(run({ step: 50 }), 'interrupted')?.words).toContain('nothing is lost');
  expect(goingOn(run({ step: 51 }), 'interrupted')?.words).toContain('1 step is lost and is taken again');
  expect(goingOn(run({ savedStep: null, step: 3 }), 'interrupted')).toEqual({
    label: 'Start again from step 1',
    words: 'It was interrupted before its first checkpoint: 3 steps are lost and are taken again.',
  });
  expect(goingOn(run({ savedStep: 600, step: 600 }), 'interrupted')?.label).toBe('Finish the comparison');
});

test('so can one that was stopped or has failed, where it kept something; no other', () => {
  const stopped: RunState = { phase: 'done', step: 50, stopped: true };
  const failed: RunState = {
    phase: 'failed',
    step: 57,
    error: { name: 'EngineError', message: 'gone', file: null, line: null },
  };
  expect(goingOn(run({ state: stopped, step: 50 }), 'record')?.label).toBe('Resume from step 50');
  expect(goingOn(run({ state: failed }), 'record')?.words).toContain('7 steps');
  expect(goingOn(run({ state: failed, savedStep: null }), 'record')).toBeNull();
  // A GPU that gave up before the first checkpoint: the same steps may be taken on WebAssembly.
  const engine = { backend: 'webgpu' } as RunRecord['engine'];
  expect(goingOn(run({ state: failed, savedStep: null, engine }), 'record')).toEqual({
    label: 'Start again from step 1',
    words: 'It failed before its first checkpoint: 57 steps are lost and are taken again.',
  });
  const away: RunState = { ...failed, error: { ...failed.error, name: 'NoGpuError' } };
  expect(goingOn(run({ state: away, savedStep: null, engine }), 'record')).not.toBeNull();
  // As a build shortens its class.
  const Short = class extends EngineError {};
  const told: RunState = { ...failed, error: reportError(new Short('gone', 'again')) };
  expect(goingOn(run({ state: told, savedStep: null, engine }), 'record')).not.toBeNull();
  const left: RunState = { ...failed, error: { ...failed.error, name: 'Interrupted' } };
  expect(goingOn(run({ state: left, savedStep: null, engine }), 'record')).toBeNull();
  const done: RunState = { phase: 'done', step: 600, stopped: false };
  expect(goingOn(run({ state: done, step: 600, savedStep: 600 }), 'record')).toBeNull();
  expect(goingOn(run({ state: done, step: 600 }), 'record')?.words).toContain('550 steps are lost');
  expect(goingOn(run({}), 'elsewhere')).toBeNull();
  expect(goingOn(run({}), 'here')).toBeNull();
  expect(goingOn(run({ rowsSha256: null }), 'interrupted')).toBeNull();
  expect(goingOn(run({ state: stopped, imported: { fileName: 'a.zip', at: 0 } }), 'record')).toBeNull();
});
