import { afterEach, expect, it, vi } from 'vitest';
import { keepChoice, readChoice } from './choices.ts';

afterEach(() => vi.unstubAllGlobals());

it('choices are kept under the studio’s own names, and forgotten by null', () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  keepChoice('theme', 'dark');
  expect([[...kept], readChoice('theme'), readChoice('run')]).toEqual([
    [['stillroom.theme', 'dark']],
    'dark',
    null,
  ]);
  keepChoice('theme', null);
  expect([kept.size, readChoice('theme')]).toEqual([0, null]);
});

it('a browser that forbids them costs the choice alone', () => {
  const forbid = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  vi.stubGlobal('localStorage', { getItem: forbid, setItem: forbid, removeItem: forbid });
  keepChoice('theme', 'dark');
  keepChoice('theme', null);
  expect(readChoice('theme')).toBeNull();
});
