import { expect, it } from 'vitest';
import { bootstrapInterval, bootstrapMean } from './bootstrap.ts';

it('there is none of fewer than two rows', () => {
  for (const rows of [0, 1]) expect(bootstrapInterval(rows, () => 1)).toBeNull();
  expect(bootstrapMean([1])).toBeNull();
  expect(bootstrapMean([3, 3])).toEqual({ low: 3, high: 3 });
});

it('is of a thousand draws of as many rows, with replacement, the same ones each time', () => {
  const drawn: number[][] = [];
  const of = () =>
    bootstrapInterval(4, (positions) => {
      drawn.push([...positions]);
      return positions[0]!;
    });
  expect(of()).toEqual(of());
  expect(drawn).toHaveLength(2000);
  expect(drawn.slice(0, 1000)).toEqual(drawn.slice(1000));
  for (const positions of drawn) {
    expect(positions).toHaveLength(4);
    for (const at of positions) expect(at >= 0 && at < 4).toBe(true);
  }
  // A row may come twice in one draw, and none is left out of all.
  expect(drawn.some((positions) => new Set(positions).size < 4)).toBe(true);
  expect(new Set(drawn.flat()).size).toBe(4);
});

it('of a statistic that counts its draws, the 2.5th and the 97.5th of a hundred', () => {
  let draw = 0;
  expect(bootstrapInterval(2, () => draw++)).toEqual({ low: 24, high: 975 });
});

it('of a mean is about as wide as its standard error says', () => {
  const values = Array.from({ length: 400 }, (_, index) => index % 2);
  const { low, high } = bootstrapMean(values)!;
  // 1.96 standard errors of 0.025; a draw of 1,000 finds them within a tenth or so.
  expect(0.5 - low).toBeCloseTo(0.049, 2);
  expect(high - 0.5).toBeCloseTo(0.049, 2);
});
