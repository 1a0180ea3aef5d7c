/** Opens a dropped or named file: which container it is, by its bytes, and the records in it. No record is understood here. */
import { InputError } from '../base/errors.ts';
import { readArrow } from '../formats/arrow.ts';
import { detectDialect, type AskedDialect } from '../formats/csv-dialect.ts';
import { CsvRecordReader } from '../formats/csv-records.ts';
import { detectEncoding, TextStream } from '../formats/encoding.ts';
import { splitRecords } from '../formats/json-records.ts';
import { kindOf, NoDataError, refuseOtherText } from '../formats/kind.ts';
import { openParquet } from '../formats/parquet.ts';
import { numberNotes } from '../formats/plain-value.ts';
import type { ContainerKind, FileRecord, FormatNote } from '../formats/record.ts';
import { gunzip, UnpackedCount, unzstd } from '../formats/unpack.ts';
import { zipEntries } from '../formats/zip-entries.ts';
import { isUsualName } from './column-names.ts';
import { typeInWords } from './words.ts';

export interface Container {
  /** As people are told it; within an archive with the archive before it: `data.zip/train.csv`. */
  file: string;
  kind: ContainerKind;
  packed: 'gzip' | 'zstd' | 'zip' | null;
  /** The text's encoding by its WHATWG label; null where the container is no text. */
  encoding: string | null;
  /** Where the container itself names columns (the head of a CSV, a schema), their names in order. */
  columns: string[] | null;
  /**
   * Names of a column's classes, by column, where the file says them: the number n in a row means the nth name, from 0.
   * What counts as no label there (-1) is a number without a name.
   */
  classLabels?: Record<string, string[]>;
  /** In order. `line` is the line of a text file, or the number of the row, from 1. */
  records: FileRecord[];
  notes: FormatNote[];
  /** The text, kept where it is one JSON object: a list inside can be split with its lines (`splitListUnder`). */
  text: string | null;
}

export interface OpenOptions extends AskedDialect {
  /** The encoding of texts that carry no byte order mark. */
  encoding?: string;
}

/** Files in files: a zip of gzipped files, and no deeper. */
const maxDepth = 2;
/** What the text of one file may have: a JavaScript string holds little more. */
const maxTextBytes = 2 ** 29 - 2 ** 20;
/** As much of a CSV as shows how it is written. */
export const dialectCharacters = 2 ** 18;
/** Parts of a text that CSV is read in. */
const stepCharacters = 2 ** 20;

/**
 * Opens a file by what is in it, never by its name. A file that holds several (a zip) gives several.
 *
 * @param file What people call the file.
 * @throws InputError which says what the file is, and what to do, where it has no records.
 * @throws EncodingError where it is text in an encoding that has to be asked for.
 */
export async function openContainers(
  file: string,
  content: Uint8Array | Blob,
  options: OpenOptions = {},
): Promise<Container[]> {
  const bytes = content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content;
  return open(file, bytes, options, null, new UnpackedCount(file, bytes.length), 0);
}

async function open(
  file: string,
  bytes: Uint8Array,
  options: OpenOptions,
  packed: Container['packed'],
  count: UnpackedCount,
  depth: number,
): Promise<Container[]> {
  const kind = kindOf(file, bytes);
  if (depth > maxDepth) {
    throw new InputError(
      'This lies in an archive in an archive in an archive.',
      'Unpack it and choose the files inside.',
      {
        file,
      },
    );
  }
  switch (kind) {
    case 'gzip':
      return open(file, gunzip(file, bytes, count), options, packed ?? 'gzip', count, depth + 1);
    case 'zstd':
      return open(file, unzstd(file, bytes, count), options, packed ?? 'zstd', count, depth + 1);
    case 'zip':
      return openZip(file, bytes, options, packed, count, depth);
    case 'parquet': {
      const table = await openParquet(file, bytes);
      const records: FileRecord[] = [];
      for await (const slice of table.slices()) for (const record of slice) records.push(record);
      const { columns, classLabels } = table;
      return [binary(file, 'parquet', packed, columns, classLabels, records, table.notes())];
    }
    case 'arrow': {
      const { columns, classLabels, records, notes } = readArrow(file, bytes);
      return [binary(file, 'arrow', packed, columns, classLabels, records, notes)];
    }
    case 'text':
      return [openText(file, bytes, options, packed)];
    default:
      return kind satisfies never;
  }
}

function binary(
  file: string,
  kind: ContainerKind,
  packed: Container['packed'],
  columns: string[],
  classLabels: Record<string, string[]> | null,
  records: FileRecord[],
  notes: FormatNote[],
): Container {
  const named = classLabels === null ? {} : { classLabels };
  return { file, kind, packed, encoding: null, columns, ...named, records, notes, text: null };
}

/** The files of a zip. What is no data (a README, a picture) is left out and said; what is damaged is an error. */
async function openZip(
  file: string,
  bytes: Uint8Array,
  options: OpenOptions,
  packed: Container['packed'],
  count: UnpackedCount,
  depth: number,
): Promise<Container[]> {
  const containers: Container[] = [];
  const left: NoDataError[] = [];
  for (const entry of zipEntries(file, bytes, count)) {
    try {
      const inner = `${file}/${entry.path}`;
      containers.push(...(await open(inner, entry.read(), options, packed ?? 'zip', count, depth + 1)));
    } catch (error) {
      if (!(error instanceof NoDataError)) throw error;
      left.push(error);
    }
  }
  const [first] = containers;
  if (first === undefined) {
    if (left.length === 1) throw left[0]!;
    const names = left.map((error) => error.file ?? '').slice(0, 5);
    throw new NoDataError(
      left.length === 0 ? 'This zip holds no files.' : `No file in this zip holds rows: ${names.join(', ')}.`,
      'Choose the file with the rows.',
      { file },
    );
  }
  first.notes.push(...leftOut(left));
  return containers;
}

