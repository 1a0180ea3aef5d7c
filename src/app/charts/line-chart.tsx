import { memo, useEffect, useRef, useState, type KeyboardEvent } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatCount } from '../../base/units.ts';
import { keysOf, readPress, type KeyId } from '../keys/keys.ts';
import { onThemeChange } from '../theme.ts';
import { classes } from '../ui/classes.ts';
import { ChartLegend, afterClick } from './chart-legend.tsx';
import { ChartSave } from './chart-save.tsx';
import { drawEndMarks, shadeFuture } from './end-marks.ts';
import styles from './line-chart.module.css';
import { drawNonFinite } from './non-finite.ts';
import { plotOptions } from './plot-options.ts';
import { wholeTick, type LineChartProps, type LineSeries, type Zoom } from './chart.ts';
import { VisibleLines, type Sight } from './visible-lines.ts';

/**
 * Lines over steps. New values are drawn into the standing chart: nothing is mounted again, the cursor stays. It is
 * redrawn where one of its properties is another: columns may grow in place, but then in a new list of series.
 */
export const LineChart = memo(function LineChart(props: LineChartProps) {
  const { title, x, series, height, table, small, logY = false, zoom = null, onZoom } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  const [cursor, setCursor] = useState<number | null>(null);
  // Only for who reads between the values: every movement of the pointer redraws.
  const [pointed, setPointed] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = useRef(hidden);

  useEffect(() => {
    latest.current = props;
    plot.current?.setData(dataOf(props));
  }, [props]);

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const lines = new VisibleLines();
    const visible = (): LineSeries[] => latest.current.series.filter((line) => isShown(line, shown.current));
    const chart = new uPlot(
      plotOptions({
        width: Math.max(120, element.clientWidth),
        height: latest.current.height,
        series: latest.current.series,
        logY,
        xRange: () => [...xRangeOf(latest.current)],
        yRange: (drawn) =>
          latest.current.yRange ??
          rangeOf(lines.limits(latest.current.x, visible(), sightOf(drawn, latest.current), logY), logY),
        points: (drawn, index) =>
          lines.pointsOf(
            latest.current.x,
            latest.current.series[index]!.values,
            sightOf(drawn, latest.current),
            logY,
          ),
        xTick: (value) => (latest.current.xTick ?? wholeTick)(value),
        tick: (value) => (latest.current.tick ?? latest.current.format)(value),
        sync: 'charts',
        hooks: {
          drawClear: [(drawn) => shadeFuture(drawn, latest.current.now)],
          draw: [
            (drawn) => {
              drawEndMarks(drawn, visible(), latest.current.format);
              drawNonFinite(drawn, latest.current.x, visible());
            },
          ],
          setCursor: [
            (drawn) => {
              setCursor(drawn.cursor.idx ?? null);
              if (latest.current.readout !== undefined) setPointed(pointedAt(drawn));
            },
          ],
          setSelect: [(drawn) => latest.current.onZoom?.(takeSelection(drawn))],
        },
      }),
      dataOf(latest.current),
      element,
    );
    plot.current = chart;
    latest.current.series.forEach((line, index) => {
      if (!isShown(line, shown.current)) chart.setSeries(index + 1, { show: false });
    });
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
    // A scale is linear or logarithmic from its beginning.
  }, [logY]);

  const toggle = (key: string, alone: boolean): void => {
    const next = afterClick(series, hidden, key, alone);
    shown.current = next;
    setHidden(next);
    plot.current?.batch((chart: uPlot) => {
      series.forEach((line, index) => chart.setSeries(index + 1, { show: isShown(line, next) }));
    });
  };

  const press = (event: KeyboardEvent): void => {
    const chart = plot.current;
    if (chart === null || x.length === 0) return;
    const read = readPress(event, keysOf('A chart with the focus'));
    if (read === null || !('id' in read)) return;
    const wanted = onZoom === undefined ? undefined : zoomAfter(read.id, props, x[cursor ?? x.length - 1]!);
    if (wanted !== undefined && onZoom !== undefined) {
      event.preventDefault();
      onZoom(wanted);
      setSaid(wanted === null ? 'All of it is shown.' : `Shown: ${rangeWords(wanted, props)}.`);
      return;
    }
    const target = cursorAfter(read.id, cursor, x.length);
    if (target === null) return;
    event.preventDefault();
    chart.setCursor({ left: chart.valToPos(x[target]!, 'x'), top: height / 2 });
    setSaid(props.readout?.(x[target]!) ?? wordsAt(target, props));
  };

  return (
    <div className={classes(styles['chart'], small && styles['small'])}>
      <div className={styles['head']}>
        <h2>{title}</h2>
        <ChartLegend series={series} hidden={hidden} onToggle={toggle} />
      </div>
      {/* A line of its own that is there also while it says nothing: what it says never moves the chart. */}
      <p className={styles['readout']} aria-hidden="true">
        {readoutAt(cursor, pointed, props)}
      </p>
      {/* A figure that one can move through with the arrow keys: `data-keys` keeps the page's own shortcuts off. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the cursor of a chart is no control of any kind that HTML has */}
      <figure
        className={styles['figure']}
        aria-label={`${title}. Arrow keys move through its values${onZoom ? '; plus and minus zoom, Escape shows all' : ''}.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above: focusable so that keys reach it
        tabIndex={0}
        data-keys=""
        onKeyDown={press}
        onDoubleClick={() => onZoom?.(null)}
      >
        <div ref={place} className={styles['place']} aria-hidden="true" />
        <div className="visually-hidden">{table}</div>
      </figure>
      {!small && (
        <div className={styles['foot']}>
          {zoom !== null && onZoom && (
            <button type="button" className={styles['action']} onClick={() => onZoom(null)}>
              Show all
            </button>
          )}
          <ChartSave chart={props} plot={plot} shown={(line) => isShown(line, hidden)} />
        </div>
      )}
      <p className="visually-hidden" aria-live="polite">
        {said}
      </p>
    </div>
  );
});

/** A faint line comes and goes with the one that it belongs to. */
function isShown(line: LineSeries, hidden: ReadonlySet<string>): boolean {
  return !hidden.has(line.of ?? line.key);
}

function dataOf({ x, series }: LineChartProps): uPlot.AlignedData {
  return [x, ...series.map((line) => line.values)];
}

function xRangeOf({ zoom, xMax }: LineChartProps): Zoom {
  return zoom ?? [0, Math.max(1e-9, xMax)];
}

function sightOf({ bbox }: uPlot, props: LineChartProps): Sight {
  const [from, to] = xRangeOf(props);
  return { from, to, widthPx: bbox.width };
}

/** Limits of y: from 0 to a little above the largest, or the decades around on a logarithmic axis. */
function rangeOf(limits: [number, number] | null, logY: boolean): [number, number] {
  const most = limits !== null && limits[1] > 0 ? limits[1] : 1;
  if (!logY) return [0, most * 1.06];
  const least = limits === null ? most / 10 : limits[0];
  return [least * 0.85, most * 1.2];
}

/** What was dragged over, in x; null where that is too narrow to be meant. Its mark goes away. */
function takeSelection(chart: uPlot): Zoom | null {
  const { left, width } = chart.select;
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (width < 4) return null;
  return [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')];
}

/** What the keys for zooming show; undefined for other keys. */
function zoomAfter(key: KeyId, { zoom, xMax }: LineChartProps, at: number): Zoom | null | undefined {
  const [from, to] = zoom ?? [0, xMax];
  const half = (to - from) / (key === 'zoom-out' ? 1 : 4);
  switch (key) {
    case 'zoom-in':
    case 'zoom-out': {
      const low = Math.max(0, at - half);
      const high = Math.min(xMax, at + half);
      return key === 'zoom-out' && low === 0 && high === xMax ? null : [low, high];
    }
    case 'zoom-all':
      return zoom ? null : undefined;
    default:
      return undefined;
  }
}

function rangeWords([from, to]: Zoom, { xName = 'step', xText = formatCount }: LineChartProps): string {
  return `${xName} ${xText(Math.round(from))} to ${xText(Math.round(to))}`;
}

/** Where a key moves the cursor; null where it moves nothing. */
function cursorAfter(key: KeyId, cursor: number | null, length: number): number | null {
  const last = length - 1;
  const back = (by: number): number => Math.max(0, (cursor ?? length) - by);
  const forward = (by: number): number => Math.min(last, (cursor ?? -1) + by);
  switch (key) {
    case 'chart-back':
      return back(1);
    case 'chart-back-far':
      return back(10);
    case 'chart-forward':
      return forward(1);
    case 'chart-forward-far':
      return forward(10);
    case 'chart-first':
      return 0;
    case 'chart-last':
      return last;
    default:
      return null;
  }
}

/** Where the cursor points, in x; null where it is away. */
function pointedAt(chart: uPlot): number | null {
  const { left, idx } = chart.cursor;
  return idx === null || idx === undefined || left === undefined || left < 0
    ? null
    : chart.posToVal(left, 'x');
}

function readoutAt(cursor: number | null, pointed: number | null, props: LineChartProps): string {
  if (cursor === null || cursor >= props.x.length) return '';
  if (props.readout === undefined) return wordsAt(cursor, props);
  return pointed === null ? '' : props.readout(pointed);
}

function wordsAt(
  index: number,
  { x, series, format, xName = 'step', xText = formatCount }: LineChartProps,
): string {
  const values = series.flatMap((line) => {
    const value = line.values[index];
    if (line.faint || value === null || value === undefined) return [];
    return [`${line.label} ${Number.isFinite(value) ? format(value) : String(value)}`];
  });
  return [`${xName} ${xText(x[index] ?? 0)}`, ...values].join(' · ');
}
