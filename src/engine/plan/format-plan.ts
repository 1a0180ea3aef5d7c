/** A plan as text: every operation with its shapes, places and costs, and the totals. */
import { formatBytes, formatCount } from '../../base/units.ts';
import type { T5Config } from '../../student/config.ts';
import type { Lora } from '../../student/lora/lora.ts';
import { countParameters } from '../../student/parameters.ts';
import { costOf } from './cost.ts';
import type { Operation } from './operations.ts';
import { operandsOf } from './operands.ts';
import type { Plan, Tensor } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { planStep } from './training.ts';

/** `s3` for a slot; `parameters.0` for a part of a slab. With the shape: `s3[1024,512]`. */
function formatTensor({ place, shape }: Tensor): string {
  const where = place.kind === 'slot' ? `s${place.slot}` : `${place.slab}.${place.part}`;
  return `${where}[${shape.join(',')}]`;
}

function nameOf(operation: Operation): string {
  if (operation.kind !== 'matmul') return operation.kind;
  const { form, epilogue } = operation;
  return `matmul ${form}${epilogue.kind === 'none' ? '' : ` + ${epilogue.kind}`}`;
}

function formatRow(columns: readonly string[], widths: readonly number[]): string {
  return columns
    .map((text, index) =>
      index === 0 || index > 3 ? text.padStart(widths[index]!) : text.padEnd(widths[index]!),
    )
    .join('  ')
    .trimEnd();
}

/** FLOPs with a unit. */
function formatFlops(flops: number): string {
  if (flops >= 1e9) return `${(flops / 1e9).toFixed(2)} G`;
  if (flops >= 1e6) return `${(flops / 1e6).toFixed(2)} M`;
  return `${(flops / 1e3).toFixed(1)} k`;
}

/** All programs of a plan, one line per operation. FLOPs are for full capacities. */
export function formatPlan(plan: Plan): string {
  const lines: string[] = [];
  for (const [name, operations] of plan.programs) {
    const rows = operations.map((operation, index) => {
      const { reads, writes } = operandsOf(operation);
      const { flops, bytes } = costOf(operation, plan.capacities);
      const written =
        operation.kind === 'adamw'
          ? `parameters, expAvg, expAvgSq.${operation.part}[${operation.length}]`
          : writes.map(formatTensor).join(' ');
      const columns = [String(index), nameOf(operation), written, `<- ${reads.map(formatTensor).join(' ')}`];
      return { columns: [...columns, formatFlops(flops), formatBytes(bytes)], flops, bytes };
    });
    const header = ['#', 'operation', 'writes', 'reads', 'FLOP', 'bytes'];
    const table = [header, ...rows.map(({ columns }) => columns)];
    const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
    const flops = rows.reduce((sum, row) => sum + row.flops, 0);
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    lines.push(`${name}:`, ...table.map((row) => formatRow(row, widths)));
    lines.push(
      `${formatCount(rows.length)} operations, ${formatFlops(flops)}FLOP, ${formatBytes(bytes)} moved`,
      '',
    );
  }
  const slotBytes = plan.slots.reduce((sum, { length }) => sum + 4 * length, 0);
  const largest = Math.max(0, ...plan.slots.map(({ length }) => 4 * length));
  lines.push(
    `${plan.slots.length} slots, ${formatBytes(slotBytes)}, the largest ${formatBytes(largest)}; ` +
      `tables ${formatBytes(4 * plan.tablesLength)}`,
  );
  return lines.join('\n');
}

/** The step of a two-task batch, all rows of full length: what `headless plan` prints. */
export function formatStepPlan(
  config: T5Config,
  { batch, inputTokens, targetTokens }: { batch: number; inputTokens: number; targetTokens: number },
  lora: Lora | null = null,
): string {
  const layout = new SlabLayout(config, new Set(), lora);
  const plan = planStep(
    layout,
    {
      encoderRows: 2 * batch * inputTokens,
      decoderRows: 2 * batch * targetTokens,
      sequences: 2 * batch,
      maxEncoderLength: inputTokens,
      maxDecoderLength: targetTokens,
      generationRows: 0,
    },
    config.dropout_rate > 0,
  );
  const slabs =
    lora === null
      ? `parameters, gradients and two moments: 4 slabs of ${formatBytes(4 * layout.length)}`
      : `parameters, and gradients and two moments of adapters: ${formatBytes(layout.bytesOfAll)}`;
  const parts = `${layout.partLengths.length} ${layout.partLengths.length === 1 ? 'part' : 'parts'}`;
  const parameters = `${formatCount(countParameters(config))} parameters`;
  return `${formatPlan(plan)}\n${parameters}; ${slabs} in ${parts}`;
}
