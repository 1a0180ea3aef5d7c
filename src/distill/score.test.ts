import { describe, expect, it } from 'vitest';
import { isRight, shareOf, tally, wilsonInterval } from './score.ts';

describe('tally', () => {
  it('counts exact, case-sensitive matches', () => {
    const answers = [
      ['train station', 'train station'],
      ['Train station', 'train station'],
      ['train station ', 'train station'],
      [null, 'bank'],
    ] as const;
    expect(tally(answers)).toEqual({ correct: 1, total: 3 });
  });
});

describe('wilsonInterval', () => {
  // By scipy 1.17.1: binomtest(943, 1221).proportion_ci(0.95, 'wilson').
  it('agrees with scipy', () => {
    const { share, low, high } = wilsonInterval({ correct: 943, total: 1221 });
    expect(share).toBeCloseTo(0.772317772, 8);
    expect(low).toBeCloseTo(0.7479642517452924, 12);
    expect(high).toBeCloseTo(0.7949631575214363, 12);
  });

  it('stays within 0 and 1', () => {
    expect(wilsonInterval({ correct: 0, total: 20 }).low).toBe(0);
    expect(wilsonInterval({ correct: 20, total: 20 }).high).toBe(1);
    expect(wilsonInterval({ correct: 0, total: 0 })).toEqual({ share: 0, low: 0, high: 1 });
    // Of some of these the sums come out a hair beyond.
    for (let total = 1; total < 1000; total += 1) {
      expect(wilsonInterval({ correct: total, total }).high).toBeLessThanOrEqual(1);
      expect(wilsonInterval({ correct: 0, total }).low).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('isRight', () => {
  it('holds an answer against the label as the student writes it, letter by letter where nothing else is said', () => {
    expect(isRight('a', { label: 'a' })).toBe(true);
    expect(isRight('A', { label: 'a' })).toBe(false);
    expect(isRight('a', { label: '{a}', writtenLabel: 'a' })).toBe(true);
    expect(isRight('{a}', { label: '{a}', writtenLabel: 'a' })).toBe(false);
    expect(isRight('A', { label: 'a', judgedBy: 'normalised' })).toBe(true);
    const row = { label: 'tea', judgedBy: 'choice' as const };
    expect(isRight('b', { ...row, choices: ['milk', 'tea'] })).toBe(true);
    expect(isRight('b', { ...row, input: 'what? Answer choices: (a) milk (b) tea' })).toBe(true);
    expect(isRight('b', row)).toBe(false);
  });
});

it('a share counts the rows that have an answer; with none it is 0', () => {
  expect(shareOf({ correct: 1, total: 4 })).toBe(0.25);
  expect(shareOf({ correct: 0, total: 0 })).toBe(0);
});

it('an interval is wider where more certainty is asked for', () => {
  // Wilson's formula in Python.
  const { low, high } = wilsonInterval({ correct: 7, total: 10 });
  expect([low, high]).toEqual([
    expect.closeTo(0.39677814746114537, 12),
    expect.closeTo(0.8922087325936989, 12),
  ]);
  const wide = wilsonInterval({ correct: 7, total: 10 }, 2.5758293035489004);
  expect(wide.low).toBeLessThan(low);
  expect(wide.high).toBeGreaterThan(high);
});
