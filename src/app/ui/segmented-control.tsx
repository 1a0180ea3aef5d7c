import { formatCount } from '../../base/units.ts';
import { useId } from 'react';
import { classes } from './classes.ts';
import styles from './segmented-control.module.css';

export interface Segment<Value extends string> {
  value: Value;
  label: string;
  /** How many there are of it; shown after the label. */
  count?: number;
}

interface Props<Value extends string> {
  legend: string;
  segments: readonly Segment<Value>[];
  value: Value;
  onChange: (value: Value) => void;
  /** `chips` stand apart and wrap; `joined` ones share a frame. */
  look?: 'joined' | 'chips';
}

/** One of a few, all in sight: native radio buttons in a fieldset. */
export function SegmentedControl<Value extends string>({
  legend,
  segments,
  value,
  onChange,
  look = 'joined',
}: Props<Value>) {
  const name = useId();
  return (
    <fieldset className={classes(styles['group'], styles[look])}>
      <legend className="visually-hidden">{legend}</legend>
      {segments.map((segment) => (
        <label key={segment.value} className={styles['segment']}>
          <input
            className={styles['radio']}
            type="radio"
            name={name}
            value={segment.value}
            checked={segment.value === value}
            onChange={() => onChange(segment.value)}
          />
          <span>
            {segment.label}
            {segment.count !== undefined && ` ${formatCount(segment.count)}`}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
