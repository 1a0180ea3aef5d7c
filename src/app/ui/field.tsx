import { useId, type ReactNode, type Ref } from 'react';
import { FieldError } from 'react-aria-components/FieldError';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { Text } from 'react-aria-components/Text';
import { TextArea } from 'react-aria-components/TextArea';
import { TextField as LabelledInput } from 'react-aria-components/TextField';
import { classes } from './classes.ts';
import styles from './field.module.css';

/** What every control says of itself. */
export interface FieldWords {
  label: string;
  /** What it means, in a sentence. */
  meaning?: ReactNode;
  /** What is wrong with its value. */
  error?: string | null | undefined;
}

interface ControlProps extends FieldWords {
  value: string;
  onChange: (value: string) => void;
}

/** The error and the meaning of the control that they stand under. */
export function Told({ meaning, error }: Pick<FieldWords, 'meaning' | 'error'>) {
  return (
    <>
      <FieldError className={classes(styles['error'])} elementType="p">
        {error}
      </FieldError>
      {meaning !== undefined && (
        <Text slot="description" className={classes(styles['meaning'])} elementType="p">
          {meaning}
        </Text>
      )}
    </>
  );
}

/**
 * A number as the person types it; whoever owns the value says what is wrong with it. A text field: the library's for
 * numbers takes one format, and lists like `0,2,5` and rates like `2e-3` are typed here.
 */
export function NumberField({
  unit,
  placeholder = '',
  ...props
}: ControlProps & { unit?: string | undefined; placeholder?: string | undefined }) {
  return (
    <LabelledInput
      className={classes(styles['field'])}
      inputMode="decimal"
      autoComplete="off"
      spellCheck="false"
      isInvalid={Boolean(props.error)}
      validationBehavior="aria"
      value={props.value}
      onChange={props.onChange}
    >
      <Label className={classes(styles['label'])}>{props.label}</Label>
      <span className={styles['row']}>
        <Input className={classes(styles['control'], styles['number'])} placeholder={placeholder} />
        {unit !== undefined && <span className={styles['unit']}>{unit}</span>}
      </span>
      <Told meaning={props.meaning} error={props.error} />
    </LabelledInput>
  );
}

/** Words; several lines of them where `lines` says so. */
export function TextField({
  lines,
  area,
  ...props
}: ControlProps & { lines?: number; area?: Ref<HTMLTextAreaElement> }) {
  return (
    <LabelledInput
      className={classes(styles['field'])}
      autoComplete="off"
      spellCheck={lines === undefined ? 'false' : 'true'}
      isInvalid={Boolean(props.error)}
      validationBehavior="aria"
      value={props.value}
      onChange={props.onChange}
    >
      <Label className={classes(styles['label'])}>{props.label}</Label>
      {lines === undefined ? (
        <Input className={classes(styles['control'])} />
      ) : (
        <TextArea className={classes(styles['control'])} rows={lines} {...(area ? { ref: area } : {})} />
      )}
      <Told meaning={props.meaning} error={props.error} />
    </LabelledInput>
  );
}

/** One of a few named values. A native select: a phone opens its own wheel for it, which no list of ours equals. */
export function SelectField({
  options,
  ...props
}: ControlProps & { options: readonly { value: string; label: string }[] }) {
  const id = useId();
  const { error, meaning } = props;
  const described = [error && `${id}-error`, meaning !== undefined && `${id}-meaning`]
    .filter(Boolean)
    .join(' ');
  return (
    <div className={styles['field']}>
      <label className={styles['label']} htmlFor={id}>
        {props.label}
      </label>
      <select
        id={id}
        className={classes(styles['control'], styles['select'])}
        aria-describedby={described === '' ? undefined : described}
        aria-invalid={error ? true : undefined}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
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
    </div>
  );
}
