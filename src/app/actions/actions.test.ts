import { expect, it } from 'vitest';
import { initialState } from '../state/studio-store.ts';
import { entriesOf, findEntries, steadyEntries } from './actions.ts';

const entries = entriesOf({ ...initialState(), ready: true });

function names(typed: string): string[] {
  return findEntries(entries, typed).map(({ name }) => name);
}

it('offers every screen, and says why what cannot be done cannot', () => {
  expect(entries.filter(({ kind }) => kind === 'screen')).toHaveLength(10);
  expect(entries.find(({ id }) => id === 'start')?.reason).toMatch(/no rows yet/);
});

it('finds by words anywhere, those that begin so first', () => {
  expect(names('tra')[0]).toBe('Train');
  expect(names('train')).toContain('Train on the sample');
  expect(names('theme dark')).toEqual(['Dark theme']);
  expect(names('sample use')).toEqual(['Use the sample']);
  expect(names('  ')).toHaveLength(entries.length);
  expect(names('no such thing')).toEqual([]);
});

it('tells entries apart', () => {
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
});

it('keeps its list until something of it changes', () => {
  const now = steadyEntries();
  const state = { ...initialState(), ready: true };
  const before = now(state);
  expect(before.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
  expect(now({ ...state, testRows: '7' })).toBe(before);
  const busy = { ...state.requests, data: { ...state.requests.data, busy: true } };
  expect(now({ ...state, requests: busy }).find(({ id }) => id === 'sample')?.reason).toBe(
    'Rows are still being read.',
  );
});
