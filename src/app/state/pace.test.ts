import { expect, test } from 'vitest';
import type { MetricsPoint } from '../../distill/run-state.ts';
import { paceOf } from './pace.ts';

/** Steps of 100 ms and 50 tokens, after a first one that compiles for five seconds. */
function points(count: number): MetricsPoint[] {
  return Array.from({ length: count }, (_, index) => ({
    step: index + 1,
    learningRate: 1e-3,
    answerLoss: 1,
    rationaleLoss: 1,
    loss: 1,
    gradNorm: 1,
    tokens: 50,
    elapsedMs: 5000 + index * 100,
  }));
}

test('nothing is said before there is something to say', () => {
  for (let count = 0; count <= 1; count += 1) expect(paceOf(points(count), 600)).toBeNull();
});

test('the first step does not spoil the pace', () => {
  for (const count of [2, 3, 5, 20, 400]) {
    const pace = paceOf(points(count), 600)!;
    expect(pace.stepsPerSecond).toBeCloseTo(10);
    expect(pace.tokensPerSecond).toBeCloseTo(500);
    expect(pace.leftMs).toBeCloseTo((600 - count) * 100);
  }
});

test('a clock that stands still gives no pace', () => {
  expect(
    paceOf(
      points(10).map((point) => ({ ...point, elapsedMs: 7 })),
      600,
    ),
  ).toBeNull();
});
