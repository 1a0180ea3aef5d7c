/** A file's text as rows of one layout, with every row that was left out and why. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { splitListUnder, splitRecords } from '../formats/json-records.ts';
import type { FileRecord } from '../formats/record.ts';
import type { Example, Refusal } from './example.ts';
import { layoutsInWords, nearestLayout, recogniseLayout } from './layouts.ts';
import { listed, typeInWords } from './layouts/columns.ts';
import type { JsonObject, RationaleColumns, Reading } from './layouts/layout.ts';
import { whyUnreadable } from './unreadable.ts';

/** A dataset's row and the line on which it begins, from 1. */
export interface ExampleRow extends Example {
  line: number;
}

/** A teacher's row: `row` is its position, from 0, by which it is joined; `line` is where it begins, from 1. */
export interface RationaleRow extends RationaleColumns {
  row: number;
  line: number;
}

interface FileBase {
  /** As the person named it. */
  file: string;
  /** Records in the file, refused ones included. */
  positions: number;
  refused: Refusal[];
}

export interface DatasetFile extends FileBase {
  kind: 'dataset';
  layout: 'cos-e' | 'rows';
  rows: ExampleRow[];
}

export interface RationalesFile extends FileBase {
  kind: 'rationales';
  layout: 'rationales';
  rows: RationaleRow[];
}

export type DataFile = DatasetFile | RationalesFile;

const shapes = 'JSON Lines (one object on each line) or one JSON array of objects';
/** Keys that a message names before it only counts them. */
const keysNamed = 12;

/**
 * Reads a data file: records, layout, rows.
 *
 * @param file The file's name, for messages. @param text Its content, decoded as UTF-8.
 * @throws InputError with the file, and the line where there is one, if nothing of it can be used.
 */
export function readDataFile(file: string, text: string): DataFile {
  const unreadable = whyUnreadable(text);
  if (unreadable !== null) throw new InputError(unreadable.problem, unreadable.remedy, { file });

  const records = unwrapRows(file, text, splitRecords(text));
  const objects: JsonObject[] = [];
  for (const record of records)
    if (record.kind === 'value' && isObject(record.value)) objects.push(record.value);
  if (objects.length === 0) throw withoutObjects(file, records);

  const layout = recogniseLayout(objects);
  if (layout === null) throw unknownLayout(file, objects[0]!, records);

  switch (layout.kind) {
    case 'dataset': {
      const { rows, ...rest } = readRows(file, records, (value) => layout.read(value));
      return { kind: layout.kind, layout: layout.layout, file, ...rest, rows };
    }
    case 'rationales': {
      const { rows, ...rest } = readRows(file, records, (value) => layout.read(value));
      return { kind: layout.kind, layout: layout.layout, file, ...rest, rows };
    }
    default:
      return layout satisfies never;
  }
}

/**
 * Where the file is one object that is no row itself, the list of rows inside it; else the records as they are.
 *
 * @throws InputError where several lists inside could be meant.
 */
function unwrapRows(file: string, text: string, records: FileRecord[]): FileRecord[] {
  const [only] = records;
  if (records.length !== 1 || only?.kind !== 'value' || !isObject(only.value)) return records;
  if (recogniseLayout([only.value]) !== null) return records;
  const lists = Object.entries(only.value).flatMap(([key, list]) => {
    if (!Array.isArray(list)) return [];
    const objects = list.filter(isObject);
    return objects.length === 0 ? [] : [{ key, known: recogniseLayout(objects) !== null }];
  });
  const known = lists.filter((list) => list.known);
  if (known.length > 1) {
    throw new InputError(
      `This file is one object with ${known.length} lists of rows in it: ${listed(known.map(({ key }) => `“${key}”`))}.`,
      'Save each list as a file of its own and choose the one that you need here.',
      { file, line: only.line },
    );
  }
  const list = known[0] ?? (lists.length === 1 ? lists[0] : undefined);
  return list === undefined ? records : splitListUnder(text, list.key);
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

/** The file as rationales. @throws InputError where it holds a dataset. */
export function asRationales(data: DataFile): RationalesFile {
  if (data.kind === 'rationales') return data;
  throw new InputError(
    'This file holds a dataset, not a teacher’s rationales.',
    'Choose a file of {rationale, label} rows here; rows that carry their own rationales need none.',
    { file: data.file },
  );
}

function readRows<Row extends object>(
  file: string,
  records: readonly FileRecord[],
  read: (value: JsonObject) => Reading<Row>,
): { rows: (Row & { row: number; line: number })[]; positions: number; refused: Refusal[] } {
  const rows: (Row & { row: number; line: number })[] = [];
  const refused: Refusal[] = [];
  let positions = 0;
  for (const record of records) {
    const { line } = record;
    if (record.kind === 'stray') {
      refused.push({ line, reason: record.reason });
      continue;
    }
    const row = positions;
    positions += 1;
    if (record.kind === 'refused') {
      refused.push({ line, reason: record.reason });
      continue;
    }
    const reading: Reading<Row> = isObject(record.value)
      ? read(record.value)
      : { ok: false, reason: `it is ${typeInWords(record.value)}, not an object with named columns` };
    if (reading.ok) rows.push({ row, line, ...reading.row });
    else refused.push({ line, reason: reading.reason });
  }
  const first = refused[0];
  if (rows.length === 0 && first !== undefined) {
    throw new InputError(
      `Every row was refused (${formatCount(positions)} in all); the first: ${first.reason}.`,
      'Mend the rows and choose the file again.',
      { file, line: first.line },
    );
  }
  return { rows, positions, refused };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutObjects(file: string, records: readonly FileRecord[]): InputError {
  const value = records.find((record) => record.kind === 'value');
  const remedy = `Choose a file of rows as ${shapes}.`;
  if (value !== undefined) {
    return new InputError(
      `There are no rows with named columns in this file: the first record is ${typeInWords(value.value)}.`,
      remedy,
      { file, line: value.line },
    );
  }
  const fault = records.find((record) => record.kind !== 'value');
  if (fault === undefined) return new InputError('The file holds no rows.', remedy, { file });
  return new InputError(`No row of this file can be read; the first: ${fault.reason}.`, remedy, {
    file,
    line: fault.line,
  });
}

function unknownLayout(file: string, example: JsonObject, records: readonly FileRecord[]): InputError {
  const keys = Object.keys(example);
  const named = keys.slice(0, keysNamed).map((key) => (key.length > 40 ? `${key.slice(0, 40)}…` : key));
  const more = keys.length > keysNamed ? ` and ${keys.length - keysNamed} more` : '';
  const found =
    keys.length === 0 ? 'Its first row has no columns at all' : `Its columns are ${named.join(', ')}${more}`;
  const nearest = nearestLayout(example);
  const hint =
    nearest === null
      ? ''
      : ` As ${nearest.layout.title} it lacks ${listed(nearest.missing.map((column) => `“${column}”`))}.`;
  return new InputError(
    `${found}, which is no known layout.${hint}`,
    `Rename or add columns, so that the rows are ${layoutsInWords()}.`,
    { file, line: records.find((record) => record.kind === 'value' && isObject(record.value))?.line },
  );
}
