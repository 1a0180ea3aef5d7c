import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { CheckboxButton, CheckboxField } from 'react-aria-components/Checkbox';
import { CheckboxGroup } from 'react-aria-components/CheckboxGroup';
import { Label } from 'react-aria-components/Label';
import { classes } from './classes.ts';
import styles from './field.module.css';
import { Told, type FieldWords } from './field.tsx';
import { Icon } from './icon.tsx';

/** Yes or no. */
export function CheckField({
  label,
  meaning,
  checked,
  onChange,
}: Omit<FieldWords, 'error'> & { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <CheckboxField className={classes(styles['field'])} isSelected={checked} onChange={onChange}>
      <Box>
        <span className={styles['label']}>{label}</span>
      </Box>
      <Told meaning={meaning} />
    </CheckboxField>
  );
}

/** Any of a few named values, each with its own box. */
export function ChecksField({
  label,
  meaning,
  error,
  options,
  values,
  onChange,
}: FieldWords & {
  options: readonly { value: string; label: string }[];
  values: readonly string[];
  /** Gets the chosen values in the order of the options. */
  onChange: (values: string[]) => void;
}) {
  return (
    <CheckboxGroup
      className={classes(styles['field'])}
      isInvalid={Boolean(error)}
      validationBehavior="aria"
      value={[...values]}
      onChange={(chosen) =>
        onChange(options.map(({ value }) => value).filter((value) => chosen.includes(value)))
      }
    >
      <Label className={classes(styles['label'])}>{label}</Label>
      <span className={styles['checks']}>
        {options.map((option) => (
          <CheckboxField key={option.value} value={option.value}>
            <Box>{option.label}</Box>
          </CheckboxField>
        ))}
      </span>
      <Told meaning={meaning} error={error} />
    </CheckboxGroup>
  );
}

/** The drawn box, its tick and its label. */
function Box({ children }: { children: ReactNode }) {
  return (
    <CheckboxButton className={classes(styles['check'], 'input-covers')}>
      <span className={styles['box']}>
        <Icon of={Check} size={14} />
      </span>
      {children}
    </CheckboxButton>
  );
}
