import type { RefObject } from 'react';
import type uPlot from 'uplot';
import { saveFile } from '../download.ts';
import { chartCsv } from './chart-csv.ts';
import styles from './line-chart.module.css';
import { colourOf, type LineChartProps, type LineSeries } from './chart.ts';
import { legendOf, nameAt, pieceLength, rowHeight } from './picture-legend.ts';

interface Props {
  chart: LineChartProps;
  plot: RefObject<uPlot | null>;
  shown: (line: LineSeries) => boolean;
}

/** The chart as it is seen as PNG or SVG, and all its values as CSV. */
export function ChartSave({ chart, plot, shown }: Props) {
  const name = chart.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const act = (save: (drawn: uPlot) => void) => () => {
    if (plot.current) save(plot.current);
  };
  return (
    <span className={styles['save']} role="group" aria-label={`Save ${chart.title}`}>
      Save as
      <button
        type="button"
        className={styles['action']}
        onClick={act((drawn) => {
          pictureOf(drawn, chart, shown).toBlob((blob) => {
            if (blob) saveFile(`${name}.png`, blob);
          });
        })}
      >
        PNG
      </button>
      <button
        type="button"
        className={styles['action']}
        onClick={act((drawn) => {
          void import('./chart-svg.ts').then(({ chartSvg }) =>
            saveFile(`${name}.svg`, chartSvg(svgOf(drawn, chart, shown)), 'image/svg+xml'),
          );
        })}
      >
        SVG
      </button>
      <button
        type="button"
        className={styles['action']}
        onClick={() =>
          saveFile(`${name}.csv`, chartCsv(chart.xName ?? 'step', chart.x, chart.series), 'text/csv')
        }
      >
        CSV
      </button>
    </span>
  );
}

/** Whose values a picture has, and when it was saved. */
function captionOf({ about }: LineChartProps): string {
  const day = new Date().toISOString().slice(0, 10);
  return about === undefined ? day : `${about} · ${day}`;
}

/** The canvas on its paper: title and caption above, the name of x and those of the lines below. */
function pictureOf(
  { ctx: { canvas } }: uPlot,
  chart: LineChartProps,
  shown: (line: LineSeries) => boolean,
): HTMLCanvasElement {
  const ratio = devicePixelRatio;
  const [head, foot] = [50 * ratio, 24 * ratio];
  const picture = document.createElement('canvas');
  const context = picture.getContext('2d');
  if (context === null) return picture;
  const nameFont = `${12 * ratio}px "Figtree Variable", sans-serif`;
  context.font = nameFont;
  const legend = legendOf(
    chart.series.filter(shown),
    canvas.width / ratio - 20,
    (name) => context.measureText(name).width / ratio,
  );
  picture.width = canvas.width;
  picture.height = canvas.height + head + foot + legend.height * ratio;
  context.fillStyle = colourOf('--paper');
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = colourOf('--ink');
  context.font = `600 ${14 * ratio}px "Figtree Variable", sans-serif`;
  context.fillText(chart.title, 10 * ratio, 21 * ratio);
  context.fillStyle = colourOf('--ink-soft');
  context.font = nameFont;
  context.fillText(captionOf(chart), 10 * ratio, 40 * ratio, picture.width - 20 * ratio);
  context.drawImage(canvas, 0, head);
  context.textAlign = 'center';
  const end = head + canvas.height + foot;
  context.fillText(chart.xName ?? 'step', picture.width / 2, end - 8 * ratio);
  context.textAlign = 'left';
  for (const { line, x, row } of legend.entries) {
    const [left, middle] = [(10 + x) * ratio, end + (row * rowHeight + 4) * ratio];
    context.strokeStyle = colourOf(line.token);
    context.globalAlpha = line.alpha ?? 1;
    context.lineWidth = 2 * ratio;
    context.setLineDash((line.dash ?? []).map((length) => length * ratio));
    context.beginPath();
    context.moveTo(left, middle);
    context.lineTo(left + pieceLength * ratio, middle);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = colourOf('--ink');
    context.fillText(line.label, (10 + nameAt(x)) * ratio, middle + 4 * ratio);
  }
  return picture;
}

function svgOf(drawn: uPlot, chart: LineChartProps, shown: (line: LineSeries) => boolean) {
  const limits = (scale: string): [number, number] => {
    const { min, max } = drawn.scales[scale]!;
    return [min ?? 0, max ?? 1];
  };
  const [xRange, yRange] = [limits('x'), limits('y')];
  // uPlot's own ticks, as they are at the axes.
  const ticks = (axis: number, [low, high]: [number, number], text: (value: number) => string) =>
    ((drawn.axes[axis] as { _splits?: number[] })._splits ?? [low, high])
      .filter((at) => at >= low && at <= high && (axis === 0 || !chart.logY || isRound(at)))
      .map((at) => ({ at, text: text(at) }));
  return {
    title: chart.title,
    caption: captionOf(chart),
    xName: chart.xName ?? 'step',
    x: chart.x,
    series: chart.series.filter(shown),
    xRange,
    yRange,
    logY: chart.logY ?? false,
    xTicks: ticks(0, xRange, chart.xTick ?? ((value) => (Number.isInteger(value) ? String(value) : ''))),
    yTicks: ticks(1, yRange, chart.tick ?? chart.format),
  };
}

/** 1, 2 … 9 of a decade: what a logarithmic axis names. */
function isRound(value: number): boolean {
  return Math.abs(Number(value.toPrecision(1)) / value - 1) < 1e-6;
}
