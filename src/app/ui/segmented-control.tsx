import { RadioButton, RadioField, RadioGroup } from 'react-aria-components/RadioGroup';
import { formatCount } from '../../base/units.ts';
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

/** One of a few, all in sight. */
export function SegmentedControl<Value extends string>({
  legend,
  segments,
  value,
  onChange,
  look = 'joined',
}: Props<Value>) {
  return (
    <RadioGroup
      className={classes(styles['group'], styles[look])}
      aria-label={legend}
      orientation="horizontal"
      value={value}
      onChange={(next) => {
        const chosen = segments.find((segment) => segment.value === next);
        if (chosen) onChange(chosen.value);
      }}
    >
      {segments.map((segment) => (
        <RadioField key={segment.value} value={segment.value}>
          <RadioButton className={classes(styles['segment'], 'input-covers')}>
            {segment.label}
            {segment.count !== undefined && ` ${formatCount(segment.count)}`}
          </RadioButton>
        </RadioField>
      ))}
    </RadioGroup>
  );
}
