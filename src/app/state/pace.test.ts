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

/** Points of steps that took so long, and had as many tokens as their number. */
function taking(stepMs: readonly number[]): MetricsPoint[] {
  let elapsedMs = 0;
  return points(stepMs.length).map((point, index) => ({
    ...point,
    tokens: point.step,
    elapsedMs: (elapsedMs += stepMs[index]!),
  }));
}

test('the first three steps are left out, and no more', () => {
  // Of the steps 4 to 10 the first is the place to begin: six steps in 1,200 ms.
  const { stepsPerSecond, tokensPerSecond, leftMs } = paceOf(
    taking([5000, 900, 900, 900, 700, 100, 100, 100, 100, 100]),
    12,
  )!;
  expect(stepsPerSecond).toBeCloseTo(5);
  expect(tokensPerSecond).toBeCloseTo((5 + 6 + 7 + 8 + 9 + 10) / 1.2);
  expect(leftMs).toBeCloseTo(2 * 200);
});

test('the pace is that of the last thirty steps', () => {
  const slow = Array.from({ length: 50 }, () => 1000);
  const quick = Array.from({ length: 30 }, () => 100);
  expect(paceOf(taking([...slow, ...quick]), 100)!.stepsPerSecond).toBeCloseTo(10);
  expect(paceOf(taking([...slow, ...quick.slice(1)]), 100)!.stepsPerSecond).toBeCloseTo(30 / 3.9);
});

test('nothing is left once more steps are taken than there are', () => {
  expect(paceOf(points(10), 9)!.leftMs).toBe(0);
});

test('a clock that stands still gives no pace', () => {
  expect(
    paceOf(
      points(10).map((point) => ({ ...point, elapsedMs: 7 })),
      600,
    ),
  ).toBeNull();
});
