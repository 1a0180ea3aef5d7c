import { beforeEach, expect, it, vi } from 'vitest';
import { parseTimes, remember, roughStepMs, stepWork, useRemembered } from './remembered-times.ts';

const time = { stepMs: 40, rowMs: null, source: { kind: 'run', name: 'Quiet Alder' }, work: 100 } as const;

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  useRemembered.setState({ times: new Map() });
});

it('brings times back after a reload, the newest of each key, and not without end', () => {
  remember('a', time);
  remember('b', { ...time, stepMs: 50 });
  remember('a', { ...time, stepMs: 60 });
  const stored = parseTimes(localStorage.getItem('stillroom.step-times'));
  expect([...stored.keys()]).toEqual(['b', 'a']);
  expect(stored.get('a')).toEqual({ ...time, stepMs: 60 });
  for (let index = 0; index < 100; index += 1) remember(`key ${index}`, time);
  expect(parseTimes(localStorage.getItem('stillroom.step-times')).size).toBe(40);
});

it.each([null, 'nonsense', '{}', '[["a", {"stepMs": -1}]]'])('takes %s for nothing', (text) => {
  expect(parseTimes(text).size).toBe(0);
});

it('knows another student’s step roughly, by its work', () => {
  expect(roughStepMs(new Map(), 5)).toBeNull();
  remember('a', time);
  expect(roughStepMs(useRemembered.getState().times, 250)).toBe(100);
  const shape = { batchSize: 2, accumulation: 3 };
  expect(stepWork(10, shape, { inputTokens: 4, targetTokens: 1 })).toBe(300);
});
