/** Values that are no finite numbers, marked at the foot of the chart where a line would have a gap. */
import uPlot from 'uplot';
import { colourOf, type LineSeries } from './series.ts';

/** The values with all that cannot be drawn left out; the same array where there is nothing to leave out. */
export function drawable(values: (number | null)[], logY: boolean): (number | null)[] {
  const fits = (value: number | null): boolean =>
    value === null || (Number.isFinite(value) && (!logY || value > 0));
  return values.every(fits) ? values : values.map((value) => (fits(value) ? value : null));
}

/** Positions of NaN and infinities in any of the lines. */
export function nonFiniteAt(series: readonly LineSeries[]): number[] {
  const found = new Set<number>();
  for (const { values } of series) {
    values.forEach((value, index) => {
      if (value !== null && !Number.isFinite(value)) found.add(index);
    });
  }
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
