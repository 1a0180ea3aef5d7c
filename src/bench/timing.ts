/** Timing the same work several times. */
import { breathe } from '../base/breathe.ts';

export interface Timing {
  median: number;
  min: number;
  max: number;
}

export function summarise(elapsedMs: readonly number[]): Timing {
  const sorted = [...elapsedMs].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)]!, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}

/**
 * Times `count` runs, after a fifth as many (two at least) that are not counted. Others get a turn between runs.
 * @throws The signal's reason where it was stopped, between two runs.
 */
export async function timeMs(
  count: number,
  work: (index: number) => unknown,
  signal?: AbortSignal,
): Promise<Timing> {
  const warmUp = Math.max(2, Math.ceil(count / 5));
  const elapsed: number[] = [];
  for (let index = 0; index < warmUp + count; index += 1) {
    await breathe();
    signal?.throwIfAborted();
    const start = performance.now();
    await work(index);
    if (index >= warmUp) elapsed.push(performance.now() - start);
  }
  return summarise(elapsed);
}
