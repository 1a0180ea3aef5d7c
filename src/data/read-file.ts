/** A file's records as rows of one layout, with every row that was left out and why. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { formatColumnMap, guessColumnMap, mappedLayout, type ColumnMap } from './column-map.ts';
import type { CompletionMode } from './completions.ts';
import { isCompletions, readCompletions } from './completions-file.ts';
import type {
  DataFile,
  DatasetFile,
  ExampleRow,
  FileBase,
  RationaleRow,
  RationalesFile,
} from './data-file.ts';
import type { DatasetLayoutId, TeacherLayoutId } from './example.ts';
import { recogniseLayout, shareOfLayout, voters } from './layouts.ts';
import { isObject } from './layouts/cells.ts';
import type { AnyLayout, ExampleColumns, JsonObject, RationaleColumns } from './layouts/layout.ts';
import type { Note } from './notes.ts';
import { RowReading } from './row-reading.ts';
import { splitListUnder, splitRecords } from '../formats/json-records.ts';
import type { FileRecord, FormatNote } from '../formats/record.ts';
import type { Container } from './containers.ts';
import { ofSplit, type Split } from './split-name.ts';
import { whyUnreadable } from './unreadable.ts';
import { unwrapRows } from './unwrap.ts';
import { unknownLayout, UnknownLayoutError, withoutObjects } from './unread-file.ts';
import { listed } from './words.ts';

export { UnknownLayoutError };
export type { DataFile, DatasetFile, ExampleRow, RationaleRow, RationalesFile };

/** How a file is to be read. */
export interface ReadOptions {
  /** Columns by their role, in place of the layouts that are known. */
  map?: ColumnMap | null;
  /** How raw completions are read: as the research code does, or with repairs. */
  completions?: CompletionMode;
  /** What the file is for: picks one of several lists inside it. */
  split?: Split;
  /** Refusals that are held; the others are counted alone. Left out: all. */
  refusalsKept?: number;
  /** The column that says each row's split; null for none. Left out, one is looked for by its name and values. */
  splitColumn?: string | null | undefined;
}

/** Records with what is known of their file. */
export interface FileRecords {
  file: string;
  container: string;
  records: readonly FileRecord[];
  /** Names of classes by column, where the file says them. */
  classLabels?: ReadonlyMap<string, readonly string[]>;
  notes?: readonly FormatNote[];
  /** The records of the list under a key of the only value, each with its line. */
  linesOf?: ((key: string) => readonly FileRecord[]) | null;
}

/**
 * Reads a data file of JSON.
 *
 * @param file The file's name, for messages. @param text Its content, decoded as UTF-8.
 * @throws InputError with the file, and the line where there is one, if nothing of it can be used.
 */
