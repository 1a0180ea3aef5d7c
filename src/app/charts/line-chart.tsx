import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onThemeChange } from '../theme.ts';
import { classes } from '../ui/classes.ts';
import { drawEndMarks, shadeFuture } from './end-marks.ts';
import styles from './line-chart.module.css';
import { plotOptions } from './plot-options.ts';
import type { LineSeries } from './series.ts';

export interface LineChartProps {
  title: string;
  /** Shared by all series, rising. */
  x: number[];
  /** Their keys must stay the same for the life of the chart; values may change at will. */
  series: readonly LineSeries[];
  /** The x at which the chart ends. */
  xMax: number;
  /** The last x that there is; what lies beyond is shaded. */
  now: number;
  /** Fixed limits; without them y goes from 0 to a little above the largest value. */
  yRange?: [number, number];
  height: number;
  format: (value: number) => string;
  /** As the axis has it, where that is shorter. */
  tick?: (value: number) => string;
  /** The same values as a table, for those who do not see the lines. */
  table?: ReactNode;
  small?: boolean;
}

/** Lines over steps. New values are drawn into the standing chart: nothing is mounted again, the cursor stays. */
export function LineChart(props: LineChartProps) {
  const { title, x, series, height, format, table, small } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  const [cursor, setCursor] = useState<number | null>(null);
  const [said, setSaid] = useState('');

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const chart = new uPlot(
      plotOptions({
        width: Math.max(120, element.clientWidth),
        height: latest.current.height,
        series: latest.current.series,
        xRange: () => [0, Math.max(1, latest.current.xMax)],
        yRange: (_min, max) => latest.current.yRange ?? [0, Number.isFinite(max) && max > 0 ? max * 1.06 : 1],
        tick: (value) => (latest.current.tick ?? latest.current.format)(value),
        hooks: {
          drawClear: [(drawn) => shadeFuture(drawn, latest.current.now)],
          draw: [(drawn) => drawEndMarks(drawn, latest.current.series, latest.current.format)],
          setCursor: [(drawn) => setCursor(drawn.cursor.idx ?? null)],
        },
      }),
      dataOf(latest.current),
      element,
    );
    plot.current = chart;
    const resize = new ResizeObserver(() => {
      chart.setSize({ width: Math.max(120, element.clientWidth), height: latest.current.height });
    });
    resize.observe(element);
    const stopListening = onThemeChange(() => chart.redraw(false, true));
    void document.fonts.ready.then(() => {
      if (plot.current === chart) chart.redraw(false, true);
    });
    return () => {
      stopListening();
      resize.disconnect();
      plot.current = null;
      chart.destroy();
    };
  }, []);

  useEffect(() => {
    latest.current = props;
    plot.current?.setData(dataOf(props));
  }, [props]);

  const press = (event: KeyboardEvent): void => {
    const target = cursorAfter(event.key, event.shiftKey, cursor, x.length);
    const chart = plot.current;
    if (target === null || chart === null || x.length === 0) return;
    event.preventDefault();
    chart.setCursor({ left: chart.valToPos(x[target]!, 'x'), top: height / 2 });
    setSaid(wordsAt(target, x, series, format));
  };

  return (
    <div className={classes(styles['chart'], small && styles['small'])}>
      <div className={styles['head']}>
        <h2>{title}</h2>
        <ul className={styles['legend']}>
          {series.filter(isNamed).map((line) => (
            <li key={line.key}>
              <Stroke line={line} />
              {line.label}
            </li>
          ))}
        </ul>
        <p className={styles['readout']} aria-hidden="true">
          {cursor !== null && x.length > 0 ? wordsAt(cursor, x, series, format) : ''}
        </p>
      </div>
      {/* A figure that one can move through with the arrow keys: `data-keys` keeps the page's own shortcuts off. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the cursor of a chart is no control of any kind that HTML has */}
      <figure
        className={styles['figure']}
        aria-label={`${title}. Arrow keys move through its values.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above: focusable so that keys reach it
        tabIndex={0}
        data-keys=""
        onKeyDown={press}
      >
        <div ref={place} className={styles['place']} aria-hidden="true" />
        <div className="visually-hidden">{table}</div>
      </figure>
      <p className="visually-hidden" aria-live="polite">
        {said}
      </p>
    </div>
  );
}

/** A line that is alone in its chart goes by the chart's title. */
function isNamed(line: LineSeries): boolean {
  return line.label !== '';
}

/** The mark of a line in the legend, drawn as the line is. */
function Stroke({ line }: { line: LineSeries }) {
  return (
    <svg width="20" height="8" viewBox="0 0 20 8" aria-hidden="true" focusable="false">
      <line
        x1="0"
        x2="20"
        y1="4"
        y2="4"
        stroke={`var(${line.token})`}
        strokeWidth="2"
        strokeDasharray={line.dash?.join(' ')}
      />
    </svg>
  );
}

function dataOf({ x, series }: LineChartProps): uPlot.AlignedData {
  return [x, ...series.map((line) => line.values)];
}

/** Where a key moves the cursor; null where it moves nothing. */
function cursorAfter(key: string, far: boolean, cursor: number | null, length: number): number | null {
  const last = length - 1;
  const step = far ? 10 : 1;
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, (cursor ?? length) - step);
    case 'ArrowRight':
      return Math.min(last, (cursor ?? -1) + step);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}

function wordsAt(
  index: number,
  x: readonly number[],
  series: readonly LineSeries[],
  format: (value: number) => string,
): string {
  const values = series.flatMap((line) => {
    const value = line.values[index];
    return value === null || value === undefined ? [] : [`${line.label} ${format(value)}`];
  });
  return [`step ${(x[index] ?? 0).toLocaleString('en-GB')}`, ...values].join(' · ');
}
