/** What the comparison on the GPU found, as lines for a terminal. */
import { formatBytes } from '../src/base/units.ts';
import type { EngineLabel } from '../src/bench/measure.ts';
import type { GpuReport, GpuRow } from './gpu.ts';

/** Those that the others are held against. */
const references: readonly EngineLabel[] = ['tfjs-webgpu', 'jax-js'];

interface Column {
  name: string;
  text: (row: GpuRow, rows: readonly GpuRow[]) => string;
}

/** How many times as fast as the reference, by the median; '' where that is missing. */
function timesAsFast(reference: EngineLabel): Column {
  return {
    name: `× ${reference}`,
    text: ({ timing }, rows) => {
      const other = rows.find(({ engine }) => engine === reference);
      return other === undefined ? '' : (other.timing.median / timing.median).toFixed(2);
    },
  };
}

const stepColumns = (flops: number): readonly Column[] => [
  { name: 'engine', text: ({ engine }) => engine },
  { name: 'ms a step, median', text: ({ timing }) => figure(timing.median) },
  { name: 'min', text: ({ timing }) => figure(timing.min) },
  { name: 'max', text: ({ timing }) => figure(timing.max) },
  ...references.map(timesAsFast),
  { name: 'GFLOP/s', text: ({ timing }) => figure(flops / timing.median / 1e6) },
  { name: 'dispatches', text: ({ dispatches }) => String(dispatches) },
  { name: 'submits', text: ({ submits }) => String(submits) },
  { name: 'encode ms', text: ({ encodeMs }) => (encodeMs === null ? '' : figure(encodeMs)) },
  {
    name: 'of the roof',
    text: ({ roofShare }) => (roofShare === null ? '' : `${Math.round(100 * roofShare)} %`),
  },
  { name: 'held', text: ({ bytesHeld }) => formatBytes(bytesHeld) },
  { name: 'grown', text: ({ bytesGrown }) => (bytesGrown === 0 ? '0' : formatBytes(bytesGrown)) },
  { name: 'made ready', text: ({ compileMs }) => `${Math.round(Math.max(0, compileMs))} ms` },
];

const checkColumns: readonly Column[] = [
  { name: 'checked against wasm', text: ({ engine }) => engine },
  { name: 'loss', text: ({ differences }) => differences.loss.toExponential(1) },
  { name: 'gradient norm', text: ({ differences }) => differences.gradNorm.toExponential(1) },
  { name: 'gradients', text: ({ differences }) => differences.gradient.toExponential(1) },
  { name: 'movement', text: ({ differences }) => differences.movement.toExponential(1) },
];

const generationColumns: readonly Column[] = [
  { name: 'greedy, 64 rows', text: ({ engine }) => engine },
  { name: 'tokens/s', text: ({ tokensPerSecond }) => figure(tokensPerSecond!) },
  {
    name: '× tfjs-webgpu',
    text: ({ tokensPerSecond }, rows) => {
      const other = rows.find(({ engine }) => engine === 'tfjs-webgpu');
      return other === undefined ? '' : (tokensPerSecond! / other.tokensPerSecond!).toFixed(2);
    },
  },
];

/** @param flops Of the plan's step. */
export function gpuLines({ rows, leftOut }: GpuReport, flops: number): string[] {
  const generating = rows.filter(({ tokensPerSecond }) => tokensPerSecond !== null);
  return [
    ...table(stepColumns(flops), rows),
    ...leftOut.map(({ engine, why }) => `${engine} left out: ${why}`),
    ...table(checkColumns, rows),
    ...table(generationColumns, generating),
  ];
}

/** Aligned, an empty line before it; nothing where there are no rows. */
function table(columns: readonly Column[], rows: readonly GpuRow[]): string[] {
  if (rows.length === 0) return [];
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map((row) => columns.map(({ text }) => text(row, rows))),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const aligned = cells.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  return ['', ...aligned];
}

/** Three digits. */
function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
