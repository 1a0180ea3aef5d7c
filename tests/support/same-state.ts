/** Whether two engines hold the same: not nearly, but to the byte. */
import { expect } from 'vitest';
import { stateGroups, type EngineState } from '../../src/engine/engine.ts';
import type { Floats } from '../../src/engine/plan/executor.ts';

/** NaNs and zeros of either sign are told apart. */
export function haveSameBytes(one: Floats, other: Floats): boolean {
  const bytes = (values: Floats) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.compare(bytes(one), bytes(other)) === 0;
}

export function expectSameState(one: EngineState, other: EngineState): void {
  expect(one.step).toBe(other.step);
  for (const part of stateGroups) {
    const [mine, theirs] = [one[part] ?? new Map<string, Float32Array>(), other[part]];
    expect([...mine.keys()]).toEqual([...(theirs?.keys() ?? [])]);
    for (const [name, values] of mine) {
      expect(haveSameBytes(values, theirs!.get(name)!), `${part} of ${name}`).toBe(true);
    }
  }
}
