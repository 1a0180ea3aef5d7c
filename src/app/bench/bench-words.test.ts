import { expect, test } from 'vitest';
import type { BenchReport, BenchRow, Machine } from '../../worker/protocol.ts';
import { benchMarkdown } from './bench-words.ts';

const row: BenchRow = {
  engine: 'wasm',
  threads: 1,
  msPerStep: 20,
  msMin: 19.12,
  msMax: 31.5,
  gflops: 29.04,
  roofShare: 0.824,
  bytesHeld: 5_120_000,
  compileMs: -0.2,
  tokensPerSecond: 33_612.4,
};
const report: BenchReport = {
  model: 'nano',
  flops: 0.58e9,
  roofGflops: 36.2,
  leftOut: [],
  rows: [row, { ...row, engine: 'tfjs-webgpu', threads: null, msPerStep: 1250, roofShare: null }],
};
const machine: Machine = {
  gpu: { kind: 'software', description: 'Soft | Shader', proof: null },
  crossOriginIsolated: true,
  threads: 2,
  backend: 'wasm',
};

test('the copied table has a row for each engine and as many cells as columns', () => {
  const lines = benchMarkdown(report, machine, 'A browser').split('\n');
  expect(lines.slice(0, 3)).toEqual([
    'nano: 0.580 GFLOP a step; the roof is 36.2 GFLOP/s.',
    'Machine: Soft | Shader (software, not measured); 2 CPU threads.',
    'Browser: A browser',
  ]);
  expect(lines[6]).toBe(
    '| wasm: the compiled plan | 1 | 20.0 | 19.1 | 31.5 | 1.00 | 29.0 | 82 % | 5.12 MB | 0 ms | 33,612 |',
  );
  expect(lines[7]).toContain('| tfjs-webgpu: TensorFlow.js | – | 1,250 | 19.1 | 31.5 | 62.50 |');
  const widths = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').length);
  expect(new Set(widths)).toEqual(new Set([13]));
});
