import { describe, expect, test } from 'vitest';
import { SlabLayout } from './slab-layout.ts';
import { placedState } from './student-slabs.ts';
import { parseTiny } from './testing/tiny-engine.ts';

describe('the state of an engine', () => {
  test.each(['adamw', 'adafactor'] as const)('by %s lies in neighbourhoods that it fills', (optimizer) => {
    const state = placedState(new SlabLayout(parseTiny(), new Set(), null, optimizer));
    const filled = new Map<string, { length: number; sum: number }>();
    for (const [group, tensors] of Object.entries(state)) {
      for (const { slab, part, offset, length, around } of tensors) {
        expect(offset).toBeGreaterThanOrEqual(around.offset);
        expect(offset + length).toBeLessThanOrEqual(around.offset + around.length);
        const key = `${group} ${slab} ${part} ${around.offset}`;
        const sum = (filled.get(key)?.sum ?? 0) + length;
        filled.set(key, { length: around.length, sum });
      }
    }
    expect(filled.size).toBeGreaterThan(10);
    for (const [key, { length, sum }] of filled) expect(length, key).toBe(sum);
  });
});
