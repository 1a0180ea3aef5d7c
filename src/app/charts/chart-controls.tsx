import { memo, useId } from 'react';
import type { ChartView, XAxis } from './chart-view.ts';
import { maxSmoothing } from './smoothing.ts';
import { useKeys } from '../keys/use-keys.ts';
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

/** Smoothing, the axis of the losses, and what x counts, each with its keys. New points change nothing of it. */
export const ChartControls = memo(function ChartControls({ view, onChange }: Props) {
  const id = useId();
  const smooth = (by: number): void => {
    const next = Math.min(maxSmoothing, Math.max(0, view.smoothing + by));
    onChange({ smoothing: Number(next.toFixed(2)) });
  };
  useKeys({
    'smooth-less': () => smooth(-step),
    'smooth-more': () => smooth(step),
    'log-axis': () => onChange({ logY: !view.logY }),
  });
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
      <Axes logY={view.logY} x={view.x} onChange={onChange} />
    </div>
  );
});

const yAxes = [
  { value: 'linear', label: 'linear' },
  { value: 'log', label: 'log' },
] as const;

/** Apart, since smoothing changes often and is not theirs. */
const Axes = memo(function Axes({
  logY,
  x,
  onChange,
}: Omit<ChartView, 'smoothing'> & Pick<Props, 'onChange'>) {
  return (
    <>
      <SegmentedControl
        legend="Axis of the losses"
        segments={yAxes}
        value={logY ? 'log' : 'linear'}
        onChange={(axis) => onChange({ logY: axis === 'log' })}
      />
      <SegmentedControl
        legend="What the charts run over"
        segments={xAxes}
        value={x}
        onChange={(next) => onChange({ x: next })}
      />
    </>
  );
});
