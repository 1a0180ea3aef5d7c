import styles from './line-chart.module.css';
import type { LineSeries } from './chart.ts';

interface Props {
  series: readonly LineSeries[];
  hidden: ReadonlySet<string>;
  onToggle: (key: string, alone: boolean) => void;
}

/** The lines by name: a press hides or shows one, with Alt or Shift it shows one alone. */
export function ChartLegend({ series, hidden, onToggle }: Props) {
  return (
    <ul className={styles['legend']}>
      {series.filter(isNamed).map((line) => (
        <li key={line.key}>
          <button
            type="button"
            className={styles['entry']}
            aria-pressed={!hidden.has(line.key)}
            title="Press to hide or show; with Alt or Shift to show it alone"
            onClick={(event) => onToggle(line.key, event.altKey || event.shiftKey)}
          >
            <Stroke line={line} />
            {line.label}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A line that is alone in its chart goes by the chart's title. */
function isNamed(line: LineSeries): boolean {
  return line.label !== '';
}

/** What is hidden after a press. Alone twice shows all again; nothing left to see does so too. */
export function afterClick(
  series: readonly LineSeries[],
  hidden: ReadonlySet<string>,
  key: string,
  alone: boolean,
): ReadonlySet<string> {
  const keys = series.filter(isNamed).map((line) => line.key);
  const others = keys.filter((one) => one !== key);
  if (alone) {
    const isAlone = !hidden.has(key) && others.every((one) => hidden.has(one));
    return new Set(isAlone ? [] : others);
  }
  const next = new Set(hidden);
  if (!next.delete(key)) next.add(key);
  return keys.every((one) => next.has(one)) ? new Set() : next;
}

/** The mark of a line in the legend, drawn as the line is. */
function Stroke({ line }: { line: LineSeries }) {
  return (
    <svg width="28" height="8" viewBox="0 0 28 8" aria-hidden="true" focusable="false">
      <line
        x1="0"
        x2="28"
        y1="4"
        y2="4"
        stroke={`var(${line.token})`}
        strokeWidth="2"
        strokeOpacity={line.alpha}
        strokeDasharray={line.dash?.join(' ')}
      />
    </svg>
  );
}
