import { expect, it } from 'vitest';
import { LostWeightsError } from '../base/errors.ts';
import type { Engine, EngineState } from '../engine/engine.ts';
import type { AskOptions } from './ask.ts';
import { Control } from './control.ts';
import { notebookRecipe } from './recipe.ts';
import { Questions } from './questions.ts';

it('tells whoever waits, and whoever comes late, that the run has ended', async () => {
  const questions = new Questions();
  const waiting = questions.ask('Where are palms?', () => undefined);
  questions.close();
  await expect(waiting).rejects.toThrow(/run ended before the question was answered/);
  await expect(questions.ask('And ploughs?', () => undefined)).rejects.toThrow(/Ask again/);
});

it('resolves with null what is stopped while it waits', async () => {
  const questions = new Questions();
  const waiting = questions.ask('Where are palms?', () => undefined);
  questions.stop();
  expect(await waiting).toBeNull();
});

it('tells the failure of an engine to whoever asked, and not to the training', async () => {
  const questions = new Questions();
  const waiting = questions.ask('', () => undefined);
  const failure = expect(waiting).rejects.toThrow(/question is empty/);
  await questions.answer({ recipe: { method: 'standard' } } as AskOptions);
  await failure;
});

/** An engine that answers with nothing, and loses its memory when the trained weights are to come back. */
function forgetful(): Engine {
  let restores = 0;
  const engine: Partial<Engine> = {
    read: () => Promise.resolve({ weights: new Map(), expAvg: new Map(), expAvgSq: new Map(), step: 3 }),
    restore: (_state: EngineState) => {
      restores += 1;
      if (restores === 2) throw new Error('out of memory');
    },
    generate: (prompts) => Promise.resolve(prompts.map(() => ({ ids: Int32Array.of(1), score: 0 }))),
  };
  return engine as Engine;
}

it('tells training too that the trained weights did not come back; the next question waits', async () => {
  const questions = new Questions();
  const options = {
    engine: forgetful(),
    tokenizer: { encode: () => [5, 1], decode: () => '' },
    recipe: { ...notebookRecipe, method: 'standard' },
    baseWeights: new Map(),
    step: 3,
  } as unknown as AskOptions;
  const first = questions.ask('Where are palms?', () => undefined);
  const told = expect(first).rejects.toBeInstanceOf(LostWeightsError);
  let answered = false;
  const second = questions.ask('And ploughs?', () => undefined).then(() => (answered = true));
  await expect(questions.answer(options)).rejects.toThrow(/out of memory.*last checkpoint/);
  await told;
  expect(answered).toBe(false);
  // On an engine that is whole again it is answered.
  await questions.answer({ ...options, engine: { ...options.engine, restore: () => undefined } });
  await second;
});

it('ends a pause with the failure of what was done meanwhile, once', async () => {
  const control = new Control();
  control.pause();
  const waiting = control.whilePaused();
  control.fail(new LostWeightsError('They are gone.', 'Resume.'));
  await expect(waiting).rejects.toBeInstanceOf(LostWeightsError);
  expect(control.pauseRequested).toBe(true);
  const again = control.whilePaused();
  control.resume();
  await again;
});
