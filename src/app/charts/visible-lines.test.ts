import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptPoints, pixelColumns, VisibleLines, type Sight } from './visible-lines.ts';

const value = fc.option(
  fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.constantFrom(Number.NaN, Infinity, -Infinity)),
);

test('a column of pixels keeps its lowest and its highest point, in their order, and no more', () => {
  const x = [0, 1, 2, 3, 4, 5, 6, 7];
  const starts = pixelColumns(x, { from: 0, to: 8, widthPx: 2 });
  expect(starts).toEqual([0, 4, 8]);
  expect(keptPoints([5, 9, 1, 4, 2, 2, 2, 2], starts, false)).toEqual([1, 2, 4]);
  // What cannot be drawn is passed over, on a logarithmic axis 0 and below too.
  expect(keptPoints([null, Number.NaN, 3, Infinity, 0, -1, 4, 6], starts, false)).toEqual([2, 5, 7]);
  expect(keptPoints([null, Number.NaN, 3, Infinity, 0, -1, 4, 6], starts, true)).toEqual([2, 6, 7]);
});

test('few points all stay; of those out of sight none', () => {
  const x = [0, 10, 20, 30];
  const starts = pixelColumns(x, { from: 5, to: 25, widthPx: 100 });
  expect(keptPoints([1, 2, 3, 4], starts, false)).toEqual([1, 2]);
  expect(pixelColumns([], { from: 0, to: 1, widthPx: 10 })).toEqual([0]);
  expect(pixelColumns([7], { from: 7, to: 7, widthPx: 10 })).toEqual([0, 1]);
});

test('no peak in sight is lost, and there are at most two points to a pixel', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), value), { maxLength: 400 }),
      fc.integer({ min: 1, max: 60 }),
      fc.tuple(fc.double({ min: 0, max: 0.5, noNaN: true }), fc.double({ min: 0.51, max: 1, noNaN: true })),
      (points, widthPx, [from, to]) => {
        points.sort(([a], [b]) => a - b);
        const x = points.map(([at]) => at);
        const values = points.map(([, y]) => y);
        const sight: Sight = { from, to, widthPx };
        const lines = new VisibleLines();
        const kept = lines.pointsOf(x, values, sight, false);
        // The last x may begin its own column, beside those of the pixels.
        expect(kept.length).toBeLessThanOrEqual(2 * (widthPx + 1));
        expect([...kept].sort((a, b) => a - b)).toEqual(kept);
        const inSight = values.filter(
          (y, index): y is number => y !== null && Number.isFinite(y) && x[index]! >= from && x[index]! <= to,
        );
        const line = { key: 'a', label: 'a', values, token: '--answer' } as const;
        expect(lines.limits(x, [line], sight, false)).toEqual(
          inSight.length === 0 ? null : [Math.min(...inSight), Math.max(...inSight)],
        );
      },
    ),
  );
});

test('columns that grew in place are looked through again, others are not', () => {
  const lines = new VisibleLines();
  const x = [0, 1, 2];
  const values: (number | null)[] = [3, 1, 2];
  const sight: Sight = { from: 0, to: 10, widthPx: 100 };
  const before = lines.pointsOf(x, values, sight, false);
  expect(lines.pointsOf(x, values, { ...sight }, false)).toBe(before);
  x.push(3);
  values.push(9);
  expect(lines.pointsOf(x, values, sight, false)).toEqual([0, 1, 2, 3]);
  expect(lines.pointsOf(x, values, { ...sight, to: 1 }, false)).toEqual([0, 1]);
  expect(lines.pointsOf(x, [0, 1, 2, 3], sight, true)).toEqual([1, 2, 3]);
});
