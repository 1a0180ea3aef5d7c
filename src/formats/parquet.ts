/** Parquet files as records, a slice of rows at a time. hyparquet reads; what its input may ask for is bounded here. */
import {
  parquetMetadataAsync,
  parquetSchema,
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  type ParquetParsers,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet';
import { assembleNested } from 'hyparquet/src/assemble.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { classLabelsOf } from './class-labels.ts';
import { ColumnPages } from './parquet-pages.ts';
import { PlainValues } from './plain-value.ts';
import type { FileRecord, FormatNote } from './record.ts';

/** Rows that are built at once. */
const sliceRows = 20_000;
const maxRows = 50_000_000;
const damagedAdvice = 'Download or write it again.';

export interface ParquetTable {
  columns: string[];
  classLabels: Record<string, string[]> | null;
  rows: number;
  /** The rows in order; a record's line is its row's number, from 1. @throws InputError where the file is damaged. */
  slices(): AsyncGenerator<FileRecord[], void>;
  /** Whole after the last slice. */
  notes(): FormatNote[];
}

/** A file of which parts are read: a Blob, or one on a disk. */
export interface PartedFile {
  readonly size: number;
  slice(start: number, end?: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** Bytes in memory, or a file of which only parts are read. */
export type ByteSource = Uint8Array | PartedFile;

function bufferOf(source: ByteSource): AsyncBuffer {
  if (!(source instanceof Uint8Array))
    return { byteLength: source.size, slice: (start, end) => source.slice(start, end).arrayBuffer() };
  return {
    byteLength: source.length,
    // A copy: the slice of a Node Buffer is none.
    slice: (start, end) => new Uint8Array(source.subarray(start, end)).buffer,
  };
}

/**
 * Opens a Parquet file: its schema, and its rows to be read.
 * @throws InputError where it is cut, damaged, encrypted, or has no rows.
 */
export async function openParquet(file: string, source: ByteSource): Promise<ParquetTable> {
  const buffer = bufferOf(source);
  const tail = new TextDecoder('latin1').decode(await buffer.slice(Math.max(0, buffer.byteLength - 4)));
  if (tail === 'PARE')
    throw new InputError('This Parquet file is encrypted.', 'Write it without encryption.', { file });
  if (tail !== 'PAR1' || buffer.byteLength < 12) {
    throw new InputError(
      'This Parquet file is cut off: its end, which says what is in it, is missing.',
      damagedAdvice,
      {
        file,
      },
    );
  }
  const metadata = await parquetMetadataAsync(buffer).catch((error: unknown) => {
    throw damaged(file, error);
  });
  const { columns, rows, roots } = checked(file, metadata, buffer.byteLength);
  const values = new PlainValues();
  const single = new Set(roots.filter(isSingle).map(({ element }) => element.name));
  return {
    columns,
    rows,
    classLabels: classLabelsOf(metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value),
    notes: () => [...decimalNotes(roots), ...values.notes()],
    async *slices() {
      let line = 0;
      for (const group of metadata.row_groups) {
        for await (const cells of cellsOf(file, buffer, group, roots)) {
          const records: FileRecord[] = [];
          for (let at = 0; at < cells[0]!.length; at += 1) {
            const row = columns.map(
              (column, index) => [column, values.plain(cells[index]![at], single.has(column))] as const,
            );
            line += 1;
            // Not by assignment: a column may be called __proto__.
            records.push({ kind: 'value', line, value: Object.fromEntries(row) });
          }
          yield records;
        }
      }
    },
  };
}

/** The cells of a row group by column, some rows at a time. */
async function* cellsOf(
  file: string,
  buffer: AsyncBuffer,
  group: RowGroup,
  roots: readonly SchemaTree[],
): AsyncGenerator<unknown[][], void> {
  const rows = Number(group.num_rows);
  try {
    const pages = new Map(
      group.columns.map(({ meta_data: metadata }) => {
        const path = metadata!.path_in_schema;
        const column = { buffer, schemaPath: pathTo(roots, path), metadata: metadata!, rows, parsers };
        return [path.join('.'), new ColumnPages(column)] as const;
      }),
    );
    const parts = roots.map((root) => ({
      root,
      pages: leaves(root).map((leaf) => {
        const path = leaf.path.join('.');
        const column = pages.get(path);
        if (column === undefined) throw new Error(`the column ${path} is missing`);
        return [path, column] as const;
      }),
    }));
    for (let done = 0; done < rows;) {
      let count = Math.min(sliceRows, rows - done);
      for (const column of pages.values()) {
        while (column.ready < count && (await column.more()));
        count = Math.min(count, column.ready);
      }
      // A column that ends too soon would leave cells empty that are not.
      if (count === 0) throw new Error('a column has fewer rows than the others');
      done += count;
      yield parts.map((part) => cellsOfColumn(part, count));
    }
    if ([...pages.values()].some((column) => column.ready > 0)) throw new Error('a column has more rows');
  } catch (error) {
    throw damaged(file, error);
  }
}

/** The next cells of a column, whose lists and structures are put together from several. */
function cellsOfColumn(
  { root, pages }: { root: SchemaTree; pages: readonly (readonly [path: string, pages: ColumnPages])[] },
  count: number,
): unknown[] {
  if (root.children.length === 0) return pages[0]![1].take(count);
  const parts = new Map(pages.map(([path, column]) => [path, column.take(count) as DecodedArray]));
  assembleNested(parts, root, parsers);
  const cells = parts.get(root.element.name);
  if (cells?.length !== count) throw new Error('a column has fewer rows than its parts');
  return cells as unknown[];
}

/** From the root of the schema to a column, both included. */
function pathTo(roots: readonly SchemaTree[], path: readonly string[]): SchemaTree[] {
  const found: SchemaTree[] = [];
  let among = roots;
  for (const name of path) {
    const next = among.find(({ element }) => element.name === name);
    if (next === undefined) throw new Error(`the schema has no ${path.join('.')}`);
    found.push(next);
    among = next.children;
  }
  return [rootOf(roots), ...found];
}

/** What is above the columns. It has no levels. */
function rootOf(roots: readonly SchemaTree[]): SchemaTree {
  return {
    children: [...roots],
    count: roots.length,
    element: { name: 'root', repetition_type: 'REQUIRED' },
    path: [],
  };
}

/** The schema and counts, where they can be true. */
function checked(
  file: string,
  metadata: FileMetaData,
  sizeBytes: number,
): { columns: string[]; rows: number; roots: SchemaTree[] } {
  let roots: SchemaTree[];
  let rows: number;
  let summed = 0;
  try {
    roots = parquetSchema(metadata).children;
    rows = Number(metadata.num_rows);
    for (const { num_rows, columns } of metadata.row_groups) {
      summed += Number(num_rows);
      for (const { meta_data, file_path } of columns) {
        if (meta_data === undefined || file_path !== undefined) throw new Error('columns lie in other files');
        const { data_page_offset, total_compressed_size, dictionary_page_offset } = meta_data;
        const offset = dictionary_page_offset ?? data_page_offset;
        if (offset < 0n || Number(offset) + Number(total_compressed_size) > sizeBytes)
          throw new Error('a column lies behind the end');
      }
    }
  } catch (error) {
    throw damaged(file, error);
  }
  if (summed !== rows || !(rows >= 0)) throw damaged(file, null);
  if (rows === 0) throw new InputError('This Parquet file has no rows.', 'Choose one with rows.', { file });
  if (rows > maxRows) {
    throw new InputError(
      `This Parquet file says that it has ${formatCount(rows)} rows, more than are read here.`,
      'Write a part of it as its own file.',
      { file },
    );
  }
  const columns = roots.map(({ element }) => element.name);
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined) {
    throw new InputError(
      `Two columns of this Parquet file are called “${twice}”.`,
      'Give each its own name.',
      { file },
    );
  }
  const deep = roots.flatMap((root) => root.children).find(hasProtoKey);
  if (deep !== undefined) {
    throw new InputError('A field of this Parquet file is called “__proto__”.', 'Give it another name.', {
      file,
    });
  }
  return { columns, rows, roots };
}

function hasProtoKey({ element, children }: SchemaTree): boolean {
  return element.name === '__proto__' || children.some(hasProtoKey);
}

/** Text, or the bytes where they are none: nothing becomes U+FFFD. */
function stringFromBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return strict.decode(bytes);
  } catch {
    return bytes;
  }
}
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const parsers: ParquetParsers = { ...DEFAULT_PARSERS, stringFromBytes };

/** Whether all fractions below have single precision. */
function isSingle(root: SchemaTree): boolean {
  const types = leaves(root).map(({ element }) => element.type);
  return types.includes('FLOAT') && !types.includes('DOUBLE');
}

function leaves(tree: SchemaTree): SchemaTree[] {
  return tree.children.length === 0 ? [tree] : tree.children.flatMap(leaves);
}

function decimalNotes(roots: readonly SchemaTree[]): FormatNote[] {
  const long = roots.filter(
    ({ element }) => element.converted_type === 'DECIMAL' && (element.precision ?? 0) > 15,
  );
  return long.map(({ element }) => ({
    kind: 'decimals-rounded',
    text: `Decimals of “${element.name}” with more than 15 digits were rounded.`,
  }));
}

function damaged(file: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const unsupported = error instanceof Error ? /(?:unsupported|not supported).*/.exec(error.message) : null;
  if (unsupported !== null)
    return new InputError(
      'This Parquet file is written in a way that is not read here.',
      'Write it again with pyarrow’s defaults.',
      { file },
    );
  return new InputError(
    'This Parquet file is damaged: what it says of itself does not fit what it holds.',
    damagedAdvice,
    { file },
  );
}
