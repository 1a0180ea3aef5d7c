import { expect, it } from 'vitest';
import { patienceMs, Silence, silenceTickMs } from './silence.ts';

it('counts what the worker was silent, and not what the machine slept', () => {
  const silence = new Silence(0);
  let now = 0;
  const tick = (passedMs: number) => silence.tick((now += passedMs));
  expect(tick(silenceTickMs)).toBe(silenceTickMs);
  expect(tick(silenceTickMs)).toBe(2 * silenceTickMs);
  // A laptop that was closed for an hour.
  expect(tick(3_600_000)).toBe(3 * silenceTickMs);
  silence.heard();
  expect(tick(silenceTickMs)).toBe(silenceTickMs);
});

it('waits longer where steps are long, and before the first were timed', () => {
  expect(patienceMs(10)).toBe(60_000);
  expect(patienceMs(40_000)).toBe(200_000);
  expect(patienceMs(null)).toBe(180_000);
});
