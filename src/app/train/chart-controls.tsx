import { useEffect, useId } from 'react';
import type { ChartView, XAxis } from '../charts/chart-view.ts';
import { maxSmoothing } from '../charts/smoothing.ts';
import { isFree } from '../frame/use-run-shortcut.ts';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import styles from './chart-controls.module.css';

interface Props {
  view: ChartView;
  onChange: (part: Partial<ChartView>) => void;
}

const xAxes: readonly { value: XAxis; label: string }[] = [
  { value: 'step', label: 'steps' },
  { value: 'time', label: 'time' },
  { value: 'examples', label: 'examples' },
];

const step = 0.05;

/** Smoothing, the axis of the losses, and what x counts. `[` and `]` smooth less and more, `l` changes the axis. */
export function ChartControls({ view, onChange }: Props) {
  const id = useId();
  useEffect(() => {
    const smooth = (by: number): void => {
      const next = Math.min(maxSmoothing, Math.max(0, view.smoothing + by));
      onChange({ smoothing: Number(next.toFixed(2)) });
    };
    const press = (event: KeyboardEvent): void => {
      const inChart = event.target instanceof Element && event.target.closest('figure[data-keys]') !== null;
      if (event.ctrlKey || event.metaKey || !(inChart || isFree(event))) return;
      if (event.key === '[') smooth(-step);
      else if (event.key === ']') smooth(step);
      else if (event.key === 'l') onChange({ logY: !view.logY });
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [view, onChange]);
  return (
    <div className={styles['controls']} role="group" aria-label="How the curves are drawn">
      <span className={styles['smoothing']}>
        <label htmlFor={id}>smoothing</label>
        <input
          id={id}
          type="range"
          min="0"
          max={maxSmoothing}
          step="0.01"
          value={view.smoothing}
          onChange={(event) => onChange({ smoothing: Number(event.target.value) })}
        />
        <output htmlFor={id}>{view.smoothing === 0 ? 'none' : view.smoothing.toFixed(2)}</output>
      </span>
      <SegmentedControl
        legend="Axis of the losses"
        segments={[
          { value: 'linear', label: 'linear' },
          { value: 'log', label: 'log' },
        ]}
        value={view.logY ? 'log' : 'linear'}
        onChange={(axis) => onChange({ logY: axis === 'log' })}
      />
      <SegmentedControl
        legend="What the charts run over"
        segments={xAxes}
        value={view.x}
        onChange={(x) => onChange({ x })}
      />
    </div>
  );
}
