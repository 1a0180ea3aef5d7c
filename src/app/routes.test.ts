import { expect, test } from 'vitest';
import { hashOf, parseRoute, stations } from './routes.ts';

test('every station is found at its own address', () => {
  for (const { route } of stations) expect(parseRoute(hashOf(route))).toBe(route);
  expect(parseRoute('#/runs')).toBe('runs');
});

test('an unknown address opens Train, also one that names what every object has', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#/constructor', '#/toString'])
    expect(parseRoute(hash)).toBe('train');
});

test('what follows the screen in an address does not hide it', () => {
  expect(parseRoute('#/compare/12')).toBe('compare');
  expect(parseRoute('#/train?alpha=0.8')).toBe('train');
});
