/** Values that are no finite numbers, marked at the foot of the chart where a line would have a gap. */
import uPlot from 'uplot';
import { colourOf, type LineSeries } from './chart.ts';

/** By the column: where its values are no finite numbers, as far as it was looked through. */
const known = new WeakMap<readonly (number | null)[], { seen: number; at: number[] }>();

/** Positions of NaN and infinities in a column, which may grow in place. */
function nonFiniteOf(values: readonly (number | null)[]): readonly number[] {
  let entry = known.get(values);
  if (entry === undefined) {
    entry = { seen: 0, at: [] };
    known.set(values, entry);
  }
  for (; entry.seen < values.length; entry.seen += 1) {
    const value = values[entry.seen];
    if (value !== null && !Number.isFinite(value)) entry.at.push(entry.seen);
  }
  return entry.at;
}

/** Positions of NaN and infinities in any of the lines. */
function nonFiniteAt(series: readonly LineSeries[]): number[] {
  const found = new Set(series.flatMap(({ values }) => nonFiniteOf(values)));
  return [...found].sort((a, b) => a - b);
}

/** A cross on the axis for each of them, and what it means beside the last. */
export function drawNonFinite(plot: uPlot, x: readonly number[], series: readonly LineSeries[]): void {
  const at = nonFiniteAt(series);
  if (at.length === 0) return;
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const arm = 4 * ratio;
  const y = bbox.top + bbox.height - arm - ratio;
  ctx.save();
  ctx.strokeStyle = colourOf('--wrong');
  ctx.fillStyle = colourOf('--wrong');
  ctx.lineWidth = 2 * ratio;
  ctx.setLineDash([]);
  let before = -Infinity;
  let last: number | null = null;
  for (const index of at) {
    const px = plot.valToPos(x[index]!, 'x', true);
    if (px < bbox.left || px > bbox.left + bbox.width || px - before < arm) continue;
    before = px;
    last = px;
    ctx.beginPath();
    ctx.moveTo(px - arm, y - arm);
    ctx.lineTo(px + arm, y + arm);
    ctx.moveTo(px + arm, y - arm);
    ctx.lineTo(px - arm, y + arm);
    ctx.stroke();
  }
  if (last !== null) {
    ctx.font = `600 ${11 * ratio}px "Figtree Variable", sans-serif`;
    const fits = last + 110 * ratio < bbox.left + bbox.width;
    ctx.textAlign = fits ? 'left' : 'right';
    ctx.textBaseline = 'middle';
    ctx.fillText('not a finite number', last + (fits ? 9 : -9) * ratio, y);
  }
  ctx.restore();
}
