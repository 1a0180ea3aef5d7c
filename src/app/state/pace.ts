/** How fast a run goes, and how long it will take, from its latest points. */
import type { MetricsPoint } from '../../distill/run-state.ts';
import { lastOf } from './last-of.ts';

export interface Pace {
  stepsPerSecond: number;
  tokensPerSecond: number;
  /** Time that the steps left will take, evaluations left out. */
  leftMs: number;
}

/** The first steps compile and warm caches: they say nothing about the pace, once there are others. */
const stepsIgnored = 3;
/** Steps that the pace is taken over. */
const stepsWatched = 30;

/** Null before the second step: the first alone says nothing of the others. */
export function paceOf(points: readonly MetricsPoint[], steps: number): Pace | null {
  const last = lastOf(points);
  const first = points[Math.max(Math.min(stepsIgnored, points.length - 2), points.length - 1 - stepsWatched)];
  if (last === undefined || first === undefined || last.step <= first.step) return null;
  const elapsedMs = last.elapsedMs - first.elapsedMs;
  if (elapsedMs <= 0) return null;
  const taken = last.step - first.step;
  let tokens = 0;
  for (let index = points.length - 1; points[index]!.step > first.step; index -= 1)
    tokens += points[index]!.tokens;
  return {
    stepsPerSecond: (taken / elapsedMs) * 1000,
    tokensPerSecond: (tokens / elapsedMs) * 1000,
    leftMs: Math.max(0, steps - last.step) * (elapsedMs / taken),
  };
}
