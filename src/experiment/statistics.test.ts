import { describe, expect, it } from 'vitest';
import { meanInterval, summarise, tQuantile } from './statistics.ts';

describe('summarise', () => {
  it('takes the deviation of a sample', () => {
    // 2, 4, 4, 4, 5, 5, 7, 9: squares about the mean sum to 32.
    const { mean, deviation, count } = summarise([2, 4, 4, 4, 5, 5, 7, 9]);
    expect([mean, count]).toEqual([5, 8]);
    expect(deviation).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it('has no deviation of one value, and no mean of none', () => {
    expect(summarise([3])).toEqual({ count: 1, mean: 3, deviation: NaN });
    expect(summarise([]).mean).toBeNaN();
  });
});

describe('tQuantile', () => {
  // Every printed table of the t distribution, two-sided.
  it.each([
    [1, 0.95, 12.706],
    [2, 0.95, 4.303],
    [3, 0.95, 3.182],
    [4, 0.95, 2.776],
    [5, 0.95, 2.571],
    [9, 0.95, 2.262],
    [30, 0.95, 2.042],
    [120, 0.95, 1.98],
    [4, 0.99, 4.604],
    [7, 0.9, 1.895],
  ])('%i degrees of freedom, %f: %f', (freedom, probability, table) => {
    expect(tQuantile(freedom, probability)).toBeCloseTo(table, 3);
  });
});

describe('meanInterval', () => {
  it('is Student’s: the data of his own paper on two soporifics', () => {
    // "The probable error of a mean" (Biometrika 6, 1908), differences of ten patients: 1.58 ± 1.23, 95 % 0.70 to 2.46.
    const { mean, deviation, low, high } = meanInterval([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4]);
    expect(mean).toBeCloseTo(1.58, 10);
    expect(deviation).toBeCloseTo(1.23, 4);
    expect(low).toBeCloseTo(0.7001, 4);
    expect(high).toBeCloseTo(2.4599, 4);
  });

  it('knows no interval from one value', () => {
    expect(meanInterval([0.5])).toEqual({ count: 1, mean: 0.5, deviation: NaN, low: NaN, high: NaN });
  });
});
