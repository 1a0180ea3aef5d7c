import { expect, test } from 'vitest';
import type { MetricsPoint } from '../../distill/run-state.ts';
import { columnsOf, secondsAt, smoothed } from './metric-columns.ts';

function point(step: number): MetricsPoint {
  return {
    step,
    learningRate: 1e-3,
    answerLoss: 10 / step,
    rationaleLoss: step % 2 === 0 ? null : 1,
    loss: 1,
    gradNorm: 1,
    tokens: 10,
    elapsedMs: step * 500,
  };
}

test('columns and means grow with the points and are the same arrays', () => {
  const points = [point(1), point(2)];
  const columns = columnsOf(points);
  const mean = smoothed(columns.answerLoss, 0.5);
  points.push(point(3));
  expect(columnsOf(points)).toBe(columns);
  expect(columns.step).toEqual([1, 2, 3]);
  expect(columns.rationaleLoss).toEqual([1, null, 1]);
  expect(smoothed(columns.answerLoss, 0.5)).toBe(mean);
  expect(mean).toHaveLength(3);
  expect(smoothed(columns.answerLoss, 0)).toEqual(columns.answerLoss);
});

test('the time at a step lies between the points around it', () => {
  const columns = columnsOf([point(2), point(4)]);
  expect(secondsAt(columns, 0)).toBe(0);
  expect(secondsAt(columns, 2)).toBe(1);
  expect(secondsAt(columns, 3)).toBe(1.5);
  expect(secondsAt(columns, 9)).toBe(2);
});

test('taking in ten points beside 10,000 costs a small part of a picture', () => {
  const points = Array.from({ length: 10_000 }, (_, index) => point(index + 1));
  smoothed(columnsOf(points).answerLoss, 0.9);
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    for (let more = 0; more < 10; more += 1) points.push(point(points.length + 1));
    const begin = performance.now();
    smoothed(columnsOf(points).answerLoss, 0.9);
    times.push(performance.now() - begin);
  }
  // The quickest of 20: the others share the machine.
  expect(Math.min(...times)).toBeLessThan(1);
});
