import { expect, it } from 'vitest';
import type { AskOptions } from './ask.ts';
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
