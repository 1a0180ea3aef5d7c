/** What was measured, in words: the same for the table on the page and the one that is copied. */
import { formatBytes, formatCount, formatPercent } from '../../base/units.ts';
import type { BenchReport, BenchRow, Machine } from '../../worker/protocol.ts';

/** Engines by the names that the recipe's choice of a backend has for them. */
export const engineNames: Record<BenchRow['engine'], string> = {
  wgsl: 'webgpu: the compiled plan',
  wasm: 'wasm: the compiled plan',
  'tfjs-webgpu': 'tfjs-webgpu: TensorFlow.js',
  'tfjs-wasm': 'tfjs-wasm: TensorFlow.js',
  'jax-js': 'jax-js',
  'torch-cpu': 'PyTorch on the CPU',
};

export interface BenchColumn {
  name: string;
  text: (row: BenchRow, first: BenchRow) => string;
}

/** Three digits: `21.3`, `0.452`, `1,250`. */
function formatFigure(value: number): string {
  return value >= 100 ? formatCount(Math.round(value)) : value.toPrecision(3);
}

export const benchColumns: readonly BenchColumn[] = [
  { name: 'Engine', text: ({ engine }) => engineNames[engine] },
  { name: 'Threads', text: ({ threads }) => (threads === null ? '–' : String(threads)) },
  { name: 'ms a step', text: ({ msPerStep }) => formatFigure(msPerStep) },
  { name: 'Min', text: ({ msMin }) => formatFigure(msMin) },
  { name: 'Max', text: ({ msMax }) => formatFigure(msMax) },
  { name: 'Ratio', text: ({ msPerStep }, first) => (msPerStep / first.msPerStep).toFixed(2) },
  { name: 'GFLOP/s', text: ({ gflops }) => formatFigure(gflops) },
  {
    name: 'Of the roof',
    text: ({ roofShare }) => (roofShare === null ? '–' : formatPercent(roofShare, 0)),
  },
  { name: 'Held', text: ({ bytesHeld }) => formatBytes(bytesHeld) },
  { name: 'Made ready', text: ({ compileMs }) => `${formatCount(Math.max(0, Math.round(compileMs)))} ms` },
  { name: 'Greedy tokens/s', text: ({ tokensPerSecond }) => formatFigure(tokensPerSecond) },
];

/** Rows of cells in the order of `benchColumns`. */
export function benchCells({ rows }: BenchReport): string[][] {
  return rows.map((row) => benchColumns.map(({ text }) => text(row, rows[0]!)));
}

/** `nano: 0.139 GFLOP a step; the roof is 37.5 GFLOP/s.` */
export function benchSummary({ model, flops, roofGflops }: BenchReport): string {
  return `${model}: ${formatFigure(flops / 1e9)} GFLOP a step; the roof is ${formatFigure(roofGflops)} GFLOP/s.`;
}

export function machineLine({ gpu, threads }: Machine): string {
  const kind = gpu.kind === 'software' ? ' (software, not measured)' : '';
  return `${gpu.kind === 'none' ? `no GPU (${gpu.description})` : `${gpu.description}${kind}`}; ${threads} CPU ${threads === 1 ? 'thread' : 'threads'}`;
}

/** The report as Markdown, with what the figures are worth nothing without: the machine and the browser. */
export function benchMarkdown(report: BenchReport, machine: Machine | null, browser: string): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    benchSummary(report),
    ...(machine === null ? [] : [`Machine: ${machineLine(machine)}.`]),
    `Browser: ${browser}`,
    '',
    line(benchColumns.map(({ name }) => name)),
    line(benchColumns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...benchCells(report).map(line),
    '',
  ].join('\n');
}
