import { describe, expect, it } from 'vitest';
import { tally, wilsonInterval } from './score.ts';

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
  });
});
