/** A large file's rows, some at a time, with all that is said of it at the end. */
import type { FileHead } from './file-head.ts';
import { HeadCount } from './file-head.ts';
import type { FileRecord } from '../formats/record.ts';
import type { ColumnMap } from './column-map.ts';
import { isObject } from './layouts/cells.ts';
import type { Note } from './notes.ts';
import {
  beginReading,
  UnknownLayoutError,
  withRows,
  type DataFile,
  type ExampleRow,
  type RationaleRow,
  type ReadOptions,
} from './read-file.ts';
import type { RecordStream } from './record-stream.ts';

/** Rows, and how far they are in the file. */
export interface RowSlice {
  kind: DataFile['kind'];
  rows: (ExampleRow | RationaleRow)[];
  doneBytes: number;
  /** Of all rows so far. */
  count: number;
}

/** What was read of a file, without its rows. */
export interface StreamedFile {
  /** Its `rows` are empty. Null where nobody knows its columns. */
  data: DataFile | null;
  /** Why nobody does; null where somebody does. */
  unread: string | null;
  /** The map that it was read by. */
  map: ColumnMap | null;
  head: FileHead | null;
  /** Rows that were read. */
  count: number;
  refusedCount: number;
}

/** Refusals that are held of a large file. */
const refusalsKept = 1000;

/** @param mapOf Which map a file of these columns is read by; null for none. */
export async function* streamRows(
  stream: RecordStream,
  mapOf: (head: FileHead) => ColumnMap | null,
  options: Omit<ReadOptions, 'map'> = {},
): AsyncGenerator<RowSlice, StreamedFile> {
  const { file, kind, packed, first, classLabels } = stream;
  const container = packed === null ? kind : `${kind} in ${packed}`;
  const head = new HeadCount();
  const firstHead = headOfRecords(first);
  const map = firstHead === null ? null : mapOf(firstHead);
  const begun = begin(stream, firstHead !== null, { refusalsKept, ...options, map });
  for await (const { records, doneBytes } of stream.slices()) {
    const rows: (ExampleRow | RationaleRow)[] = [];
    for (const record of records) {
      if (record.kind === 'value' && isObject(record.value)) head.add(record.value);
      const row = begun instanceof UnknownLayoutError ? null : begun.rows.next(record);
      if (row !== null) rows.push(row);
    }
    const known = begun instanceof UnknownLayoutError ? null : begun;
    yield { kind: known?.kind ?? 'dataset', rows, doneBytes, count: known?.rows.count ?? 0 };
  }
  const seen = { map, head: head.head() };
  if (begun instanceof UnknownLayoutError)
    return { ...seen, data: null, unread: begun.problem, count: 0, refusedCount: 0 };
  const { positions, refused, refusedCount, count } = begun.rows;
  const notes = [...stream.notes().map(({ kind, text }): Note => ({ kind, count: 1, rows: [], text }))];
  notes.push(...begun.rows.notes());
  const read = { file, container, because: begun.because, positions, refused, notes };
  return { ...seen, data: withRows(begun, read, []), unread: null, count, refusedCount };

  function begin({ file: name }: RecordStream, hasColumns: boolean, how: ReadOptions) {
    try {
      return beginReading(name, first, classLabels, how);
    } catch (error) {
      if (error instanceof UnknownLayoutError && hasColumns) return error;
      throw error;
    }
  }
}

/**
 * A large file with all its rows in memory, whose text never was.
 * @throws InputError as `readContainer` does.
 */
export async function readStream(stream: RecordStream, options: ReadOptions): Promise<DataFile> {
  const { map = null, ...others } = options;
  // Whose columns nobody knows is told before the file is read.
  beginReading(stream.file, stream.first, stream.classLabels, options);
  const rows: (ExampleRow | RationaleRow)[] = [];
  const reading = streamRows(stream, () => map, { refusalsKept: Infinity, ...others });
  for (;;) {
    const next = await reading.next();
    if (next.done) return { ...next.value.data, rows } as DataFile;
    for (const row of next.value.rows) rows.push(row);
  }
}

function headOfRecords(records: readonly FileRecord[]): FileHead | null {
  const count = new HeadCount();
  for (const record of records)
    if (record.kind === 'value' && isObject(record.value)) count.add(record.value);
  return count.head();
}
