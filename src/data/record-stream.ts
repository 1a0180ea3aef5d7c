/**
 * A large file as records, some at a time, so that no more than a few megabytes of it are held: JSON Lines, CSV and its
 * kin, Parquet. The records are those that `openContainers` gives.
 */
import { InputError } from '../base/errors.ts';
import { detectDialect } from '../formats/csv-dialect.ts';
import { CsvRecordReader } from '../formats/csv-records.ts';
import { detectEncoding, TextStream } from '../formats/encoding.ts';
import { JsonLinesReader } from '../formats/json-records.ts';
import { kindOf, kindProbeBytes, refuseOtherText } from '../formats/kind.ts';
import { openParquet, type PartedFile } from '../formats/parquet.ts';
import { numberNotes } from '../formats/plain-value.ts';
import type { ContainerKind, FileRecord, FormatNote } from '../formats/record.ts';
import { isUsualName } from './column-names.ts';
import { dialectCharacters, isJson, type OpenOptions } from './containers.ts';
import { voters } from './layouts.ts';
import { isObject } from './layouts/cells.ts';

export interface RecordSlice {
  records: FileRecord[];
  /** Of the file, with these records; of Parquet, in proportion to its rows. */
  doneBytes: number;
}

export interface RecordStream {
  file: string;
  kind: ContainerKind;
  /** Names of columns' classes, as in `Container`. */
  classLabels: ReadonlyMap<string, readonly string[]>;
  sizeBytes: number;
  /** As many as show the layout. */
  first: FileRecord[];
  /** All, from the first on, each time that it is asked. @throws InputError where the file is damaged. */
  slices(): AsyncGenerator<RecordSlice, void>;
  /** Whole after the last slice. */
  notes(): FormatNote[];
}

/** Smaller files are read as a whole. */
export const streamedFromBytes = 16 * 2 ** 20;
/** Bytes that are read at once. */
const pieceBytes = 2 ** 20;
/** Records of the start by which a layout is recognised: the voters, with room for what is refused between them. */
const firstRecords = 4 * voters;

/**
 * A file's records as a stream; null where it has to be read as a whole: it is packed, an array, objects over several
 * lines, in a Markdown fence, or no rows at all.
 *
 * @param file What people call the file.
 * @throws InputError which says what the file is, and what to do, where it has no records.
 * @throws EncodingError where it is text in an encoding that has to be asked for.
 */
export async function openStream(
  file: string,
  blob: PartedFile,
  options: OpenOptions = {},
): Promise<RecordStream | null> {
  const head = new Uint8Array(await blob.slice(0, pieceBytes).arrayBuffer());
  const kind = kindOf(file, head.subarray(0, kindProbeBytes));
  const stream =
    kind === 'parquet'
      ? await parquetStream(file, blob)
      : kind === 'text'
        ? textStream(file, blob, head, options)
        : null;
  if (stream === null) return null;
  const first: FileRecord[] = [];
  for await (const { records } of stream.slices()) {
    first.push(...records.slice(0, firstRecords - first.length));
    if (first.length === firstRecords) break;
  }
  // Texts are a teacher's completions as they came, one value may hold all rows: both are read as a whole.
  const values = first.filter((record) => record.kind === 'value').slice(0, voters);
  if (first.length < 2 || values.filter(({ value }) => isObject(value)).length * 2 < values.length)
    return null;
  return { ...stream, first };
}

type Opened = Omit<RecordStream, 'first'>;

async function parquetStream(file: string, blob: PartedFile): Promise<Opened> {
  const table = await openParquet(file, blob);
  return {
    file,
    kind: 'parquet',
    sizeBytes: blob.size,
    notes: () => table.notes(),
    classLabels: new Map(Object.entries(table.classLabels ?? {})),
    async *slices() {
      let rows = 0;
      for await (const records of table.slices()) {
        rows += records.length;
        yield { records, doneBytes: Math.round((blob.size * rows) / table.rows) };
      }
    },
  };
}

function textStream(file: string, blob: PartedFile, head: Uint8Array, options: OpenOptions): Opened | null {
  const { encoding, markBytes, note } = detectEncoding(file, head, options.encoding);
  // What cannot be decoded is told with its line when it is read.
  const start = new TextDecoder(encoding).decode(head.subarray(markBytes), { stream: true });
  if (start.slice(0, kindProbeBytes).trim() === '' || /^\s*```/.test(start)) return null;
  refuseOtherText(file, start.slice(0, kindProbeBytes), false);
  const shared = { file, sizeBytes: blob.size, classLabels: new Map<string, string[]>() };
  const own = note === null ? [] : [note];
  if (options.separator === undefined && isJson(start)) {
    if (!isJsonLines(start, head.length === blob.size)) return null;
    let found = { longIntegers: 0, notNumbers: 0 };
    return {
      ...shared,
      kind: 'jsonl',
      notes: () => [...own, ...numberNotes(found.longIntegers, found.notNumbers)],
      async *slices() {
        found = { longIntegers: 0, notNumbers: 0 };
        const reader = new JsonLinesReader(found);
        for await (const { text, final, doneBytes } of textOf(file, blob, encoding, markBytes))
          yield { records: reader.next(text, final), doneBytes };
      },
    };
  }
  const dialect = detectDialect(file, start.slice(0, dialectCharacters), false, isUsualName, options);
  if (dialect === null) return null;
  let reader = new CsvRecordReader(file, dialect);
  return {
    ...shared,
    kind: dialect.separator === '\t' ? 'tsv' : 'csv',
    notes: () => [...own, ...dialect.notes, ...reader.notes()],
    async *slices() {
      reader = new CsvRecordReader(file, dialect);
      for await (const { text, final, doneBytes } of textOf(file, blob, encoding, markBytes))
        yield { records: reader.next(text, final), doneBytes };
    },
  };
}

/** Whether the first line is a whole object and another line follows it. */
function isJsonLines(start: string, whole: boolean): boolean {
  const lines = start.split('\n', firstRecords);
  const read = (whole ? lines : lines.slice(0, -1)).join('\n');
  const [first, second] = new JsonLinesReader({ longIntegers: 0, notNumbers: 0 }).next(read, true);
  return first?.kind === 'value' && isObject(first.value) && second !== undefined;
}

async function* textOf(
  file: string,
  blob: PartedFile,
  encoding: string,
  markBytes: number,
): AsyncGenerator<{ text: string; final: boolean; doneBytes: number }, void> {
  const decoder = new TextStream(file, encoding);
  for (let at = markBytes; at < blob.size; at += pieceBytes) {
    const end = Math.min(at + pieceBytes, blob.size);
    const bytes = new Uint8Array(await readSlice(file, blob, at, end));
    const final = end === blob.size;
    yield { text: decoder.next(bytes) + (final ? decoder.next() : ''), final, doneBytes: end };
  }
}

/** @throws InputError where the file cannot be read any more: it was changed, moved or taken away. */
async function readSlice(file: string, blob: PartedFile, start: number, end: number): Promise<ArrayBuffer> {
  try {
    const bytes = await blob.slice(start, end).arrayBuffer();
    if (bytes.byteLength === end - start) return bytes;
  } catch {
    // As below.
  }
  throw new InputError(
    'This file changed or cannot be read any more.',
    'Choose it again, and leave it as it is until it has been read.',
    { file },
  );
}
