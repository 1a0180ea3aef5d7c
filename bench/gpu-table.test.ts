import { describe, expect, it } from 'vitest';
import type { GpuRow } from './gpu.ts';
import { gpuLines } from './gpu-table.ts';

function rowOf(engine: GpuRow['engine'], median: number, tokensPerSecond: number | null): GpuRow {
  return {
    engine,
    timing: { median, min: median / 2, max: median * 2 },
    compileMs: 1234,
    encodeMs: null,
    roofShare: null,
    dispatches: 300,
    submits: 3,
    bytesHeld: 2_000_000,
    bytesGrown: 0,
    differences: { loss: 1e-7, gradNorm: 2e-7, gradient: 3e-6, movement: 4e-5 },
    tokensPerSecond,
  };
}

const cells = (line: string | undefined) => line?.split(/ {2,}/);

describe('the table of the comparison on the GPU', () => {
  it('holds each engine against TensorFlow.js and jax-js', () => {
    const rows = [rowOf('tfjs-webgpu', 4000, 5), rowOf('jax-js', 1000, null), rowOf('wgsl', 400, 100)];
    const lines = gpuLines({ rows, leftOut: [] }, 2e9);
    const [, head, tfjs, jax, wgsl] = lines;
    const place = cells(head)!.indexOf('× tfjs-webgpu');
    expect(cells(head)!.slice(place, place + 3)).toEqual(['× tfjs-webgpu', '× jax-js', 'GFLOP/s']);
    expect(cells(tfjs)!.slice(place, place + 3)).toEqual(['1.00', '0.25', '0.500']);
    expect(cells(jax)!.slice(place, place + 3)).toEqual(['4.00', '1.00', '2.00']);
    expect(cells(wgsl)!.slice(place, place + 3)).toEqual(['10.00', '2.50', '5.00']);
    // What only trains has no line of generation.
    const generation = lines.slice(lines.findIndex((line) => line.startsWith('greedy')) + 1);
    expect(generation.map(cells)).toEqual([
      ['tfjs-webgpu', '5.00', '1.00'],
      ['wgsl', '100', '20.00'],
    ]);
  });

  it('says why an engine has no row, and leaves empty what it was to be held against', () => {
    const why = 'differs from the wasm engine: loss by 1.0e-1 (0.0001)';
    const lines = gpuLines(
      { rows: [rowOf('tfjs-webgpu', 4000, null)], leftOut: [{ engine: 'jax-js', why }] },
      2e9,
    );
    expect(lines).toContain(`jax-js left out: ${why}`);
    expect(lines.filter((line) => line.startsWith('jax-js'))).toHaveLength(1);
    expect(lines.some((line) => line.startsWith('greedy'))).toBe(false);
  });
});