/** What is said of an archive's files that hold no rows. */
export function leftOut(errors: readonly NoDataError[]): FormatNote[] {
  // The problem begins with the file's name.
  return errors.map(({ problem }) => ({ kind: 'left-out', text: `Left out: ${problem}` }));
}

function openText(
  file: string,
  bytes: Uint8Array,
  options: OpenOptions,
  packed: Container['packed'],
): Container {
  if (bytes.length > maxTextBytes) {
    throw new InputError(
      'This text is larger than 536 MB, more than is read at once.',
      'Split it into several files, or save it as Parquet.',
      { file },
    );
  }
  const { encoding, markBytes, note } = detectEncoding(file, bytes, options.encoding);
  const decoder = new TextStream(file, encoding);
  const start = lenientStart(bytes.subarray(markBytes), encoding);
  refuseOtherText(file, start, start.length === 0 || bytes.length <= 4096);
  const decoded = decoder.next(bytes.subarray(markBytes)) + decoder.next();
  refuseOtherText(file, decoded.slice(0, 4096).trim() === '' ? decoded : decoded.slice(0, 4096), true);
  const notes = note === null ? [] : [note];
  const { text, fenced } = withoutFence(decoded);
  if (fenced)
    notes.push({
      kind: 'markdown-fence',
      text: 'The rows were in a Markdown fence (```), which was left out.',
    });
  const shared = { file, packed, encoding, notes };
  const looksJson = options.separator === undefined && isJson(text);
  if (looksJson) {
    const json = readJson(text);
    if (json.records.some(({ kind }) => kind === 'value'))
      return { ...shared, ...json, notes: [...notes, ...json.notes] };
    // What begins as JSON alone does is told in JSON's words; a cell of other tables may begin with a bracket.
    if (beginsAsJson.test(text)) return { ...shared, ...json };
  }
  const csv = readCsv(file, text, options);
  if (csv !== null) {
    if (csv.records.length === 0)
      throw new InputError('This table has a head and no rows.', 'Choose a file with rows.', { file });
    return { ...shared, ...csv, notes: [...notes, ...csv.notes] };
  }
  refuseOneValue(file, text);
  throw new NoDataError(
    'This is text, but neither JSON nor a table: no separator (comma, semicolon, tab, bar) gives its lines the same number of cells.',
    'Save the rows as CSV with a first line that names the columns, or as JSON Lines, one object on each line.',
    { file },
  );
}

/** An object with its first name, whichever quotes are around it, or a list with its first entry. */
const beginsAsJson = /^\s*(?:\{\s*(?:["'“”}]|\w+\s*:|$)|\[\s*(?:["'“”{[\]]|$))/;

/** @throws NoDataError where the text is JSON all the same: a number, say. */
function refuseOneValue(file: string, text: string): void {
  if (!/^\s*(?:["\d-]|null|true|false)/.test(text)) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  throw new NoDataError(
    `This is JSON, but it is ${typeInWords(value)}, not rows.`,
    'Choose a file of rows as JSON Lines (one object on each line) or one JSON array of objects.',
    { file },
  );
}

/** The first characters, for a look: what cannot be decoded is told later, with its line. */
function lenientStart(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes.subarray(0, 4096), { stream: true });
}

/** Whether lines begin as JSON's objects and lists do: the first, or most of the first fifty. */
export function isJson(text: string): boolean {
  if (/^\s*[{[]/.test(text)) return true;
  const lines = text
    .slice(0, dialectCharacters)
    .split('\n', 51)
    .filter((line) => line.trim() !== '');
  const like = lines.filter((line) => /^\s*\{\s*["'}]/.test(line)).length;
  return like > 0 && like >= (lines.length - 1) / 2;
}

/** Rows that are in a Markdown fence, with an empty line in place of it, so that lines stay. */
function withoutFence(text: string): { text: string; fenced: boolean } {
  const open = /^\s*```\w*[ \t]*(?=\r?\n)/.exec(text);
  if (open === null) return { text, fenced: false };
  const blank = open[0].replace(/[^\r\n]/g, '');
  return { text: blank + text.slice(open[0].length).replace(/\r?\n\s*```\s*$/, '\n'), fenced: true };
}

type Read = Pick<Container, 'kind' | 'columns' | 'records' | 'notes' | 'text'>;

function readJson(text: string): Read {
  const found = { longIntegers: 0, notNumbers: 0 };
  const records = splitRecords(text, found);
  const [first, second] = records;
  const lines = second !== undefined && second.line > first!.line && !/^\s*\[/.test(text);
  return {
    kind: lines ? 'jsonl' : 'json',
    columns: null,
    records,
    notes: numberNotes(found.longIntegers, found.notNumbers),
    text: second === undefined && first?.kind === 'value' ? text : null,
  };
}

function readCsv(file: string, text: string, options: OpenOptions): (Read & { columns: string[] }) | null {
  const whole = text.length <= dialectCharacters;
  const dialect = detectDialect(
    file,
    whole ? text : text.slice(0, dialectCharacters),
    whole,
    isUsualName,
    options,
  );
  if (dialect === null) return null;
  const reader = new CsvRecordReader(file, dialect);
  const records: FileRecord[] = [];
  for (let at = 0; at < text.length; at += stepCharacters) {
    const final = at + stepCharacters >= text.length;
    for (const record of reader.next(text.slice(at, at + stepCharacters), final)) records.push(record);
  }
  const { columns, notes, separator } = dialect;
  return {
    kind: separator === '\t' ? 'tsv' : 'csv',
    columns,
    records,
    notes: [...notes, ...reader.notes()],
    text: null,
  };
}
