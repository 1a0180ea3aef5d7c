import { expect, test } from 'vitest';
import { contestantsOf } from './bench.ts';

const labels = (has: Parameters<typeof contestantsOf>[0]) => contestantsOf(has).map(({ words }) => words);

test('the studio’s own engines are measured beside TensorFlow.js, on the GPU too where there is one', () => {
  expect(labels({ cores: 8, isIsolated: true, hasGpu: true })).toEqual([
    'wasm, 1 thread',
    'wasm, 8 threads',
    'webgpu',
    'tfjs-wasm',
    'tfjs-webgpu',
  ]);
  expect(labels({ cores: 8, isIsolated: false, hasGpu: false })).toEqual(['wasm, 1 thread', 'tfjs-wasm']);
  // One core has no second row, nor have many that cannot share memory.
  expect(labels({ cores: 1, isIsolated: true, hasGpu: false })).toEqual(['wasm, 1 thread', 'tfjs-wasm']);
  expect(labels({ cores: 2, isIsolated: true, hasGpu: false })[1]).toBe('wasm, 2 threads');
});
