import { expect, it } from 'vitest';
import { Budget, costOf, type Limits } from './budget.ts';

const none: Limits = { rows: null, tokens: null, money: null };
const prices = { input: 2, output: 10 };
const budget = (
  limits: Partial<Limits>,
  before: { rows: number[]; spent: { input: number; output: number } } = {
    rows: [],
    spent: { input: 0, output: 0 },
  },
) => new Budget({ ...none, ...limits }, prices, before);
const most = { input: 60, output: 40 };

it('prices are for a million tokens; without them no cost is known', () => {
  expect(costOf({ input: 500_000, output: 100_000 }, prices)).toBe(2);
  expect(costOf(most, null)).toBeNull();
  expect(() => new Budget({ ...none, money: 1 }, null, { rows: [], spent: most })).toThrow(RangeError);
  expect(budget({}, { rows: [], spent: { input: 1e6, output: 0 } }).cost).toBe(2);
});

it('lets a request through that meets the limit, and none that passes it', () => {
  expect(budget({ tokens: 100 }).reserve(0, most)).toBe('granted');
  expect(budget({ tokens: 99 }).reserve(0, most)).toBe('tokens');
  // 60 at 2 and 40 at 10 for a million.
  expect(budget({ money: 0.00052 }).reserve(0, most)).toBe('granted');
  expect(budget({ money: 0.00051 }).reserve(0, most)).toBe('money');
  expect(budget({ tokens: 199 }, { rows: [], spent: most }).reserve(0, most)).toBe('tokens');
});

it('waits where what is in flight may give some back', () => {
  const one = budget({ tokens: 150 });
  expect(one.reserve(0, most)).toBe('granted');
  expect(one.reserve(1, most)).toBe('wait');
  one.settle(most, { input: 20, output: 20 });
  expect(one.spent).toEqual({ input: 20, output: 20 });
  expect(one.reserve(1, most)).toBe('granted');
  // What it used is not known: the most.
  one.settle(most, null);
  expect([one.spent, one.isPassed]).toEqual([{ input: 80, output: 60 }, false]);
  expect(one.reserve(2, most)).toBe('tokens');
});

it('counts each row once, also those of earlier runs', () => {
  const one = budget({ rows: 2 }, { rows: [7], spent: { input: 0, output: 0 } });
  expect([7, 8, 8, 9, 7].map((row) => one.reserve(row, most))).toEqual([
    'granted',
    'granted',
    'granted',
    'rows',
    'granted',
  ]);
});

it('notices a server that used more than it was allowed', () => {
  const one = budget({ tokens: 100 });
  one.reserve(0, most);
  one.settle(most, { input: 60, output: 41 });
  expect(one.isPassed).toBe(true);
});