export function readDataFile(file: string, text: string, options: ReadOptions = {}): DataFile {
  const unreadable = whyUnreadable(text);
  if (unreadable !== null) throw new InputError(unreadable.problem, unreadable.remedy, { file });
  return readFileRecords(
    {
      file,
      container: /^\s*\ufeff?\s*\[/.test(text.slice(0, 100)) ? 'json' : 'jsonl',
      records: splitRecords(text),
      linesOf: (key) => splitListUnder(text, key),
    },
    options,
  );
}

/**
 * Reads what a container holds: see `readFileRecords`.
 * @throws InputError where nothing of it can be used.
 */
export function readContainer(container: Container, options: ReadOptions = {}): DataFile {
  const { file, kind, packed, records, notes, classLabels, text } = container;
  return readFileRecords(
    {
      file,
      container: packed === null ? kind : `${kind} in ${packed}`,
      records,
      notes,
      ...(classLabels === undefined ? {} : { classLabels: new Map(Object.entries(classLabels)) }),
      linesOf: text === null ? null : (key) => splitListUnder(text, key),
    },
    options,
  );
}

/**
 * Recognises the layout of a file's records and reads its rows.
 * @throws InputError with the file, and the line where there is one, if nothing of it can be used.
 */
function readFileRecords(source: FileRecords, options: ReadOptions = {}): DataFile {
  const { file } = source;
  const split = options.split;
  const { records, said, truncated, classLabels } = unwrapRows(
    file,
    source.records,
    source.linesOf ?? null,
    (keys) => (split === undefined ? [] : ofSplit(split, keys, (key) => key)),
  );
  const unwrapped: FormatNote[] = said === null ? [] : [{ kind: 'container', text: said }];
  const notes = [...(source.notes ?? []), ...unwrapped].map(({ kind, text }): Note => ({
    kind,
    count: 1,
    rows: [],
    text,
  }));
  if (truncated.length > 0) {
    notes.push({
      kind: 'cells-truncated',
      count: truncated.length,
      rows: [...truncated],
      text: `${formatCount(truncated.length)} ${truncated.length === 1 ? 'row has' : 'rows have'} cells that were cut by the server that sent them`,
    });
  }
  if (isCompletions(records))
    return readCompletions(source, records, notes, options.completions ?? 'faithful');

  const labels = new Map([...(source.classLabels ?? []), ...classLabels]);
  const begun = beginReading(file, records, labels, options);
  const rows: (ExampleRow | RationaleRow)[] = [];
  for (const record of records) {
    const row = begun.rows.next(record);
    if (row !== null) rows.push(row);
  }
  notes.push(...begun.rows.notes());
  const { container } = source;
  const { because } = begun;
  const { positions, refused } = begun.rows;
  return withRows(begun, { file, container, because, positions, refused, notes }, rows);
}

/** A file of which the layout is known. */
export type BegunReading =
  | { kind: 'dataset'; layout: DatasetLayoutId; because: string; rows: RowReading<ExampleColumns> }
  | {
      kind: 'rationales';
      layout: TeacherLayoutId | DatasetLayoutId;
      because: string;
      rows: RowReading<RationaleColumns>;
      completions: CompletionMode;
    };

/**
 * Recognises a layout by the first records, from which on rows are read one by one.
 * @throws InputError where there are no objects among them; UnknownLayoutError where nobody knows their columns.
 */
export function beginReading(
  file: string,
  first: readonly FileRecord[],
  classLabels: ReadonlyMap<string, readonly string[]>,
  options: ReadOptions,
): BegunReading {
  const objects: JsonObject[] = [];
  for (const record of first) {
    if (objects.length === voters) break;
    if (record.kind === 'value' && isObject(record.value)) objects.push(record.value);
  }
  if (objects.length === 0) throw withoutObjects(file, first);
  const { layout, because } = chooseLayout(file, objects, first, options.map ?? null);
  const how = {
    file,
    objects,
    classLabels,
    ...(options.refusalsKept === undefined ? {} : { refusalsKept: options.refusalsKept }),
  };
  switch (layout.kind) {
    case 'dataset': {
      const splitColumn = options.splitColumn === undefined ? options.map?.split : options.splitColumn;
      const rows = new RowReading({ ...how, splitColumn }, (value, context) => layout.read(value, context));
      return { kind: layout.kind, layout: layout.layout, because, rows };
    }
    case 'rationales': {
      const rows = new RowReading(how, (value, context) => layout.read(value, context));
      const completions = options.completions ?? 'repaired';
      return { kind: layout.kind, layout: layout.layout, because, rows, completions };
    }
    default:
      return layout satisfies never;
  }
}

/** What was read of a file, with its rows, which are those of `begun`. */
export function withRows(
  begun: BegunReading,
  read: FileBase,
  rows: readonly (ExampleRow | RationaleRow)[],
): DataFile {
  const splitOf = begun.rows.splits()?.of;
  return begun.kind === 'dataset'
    ? {
        kind: begun.kind,
        layout: begun.layout,
        ...read,
        rows: rows as ExampleRow[],
        ...(splitOf === undefined ? {} : { splitOf }),
      }
    : {
        kind: begun.kind,
        layout: begun.layout,
        ...read,
        rows: rows as RationaleRow[],
        completions: begun.completions,
      };
}

function chooseLayout(
  file: string,
  objects: readonly JsonObject[],
  records: readonly FileRecord[],
  map: ColumnMap | null,
): { layout: AnyLayout; because: string } {
  if (map !== null)
    return { layout: mappedLayout(map), because: `The columns were mapped: ${formatColumnMap(map)}.` };
  const known = recogniseLayout(objects);
  const share = known === null ? null : shareOfLayout(known, objects);
  const clear = share !== null && share.count * 2 >= share.of;
  const guess = clear ? null : guessColumnMap(objects.slice(0, voters));
  if (guess !== null)
    return {
      layout: mappedLayout(guess),
      because: `The columns were mapped by their names: ${formatColumnMap(guess)}.`,
    };
  if (known === null || share === null) throw unknownLayout(file, objects[0]!, records);
  return {
    layout: known,
    because: `${formatCount(share.count)} of the first ${formatCount(share.of)} rows are ${known.title}: they have ${listed(known.required.map((name) => `“${name}”`))}.`,
  };
}

/** The file as a dataset. @throws InputError where it holds rationales. */
export function asDataset(data: DataFile): DatasetFile {
  if (data.kind === 'dataset') return data;
  throw new InputError(
    'This file holds a teacher’s rationales {rationale, label}, not rows with inputs.',
    'Choose the dataset that they were made from here, and this file as its rationales.',
    { file: data.file },
  );
}

/**
 * The file as rationales: also rows that repeat their input beside what the teacher wrote.
 * @throws InputError where it holds a dataset without a teacher.
 */
export function asRationales(data: DataFile): RationalesFile {
  if (data.kind === 'rationales') return data;
  if (data.rows.some(({ rationale, teacherLabel }) => rationale !== null || teacherLabel !== null)) {
    const { rows, splitOf: _splitOf, ...rest } = data;
    // Where no row has an answer of the teacher's own, the label beside a rationale is its answer.
    const own = rows.some(({ teacherLabel }) => teacherLabel !== null);
    return {
      ...rest,
      kind: 'rationales',
      completions: 'repaired',
      rows: rows.map(({ row, line, id, input, label, rationale, teacherLabel }) => ({
        row,
        line,
        id,
        input,
        rationale,
        label: own ? teacherLabel : label,
        completion: null,
      })),
    };
  }
  throw new InputError(
    'This file holds a dataset, not a teacher’s rationales.',
    'Choose a file of {rationale, label} rows here; rows that carry their own rationales need none.',
    { file: data.file },
  );
}
