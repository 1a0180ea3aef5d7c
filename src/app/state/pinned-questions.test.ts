import { expect, it, vi } from 'vitest';
import { mostOwnQuestions } from '../../distill/watched.ts';
import { pinnedQuestions, pinnedStore, pinQuestion } from './pinned-questions.ts';
import './testing/opened-studio.ts';

it('pinned questions that are kept are the first few of each dataset, and only texts', async () => {
  const questions = Array.from({ length: 40 }, (_, at) => `q${at}`);
  const read = async (value: unknown) => {
    localStorage.setItem(
      'stillroom.pinned-questions',
      typeof value === 'string' ? value : JSON.stringify(value),
    );
    vi.resetModules();
    const fresh = await import('./pinned-questions.ts');
    return fresh.pinnedStore.getState().pinned;
  };
  expect(await read({ own: questions, odd: [4], other: 'text' })).toEqual({
    own: questions.slice(0, mostOwnQuestions),
  });
  for (const nothing of ['null', '4', '{']) expect(await read(nothing)).toEqual({});
  pinnedStore.setState({ pinned: {} });
  for (const question of questions) pinQuestion('own', question, true);
  expect(pinnedQuestions('own')).toEqual(questions.slice(-mostOwnQuestions));
});
