import { expect, it, vi } from 'vitest';
import { perform, type Action } from './action.ts';

function action(part: Partial<Action>) {
  const perform = vi.fn<Action['perform']>();
  return { id: 'a', kind: 'action', label: () => 'Do it', ...part, perform } satisfies Action;
}

it('is done where nothing stands in its way, and says whether it was offered', () => {
  const free = action({});
  expect(perform(free)).toBe(true);
  expect(free.perform).toHaveBeenCalledOnce();
  const blocked = action({ obstacle: () => 'Not now.' });
  expect(perform(blocked)).toBe(true);
  expect(blocked.perform).not.toHaveBeenCalled();
  const absent = action({ isOffered: () => false });
  expect(perform(absent)).toBe(false);
  expect(absent.perform).not.toHaveBeenCalled();
});
