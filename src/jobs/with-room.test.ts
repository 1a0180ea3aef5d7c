import { expect, it } from 'vitest';
import { EngineError, NoRoomError } from '../base/errors.ts';
import { Control } from '../distill/control.ts';
import type { RunState } from '../distill/run-state.ts';
import { withRoom } from './with-room.ts';

/** A run at step 7 whose person acts each time it pauses. */
function runWith(act: (control: Control, paused: number) => void) {
  const control = new Control();
  const states: RunState[] = [];
  const sink = {
    soFar: { step: 7, savedStep: null, evaluations: [] },
    state: (state: RunState) => {
      states.push(state);
      setTimeout(() => act(control, states.length));
      return Promise.resolve();
    },
  };
  const turn = { lend: (until: Promise<void>) => until };
  return { control, sink, turn, states };
}

const full = new NoRoomError('No room.', 'Make some.');

it('without room it pauses with the words, and does the same work again when the person resumes', async () => {
  const run = runWith((control) => control.resume());
  let tries = 0;
  const done = await withRoom(run, () => {
    tries += 1;
    return tries < 3 ? Promise.reject(full) : Promise.resolve();
  });
  expect([done, tries]).toEqual([true, 3]);
  expect(run.states).toEqual(
    Array.from({ length: 2 }, () => ({
      phase: 'paused',
      step: 7,
      problem: { name: 'NoRoomError', message: 'No room. Make some.', file: null, line: null },
    })),
  );
  expect(run.control.pauseRequested).toBe(false);
});

it('stopping gives the work up, also where a stop was asked for before', async () => {
  const run = runWith((control, paused) => (paused < 2 ? control.resume() : control.stop()));
  run.control.stop();
  let tries = 0;
  const done = await withRoom(run, () => {
    tries += 1;
    return Promise.reject(full);
  });
  expect([done, tries, run.control.stops]).toEqual([false, 2, 2]);
});

it('other failures are what they were', async () => {
  const run = runWith(() => undefined);
  await expect(withRoom(run, () => Promise.reject(new EngineError('Gone.', 'Reload.')))).rejects.toThrow(
    'Gone.',
  );
  expect(run.states).toEqual([]);
});
