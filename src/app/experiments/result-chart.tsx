import { useEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { formatPercent } from '../../base/units.ts';
import { layOut, type Chart, type ChartFrame, type Ink, type Point } from '../../experiment/chart.ts';
import type { Varied } from '../../experiment/spec.ts';
import { interval } from '../../experiment/summary.ts';
import { keysOf, readPress } from '../keys/keys.ts';
import { classes } from '../ui/classes.ts';
import styles from './result-chart.module.css';

interface Props {
  chart: Chart;
  /** Opens the runs that a point is the mean of. */
  onOpen: (setting: Varied) => void;
}

interface Spot {
  name: string;
  ink: Ink;
  point: Point;
  x: number;
  y: number;
}

/** How near a press must be to a point, in pixels. */
const reach = 24;
/** Narrower ones have their names below. */
const wide = 560;

/** Means with their intervals; a press on a point opens its runs. */
export function ResultChart({ chart, onOpen }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(720);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(280, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const frame = frameOf(width);
  const { plot } = frame;
  const layout = layOut(chart, frame);
  const spots = chart.series.flatMap(({ name, ink, points }): Spot[] =>
    points.map((point) => ({ name, ink, point, x: layout.x(point.x), y: layout.y(point.mean) })),
  );
  const spot = at === null ? undefined : spots[at];
  const xWords = (point: Point): string =>
    `${chart.xTitle} ${chart.xTicks.find(({ x }) => x === point.x)?.label ?? point.x}`;
  const open = (chosen: Spot | undefined): void => {
    if (chosen?.point.setting !== undefined) onOpen(chosen.point.setting);
  };
  const nearest = (event: MouseEvent<SVGSVGElement>): number | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const away = spots.map(({ x, y }) => Math.hypot(x - left, y - top));
    const least = Math.min(...away);
    return least <= reach ? away.indexOf(least) : null;
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && spot !== undefined) {
      event.preventDefault();
      open(spot);
      return;
    }
    const read = readPress(event, keysOf('A chart with the focus'));
    if (read === null || !('id' in read)) return;
    const next = after(read.id, at, spots.length);
    if (next === null) return;
    event.preventDefault();
    setAt(next);
  };
  const words =
    spot === undefined
      ? ''
      : [
          spot.name,
          xWords(spot.point),
          formatPercent(spot.point.mean, 1),
          Number.isFinite(spot.point.low)
            ? `95 % interval ${formatPercent(spot.point.low, 1)} to ${formatPercent(spot.point.high, 1)}`
            : `${spot.point.values.length} run${spot.point.values.length === 1 ? '' : 's'}`,
        ].join(' · ');
  return (
    <div className={styles['chart']}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the cursor of a chart is no control of any kind that HTML has */}
      <figure
        className={styles['figure']}
        data-testid="experiment-chart"
        aria-label={`${chart.title}. Arrow keys move through its points, Enter opens their runs.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above: focusable so that keys reach it
        tabIndex={0}
        data-keys=""
        onKeyDown={press}
      >
        <div ref={place}>
          {}
          <svg
            viewBox={`0 0 ${frame.width} ${frame.height}`}
            width={frame.width}
            height={frame.height}
            role="img"
            aria-label={chart.description}
            onMouseMove={(event) => setAt(nearest(event))}
            onClick={(event) => open(spots[nearest(event) ?? -1])}
          >
            {layout.yTicks.map(({ at: y, label }) => (
              <g key={label}>
                <path className={styles['grid']} d={`M${plot.left} ${y}H${plot.right}`} />
                <text className={styles['quiet']} x={plot.left - 8} y={y + 4} textAnchor="end">
                  {label}
                </text>
              </g>
            ))}
            {chart.xTicks.map(({ x, label }) => (
              <text
                key={label}
                className={styles['quiet']}
                x={layout.x(x)}
                y={plot.bottom + 22}
                textAnchor="middle"
              >
                {label}
              </text>
            ))}
            <text
              className={styles['quiet']}
              x={(plot.left + plot.right) / 2}
              y={plot.bottom + 44}
              textAnchor="middle"
            >
              {chart.xTitle}
            </text>
            {chart.levels.map(({ name, ink, y }) => (
              <path
                key={name}
                className={classes(styles['level'], styles[ink])}
                d={`M${plot.left} ${layout.y(y)}H${plot.right}`}
              />
            ))}
            {chart.series.map(({ name, ink, dashed, joined = true, points }) => (
              <g key={name} className={classes(styles[ink])}>
                {joined && (
                  <path
                    className={classes(styles['line'], dashed && styles['dashed'])}
                    d={points
                      .map(
                        ({ x, mean }, index) => `${index === 0 ? 'M' : 'L'}${layout.x(x)} ${layout.y(mean)}`,
                      )
                      .join('')}
                  />
                )}
                {points.map((point) => (
                  <PointMark key={point.x} point={point} x={layout.x(point.x)} y={layout.y} />
                ))}
              </g>
            ))}
            {spot !== undefined && <circle className={styles['ring']} cx={spot.x} cy={spot.y} r="9" />}
            {width >= wide &&
              layout.ends.map(({ name, ink, at: y }) => (
                <text
                  key={name}
                  className={classes(styles['end'], styles[ink])}
                  x={plot.right + 12}
                  y={y + 4}
                >
                  {name}
                </text>
              ))}
          </svg>
        </div>
        <table className="visually-hidden">
          <caption>{chart.title}</caption>
          <thead>
            <tr>
              <th scope="col">line</th>
              <th scope="col">{chart.xTitle}</th>
              <th scope="col">accuracy</th>
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {spots.map(({ name, point }) => (
              <tr key={`${name} ${point.x}`}>
                <td>{name}</td>
                <td>{xWords(point)}</td>
                <td>{formatPercent(point.mean, 1)}</td>
                <td>{interval({ ...point, count: point.values.length, deviation: NaN })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </figure>
      {width < wide && (
        <ul className={styles['legend']}>
          {layout.ends.map(({ name, ink }) => (
            <li key={name} className={styles[ink]}>
              {name}
            </li>
          ))}
        </ul>
      )}
      <p className={styles['readout']} role="status">
        {words === '' ? 'A press on a point opens its runs.' : words}
      </p>
    </div>
  );
}

function PointMark({ point, x, y }: { point: Point; x: number; y: (share: number) => number }) {
  return (
    <>
      {point.values.length > 1 &&
        point.values.map((value, index) => (
          <circle key={index} className={styles['dot']} cx={x} cy={y(value)} r="2.5" />
        ))}
      {Number.isFinite(point.low) && (
        <path
          className={styles['whisker']}
          d={`M${x} ${y(Math.min(1, point.high))}V${y(Math.max(0, point.low))}`}
        />
      )}
      <circle className={styles['mean']} cx={x} cy={y(point.mean)} r="4.5" />
    </>
  );
}

function frameOf(width: number): ChartFrame {
  return width >= wide
    ? { width, height: 330, plot: { left: 52, right: width - 176, top: 14, bottom: 276 } }
    : { width, height: 290, plot: { left: 46, right: width - 10, top: 14, bottom: 236 } };
}

/** Where a key moves to among the points; null where it moves nothing. */
function after(key: string, at: number | null, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case 'chart-back':
      return Math.max(0, (at ?? count) - 1);
    case 'chart-forward':
      return Math.min(count - 1, (at ?? -1) + 1);
    case 'chart-first':
      return 0;
    case 'chart-last':
      return count - 1;
    default:
      return null;
  }
}
