import { Check, ChevronLeft, ChevronRight } from 'lucide-react';
import { useRef, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import {
  braced,
  choicePatterns,
  isTeachersMap,
  missingColumns,
  suggestColumnMap,
  type ColumnMap,
  type Role,
} from '../../data/column-map.ts';
import type { Column, FileHead } from '../../data/file-head.ts';
import { quoted } from '../../data/words.ts';
import type { DataFileRecord } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import styles from './column-mapper.module.css';
import { MappedRow } from './mapped-row.tsx';
import { readByMap } from './read-by-map.ts';

/** Roles that one column has, with what they are called; the input is a template of any columns. */
const fields: readonly { role: Exclude<Role, 'input'>; label: string; none: string }[] = [
  { role: 'label', label: 'Label', none: 'Choose a column …' },
  { role: 'choices', label: 'Choices', none: 'none' },
  { role: 'rationale', label: 'Rationale', none: 'none' },
  { role: 'teacherLabel', label: 'Teacher’s label', none: 'none' },
  { role: 'id', label: 'Id', none: 'none' },
  { role: 'split', label: 'Split', none: 'none' },
];

/** Which column of a file is what, with a row beside it as it will be learned. */
export function ColumnMapper({
  file,
  head,
  onDone,
}: {
  file: DataFileRecord;
  head: FileHead;
  /** Called once the map is in use, or was given up. */
  onDone: () => void;
}) {
  const busy = useStudio((state) => state.requests.data.busy);
  const area = useRef<HTMLTextAreaElement>(null);
  const [map, setMap] = useState<ColumnMap>(() => file.map ?? suggestColumnMap(head.first));
  const [row, setRow] = useState(0);
  const names = head.columns.map(({ name }) => name);
  const problem = problemOf(map, names);
  // While a template is being typed, the row stays as the last whole one had it.
  const [whole, setWhole] = useState(map);
  const change = (next: ColumnMap): void => {
    setMap(next);
    if (problemOf(next, names) === null) setWhole(next);
  };
  const read = readByMap(whole, head.first, row);
  const give = (role: Role, value: string): void => {
    const { [role]: _old, ...others } = map;
    change(value === '' ? others : { ...others, [role]: value });
  };
  const put = (column: string): void => {
    const input = map.input ?? '';
    const at = area.current?.selectionStart ?? input.length;
    give('input', `${input.slice(0, at)}${braced(column)}${input.slice(at)}`);
    area.current?.focus();
  };
  const use = async (): Promise<void> => {
    if (await studio.mapColumns(file.id, map)) onDone();
  };
  const unused = head.columns.filter(({ name, text }) => text && !read.used.has(name));
  return (
    <section className={styles['mapper']} aria-label={`Columns of ${file.name}`}>
      <p className={styles['why']}>
        {file.unread === undefined ? (
          <>
            Say which column of <code>{file.name}</code> is what.
          </>
        ) : (
          <>
            <strong>Which column is what?</strong> <code>{file.name}</code> has {formatCount(head.rows)} rows
            and no columns that are known by their names.
          </>
        )}
      </p>
      <div className={styles['sides']}>
        <div className={styles['fields']}>
          <TextField
            label="Input"
            lines={4}
            area={area}
            value={map.input ?? ''}
            onChange={(value) => give('input', value)}
            error={problem}
            meaning="What the student is given: columns in braces, and words of your own."
          />
          <div className={styles['roles']}>
            {fields.map(({ role, label, none }) => (
              <SelectField
                key={role}
                label={label}
                value={map[role] ?? ''}
                onChange={(value) => give(role, value)}
                options={[
                  { value: '', label: none },
                  ...(role === 'choices' ? choicePatterns(names) : []).map((name) => ({
                    value: name,
                    label: `${shortened(name)} (a column each)`,
                  })),
                  ...names.map((name) => ({ value: name, label: shortened(name) })),
                ]}
                meaning={
                  role === 'label' && isTeachersMap(map)
                    ? 'Without one these are a teacher’s answers, to the rows of another file.'
                    : filledWords(head, map[role])
                }
              />
            ))}
            <div className={styles['unused']}>
              <p className={styles['unusedLabel']}>
                Not used{' '}
                <span className={styles['hint']}>{unused.length > 0 && 'press to add to the input'}</span>
              </p>
              {unused.length === 0 ? (
                <p className={styles['hint']}>Every column of text is used.</p>
              ) : (
                <ul className={styles['words']} aria-label="Columns of text that are not used">
                  {unused.map(({ name }) => (
                    <li key={name}>
                      <button
                        type="button"
                        className={styles['word']}
                        title={name}
                        aria-label={`Add ${name} to the input`}
                        onClick={() => put(name)}
                      >
                        {shortened(name)}
                      </button>
                    </li>
                  ))}
                </ul>
              )}
            </div>
          </div>
        </div>
        <div className={styles['preview']}>
          <div className={styles['steps']}>
            <p>
              <strong>Row {formatCount(row + 1)}</strong>{' '}
              <span className={styles['hint']}>of {formatCount(head.rows)}, as it will be learned</span>
            </p>
            <Button
              small
              icon={ChevronLeft}
              label="The row before"
              reason={row === 0 ? 'This is the first row.' : null}
              onClick={() => setRow(row - 1)}
            >
              {''}
            </Button>
            <Button
              small
              icon={ChevronRight}
              label="The next row"
              reason={
                row + 1 < head.first.length
                  ? null
                  : `The first ${formatCount(head.first.length)} rows are shown here.`
              }
              onClick={() => setRow(row + 1)}
            >
              {''}
            </Button>
          </div>
          <MappedRow read={read} />
        </div>
      </div>
      <div className={styles['foot']}>
        <Button kind="primary" icon={Check} reason={whyNot(map, problem, busy)} onClick={() => void use()}>
          Use these columns
        </Button>
        {file.unread === undefined && <Button onClick={onDone}>Leave them as they are</Button>}
        {file.map !== undefined && file.unread === undefined && (
          <Button
            reason={busy ? 'The files are being read.' : null}
            onClick={() => void studio.mapColumns(file.id, null).then((done) => done && onDone())}
          >
            Read them as recognised
          </Button>
        )}
      </div>
    </section>
  );
}

/** What is wrong with the input, or with a column; null where nothing is. */
function problemOf(map: ColumnMap, columns: readonly string[]): string | null {
  // A teacher's file need not repeat what it answers.
  if (isTeachersMap(map) && (map.input ?? '').trim() === '') return null;
  if (map.input === undefined || map.input.trim() === '') return 'Name the columns of the input in braces.';
  try {
    const missing = missingColumns(map, columns);
    if (missing.length > 0) return `There is no column ${missing.map((name) => quoted(name)).join(', ')}.`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return map.input.includes('{') || columns.includes(map.input)
    ? null
    : 'Name at least one column in braces: every row would have the same input.';
}

function whyNot(map: ColumnMap, problem: string | null, busy: boolean): string | null {
  if (busy) return 'The files are being read.';
  if (problem !== null) return problem;
  return map.label === undefined && !isTeachersMap(map)
    ? 'Choose the column with the label, the true answer.'
    : null;
}

function filledWords(head: FileHead, name: string | undefined): string | undefined {
  const column = head.columns.find((one: Column) => one.name === name);
  return column === undefined
    ? undefined
    : `in ${formatCount(column.filled)} of ${formatCount(head.rows)} rows`;
}

/** Long names with their middle left out. */
function shortened(name: string): string {
  return name.length > 32 ? `${name.slice(0, 16)}…${name.slice(-12)}` : name;
}
