import { useId, type ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './field.module.css';

/** What a control inside a Field must carry, so that its label, meaning and error belong to it. */
export interface FieldControl {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

export interface FieldProps {
  label: string;
  /** What it means, in a sentence. */
  meaning?: ReactNode;
  /** What is wrong with its value. */
  error?: string | null | undefined;
  children: (control: FieldControl) => ReactNode;
}

/** A labelled control with its meaning and its error beside it. */
export function Field({ label, meaning, error, children }: FieldProps) {
  const id = useId();
  const meaningId = meaning === undefined ? null : `${id}-meaning`;
  const errorId = error ? `${id}-error` : null;
  const described = [errorId, meaningId].filter(Boolean).join(' ');
  return (
    <div className={styles['field']}>
      <label className={styles['label']} htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': error ? true : undefined,
      })}
      {error && (
        <p className={styles['error']} id={errorId ?? undefined}>
          {error}
        </p>
      )}
      {meaningId !== null && (
        <p className={styles['meaning']} id={meaningId}>
          {meaning}
        </p>
      )}
    </div>
  );
}

interface ControlProps {
  label: string;
  meaning?: ReactNode;
  error?: string | null | undefined;
  value: string;
  onChange: (value: string) => void;
}

/** A number as the person types it; whoever owns the value says what is wrong with it. */
export function NumberField({
  unit,
  placeholder,
  ...props
}: ControlProps & { unit?: string | undefined; placeholder?: string | undefined }) {
  return (
    <Field label={props.label} meaning={props.meaning} error={props.error}>
      {(control) => (
        <span className={styles['row']}>
          <input
            {...control}
            className={classes(styles['control'], styles['number'])}
            type="text"
            inputMode="decimal"
            autoComplete="off"
            spellCheck={false}
            placeholder={placeholder}
            value={props.value}
            onChange={(event) => props.onChange(event.target.value)}
          />
          {unit !== undefined && <span className={styles['unit']}>{unit}</span>}
        </span>
      )}
    </Field>
  );
}

/** Words; several lines of them where `lines` says so. */
export function TextField({ lines, ...props }: ControlProps & { lines?: number }) {
  return (
    <Field label={props.label} meaning={props.meaning} error={props.error}>
      {(control) => {
        const shared = {
          ...control,
          className: styles['control'],
          value: props.value,
          onChange: (event: { target: { value: string } }) => props.onChange(event.target.value),
        };
        return lines === undefined ? (
          <input {...shared} type="text" autoComplete="off" spellCheck={false} />
        ) : (
          <textarea {...shared} rows={lines} />
        );
      }}
    </Field>
  );
}

/** One of a few named values. */
export function SelectField({
  options,
  ...props
}: ControlProps & { options: readonly { value: string; label: string }[] }) {
  return (
    <Field label={props.label} meaning={props.meaning} error={props.error}>
      {(control) => (
        <select
          {...control}
          className={classes(styles['control'], styles['select'])}
          value={props.value}
          onChange={(event) => props.onChange(event.target.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Yes or no. */
export function CheckField({
  label,
  meaning,
  checked,
  onChange,
}: {
  label: string;
  meaning?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className={styles['field']}>
      <span className={styles['check']}>
        <input
          id={id}
          type="checkbox"
          checked={checked}
          aria-describedby={meaning === undefined ? undefined : `${id}-meaning`}
          onChange={(event) => onChange(event.target.checked)}
        />
        <label className={styles['label']} htmlFor={id}>
          {label}
        </label>
      </span>
      {meaning !== undefined && (
        <p className={styles['meaning']} id={`${id}-meaning`}>
          {meaning}
        </p>
      )}
    </div>
  );
}

/** Any of a few named values, each with a box of its own. */
export function ChecksField({
  label,
  meaning,
  error,
  options,
  values,
  onChange,
}: {
  label: string;
  meaning?: ReactNode;
  error?: string | null | undefined;
  options: readonly { value: string; label: string }[];
  values: readonly string[];
  /** Gets the chosen values in the order of the options. */
  onChange: (values: string[]) => void;
}) {
  const id = useId();
  const toggle = (value: string, checked: boolean) => {
    onChange(
      options.map((one) => one.value).filter((one) => (one === value ? checked : values.includes(one))),
    );
  };
  const described = [error && `${id}-error`, meaning !== undefined && `${id}-meaning`]
    .filter(Boolean)
    .join(' ');
  return (
    <fieldset className={styles['field']} aria-describedby={described === '' ? undefined : described}>
      <legend className={styles['label']}>{label}</legend>
      <span className={styles['checks']}>
        {options.map((option) => (
          <span key={option.value} className={styles['check']}>
            <input
              id={`${id}-${option.value}`}
              type="checkbox"
              checked={values.includes(option.value)}
              onChange={(event) => toggle(option.value, event.target.checked)}
            />
            <label htmlFor={`${id}-${option.value}`}>{option.label}</label>
          </span>
        ))}
      </span>
      {error && (
        <p className={styles['error']} id={`${id}-error`}>
          {error}
        </p>
      )}
      {meaning !== undefined && (
        <p className={styles['meaning']} id={`${id}-meaning`}>
          {meaning}
        </p>
      )}
    </fieldset>
  );
}
