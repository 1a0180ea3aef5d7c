/**
 * A large file as records, some at a time, so that no more than a few megabytes of it are held: JSON Lines, JSON arrays,
 * CSV and its kin, Parquet. The records are those that `openContainers` gives.
 */
import { bytesOf, firstBytes, pieceBytes, type ByteStream } from '../formats/byte-stream.ts';
import { detectDialect } from '../formats/csv-dialect.ts';
import { CsvRecordReader } from '../formats/csv-records.ts';
import { detectEncoding, TextStream } from '../formats/encoding.ts';
import { JsonArrayReader } from '../formats/json-array.ts';
import { JsonLinesReader } from '../formats/json-lines.ts';
import { isListPerLine } from '../formats/json-records.ts';
import { byteOrderMark } from '../formats/json-value.ts';
import { kindOf, kindProbeBytes, refuseOtherText } from '../formats/kind.ts';
import { openParquet, type PartedFile } from '../formats/parquet.ts';
import { numberNotes } from '../formats/plain-value.ts';
import type { ContainerKind, FileRecord, FormatNote } from '../formats/record.ts';
import { unpackedFile } from '../formats/unpack.ts';
import { isUsualName } from './column-names.ts';
import { dialectCharacters, isJson, type Container, type OpenOptions } from './containers.ts';
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
  packed: Container['packed'];
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
/** Records of the start by which a layout is recognised: the voters, with room for what is refused between them. */
const firstRecords = 4 * voters;

/**
 * A file's records as a stream; null where it has to be read as a whole: it is an archive, one JSON object, objects over
 * several lines, in a Markdown fence, a teacher's completions, Parquet or Arrow that is packed, or no rows at all.
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
  const head = new Uint8Array(await blob.slice(0, kindProbeBytes).arrayBuffer());
  const kind = kindOf(file, head);
  switch (kind) {
    case 'parquet':
      return withFirst(await parquetStream(file, blob));
    case 'text':
      return openByteStream(file, bytesOf(file, blob), null, options);
    case 'gzip':
    case 'zstd':
      return openByteStream(file, unpackedFile(file, kind, blob), kind, options);
    case 'zip':
    case 'arrow':
      return null;
    default:
      return kind satisfies never;
  }
}

/** As `openStream`, of bytes that may have been unpacked. */
export async function openByteStream(
  file: string,
  bytes: ByteStream,
  packed: Container['packed'],
  options: OpenOptions,
): Promise<RecordStream | null> {
  const head = await firstBytes(bytes, pieceBytes);
  if (kindOf(file, head.bytes.subarray(0, kindProbeBytes)) !== 'text') return null;
  const stream = textStream(file, bytes, head, options);
  return stream === null ? null : withFirst({ ...stream, packed });
}

type Opened = Omit<RecordStream, 'first'>;

async function withFirst(stream: Opened): Promise<RecordStream | null> {
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

async function parquetStream(file: string, blob: PartedFile): Promise<Opened> {
  const table = await openParquet(file, blob);
  return {
    file,
    kind: 'parquet',
    packed: null,
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

/** Reads texts as they come. */
interface RecordReader {
  next(text: string, final: boolean): FileRecord[];
}

function textStream(
  file: string,
  source: ByteStream,
  head: { bytes: Uint8Array; isAll: boolean },
  options: OpenOptions,
): Omit<Opened, 'packed'> | null {
  const { encoding, markBytes, note } = detectEncoding(file, head.bytes, options.encoding);
  // What cannot be decoded is told with its line when it is read.
  const start = new TextDecoder(encoding).decode(head.bytes.subarray(markBytes), { stream: true });
  if (start.slice(0, kindProbeBytes).trim() === '' || /^\s*```/.test(start)) return null;
  refuseOtherText(file, start.slice(0, kindProbeBytes), false);
  const { sizeBytes } = source;
  const shared = { file, sizeBytes, classLabels: new Map<string, string[]>() };
  const own = note === null ? [] : [note];
  async function* slicesBy(reader: RecordReader): AsyncGenerator<RecordSlice, void> {
    const decoder = new TextStream(file, encoding);
    let skip = markBytes;
    for await (const { bytes, doneBytes } of source.chunks()) {
      const left = bytes.subarray(skip);
      skip -= bytes.length - left.length;
      if (left.length > 0) yield { records: reader.next(decoder.next(left), false), doneBytes };
    }
    yield { records: reader.next(decoder.next(), true), doneBytes: sizeBytes };
  }
  if (options.separator === undefined && isJson(start)) {
    const kind = isArray(start) ? 'json' : 'jsonl';
    if (kind === 'jsonl' && !isJsonLines(start, head.isAll)) return null;
    let found = { longIntegers: 0, notNumbers: 0 };
    return {
      ...shared,
      kind,
      notes: () => [...own, ...numberNotes(found.longIntegers, found.notNumbers)],
      slices() {
        found = { longIntegers: 0, notNumbers: 0 };
        return slicesBy(kind === 'json' ? new JsonArrayReader(file, found) : new JsonLinesReader(found));
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
    slices() {
      reader = new CsvRecordReader(file, dialect);
      return slicesBy(reader);
    },
  };
}

/** Whether the text is one array, whose lines can be told by line feeds. */
function isArray(start: string): boolean {
  const text = start.startsWith(byteOrderMark) ? start.slice(1) : start;
  const first = text.search(/[^ \t\r\n]/);
  if (text[first] !== '[' || isListPerLine(text, first)) return false;
  return text.includes('\n') || !text.includes('\r');
}

/** Whether the first line is a whole object and another line follows it. */
function isJsonLines(start: string, isAll: boolean): boolean {
  const lines = start.split('\n', firstRecords);
  const read = (isAll ? lines : lines.slice(0, -1)).join('\n');
  const [first, second] = new JsonLinesReader({ longIntegers: 0, notNumbers: 0 }).next(read, true);
  return first?.kind === 'value' && isObject(first.value) && second !== undefined;
}
