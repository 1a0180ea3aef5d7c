/** What a chart draws beside its lines: the ground that is still to come, and each line's last value with its name. */
import uPlot from 'uplot';
import { colourOf, lastIndex, type LineSeries } from './chart.ts';
import { namesAtEnds } from './plot-options.ts';

const labelSize = 11;

/** Shades what lies beyond the last x that there is. */
export function shadeFuture(plot: uPlot, now: number): void {
  const { ctx, bbox } = plot;
  const from = Math.max(bbox.left, plot.valToPos(now, 'x', true));
  const right = bbox.left + bbox.width;
  if (from >= right - 1) return;
  ctx.save();
  ctx.fillStyle = colourOf('--paper-sunk');
  ctx.fillRect(from, bbox.top, right - from, bbox.height);
  ctx.strokeStyle = colourOf('--line');
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(from, bbox.top);
  ctx.lineTo(from, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

interface EndMark {
  x: number;
  y: number;
  text: string;
  colour: string;
  /** Left edge and middle of the label. */
  labelX: number;
  labelY: number;
}

/** Draws a dot at the end of each line and `name value` beside it, labels kept apart. */
export function drawEndMarks(
  plot: uPlot,
  series: readonly LineSeries[],
  format: (value: number) => string,
): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = `600 ${labelSize * ratio}px "Figtree Variable", sans-serif`;
  // uPlot leaves its own alignment and dashes behind.
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.setLineDash([]);
  const marks = series.flatMap((line): EndMark[] => {
    if (line.faint) return [];
    const index = lastIndex(line.values);
    const value = line.values[index];
    const atX = plot.data[0][index];
    if (value === null || value === undefined || atX === undefined) return [];
    const x = plot.valToPos(atX, 'x', true);
    const y = plot.valToPos(value, 'y', true);
    // The end of a line that is not in sight has no mark.
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) return [];
    const labelX = x + 8 * ratio;
    const name = namesAtEnds(plot.width) ? (line.endLabel ?? line.label) : '';
    const text = fitted(ctx, name, format(value), ctx.canvas.width - labelX);
    return [{ x, y, text, colour: colourOf(line.token), labelX, labelY: y }];
  });
  spread(marks, (labelSize + 4) * ratio, bbox.top + 8 * ratio, bbox.top + bbox.height - 7 * ratio);
  for (const mark of marks) drawMark(ctx, mark, ratio);
  ctx.restore();
}

/** `name value`, the name cut to what there is room for. */
function fitted(ctx: CanvasRenderingContext2D, name: string, value: string, widthPx: number): string {
  const isIn = (text: string): boolean => ctx.measureText(text).width <= widthPx;
  if (name === '' || isIn(`${name} ${value}`)) return `${name} ${value}`.trim();
  for (let length = name.length - 1; length > 1; length -= 1) {
    const text = `${name.slice(0, length).trimEnd()}… ${value}`;
    if (isIn(text)) return text;
  }
  return value;
}

/** Moves labels down, then up again from below, until none covers another. */
function spread(marks: EndMark[], distance: number, top: number, bottom: number): void {
  marks.sort((a, b) => a.labelY - b.labelY);
  let free = top;
  for (const mark of marks) {
    mark.labelY = Math.max(mark.labelY, free);
    free = mark.labelY + distance;
  }
  let limit = bottom;
  for (const mark of marks.toReversed()) {
    mark.labelY = Math.min(mark.labelY, limit);
    limit = mark.labelY - distance;
  }
}

function drawMark(ctx: CanvasRenderingContext2D, mark: EndMark, ratio: number): void {
  ctx.beginPath();
  ctx.arc(mark.x, mark.y, 3.5 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = mark.colour;
  ctx.fill();
  // Its own ground keeps the words legible over lines.
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = 'round';
  ctx.strokeStyle = colourOf('--paper');
  ctx.strokeText(mark.text, mark.labelX, mark.labelY);
  ctx.fillStyle = mark.colour;
  ctx.fillText(mark.text, mark.labelX, mark.labelY);
}
