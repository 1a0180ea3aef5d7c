/**
 * A Parquet column, page by page, so that no more than a page of it is in memory. hyparquet decodes; what a page says of
 * itself is held to its bytes before, since its decoder trusts counts: a damaged one would make it run for hours.
 */
import { readPage, parquetHeader } from 'hyparquet/src/column.js';
import { convert } from 'hyparquet/src/convert.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import type { AsyncBuffer, ColumnMetaData, DecodedArray, PageHeader, SchemaTree } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { joined } from '../base/bytes.ts';
import { unzstdFrame } from './zstd-frame.ts';

type ColumnDecoder = Parameters<typeof readPage>[2];
type DataReader = Parameters<typeof readVarInt>[0];

/** A page is a megabyte as a rule. */
const maxPageBytes = 2 ** 28;
/** Values of lists in one page. */
const maxPageValues = 2 ** 24;
/** Read at once; pages are cut out of it. */
const windowBytes = 2 ** 20;
/** A header holds the smallest and the largest value, which may be long. */
const maxHeaderBytes = 2 ** 26;
/** Values that a run may hold beyond those of its page: eight are packed together, and writers round up. */
const roundedUp = 512;

/** What of a column is needed to read it. */
export interface Column {
  buffer: AsyncBuffer;
  schemaPath: SchemaTree[];
  metadata: ColumnMetaData;
  /** Rows of the row group. */
  rows: number;
  parsers: ColumnDecoder['parsers'];
}

/** Reads a column of one row group. Errors are the library's or plain ones: the file is damaged. */
export class ColumnPages {
  readonly #column: Column;
  readonly #decoder: ColumnDecoder;
  readonly #end: number;
  readonly #repeats: boolean;
  #offset: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #dictionary: DecodedArray | undefined;
  /** Of a column of lists: the last row, which the next page may continue with. */
  #open: unknown[] | undefined;
  #values = 0;
  #rows: unknown[] = [];

  constructor(column: Column) {
    const { schemaPath, metadata, parsers } = column;
    const { dictionary_page_offset: dictionary, data_page_offset: data } = metadata;
    this.#column = column;
    this.#offset = Number(
      dictionary !== undefined && dictionary > 0n && dictionary < data ? dictionary : data,
    );
    this.#end = this.#offset + Number(metadata.total_compressed_size);
    this.#repeats = getMaxRepetitionLevel(schemaPath) > 0;
    this.#decoder = {
      pathInSchema: metadata.path_in_schema,
      type: metadata.type,
      element: schemaPath.at(-1)!.element,
      schemaPath,
      codec: 'UNCOMPRESSED',
      parsers,
    };
  }

  /** Rows that were read and not taken. */
  get ready(): number {
    return this.#rows.length;
  }

  take(count: number): unknown[] {
    return this.#rows.splice(0, count);
  }

  /** Reads a page; false where the column ends. */
  async more(): Promise<boolean> {
    // A last byte alone is padding.
    if (this.#offset >= this.#end - 1 || (!this.#repeats && this.#values >= this.#column.rows)) {
      if (this.#open === undefined) return false;
      this.#rows.push(...this.#open);
      this.#open = undefined;
      return true;
    }
    const header = await this.#header();
    const size = header.compressed_page_size;
    if (!isCount(size) || this.#offset + size > this.#end) throw new Error('a page ends behind its column');
    const packed = (await this.#bytes(size)).subarray(0, size);
    this.#offset += size;
    switch (header.type) {
      case 'DICTIONARY_PAGE': {
        const body = this.#unpacked(packed, header.uncompressed_page_size);
        const count = header.dictionary_page_header?.num_values ?? -1;
        if (!isCount(count) || count > body.length) throw new Error('a dictionary says too many values');
        const { data } = readPage(
          readerOf(body),
          plain(header, body),
          this.#decoder,
          undefined,
          undefined,
          0,
        );
        if (data !== undefined) this.#dictionary = convert(data, this.#decoder);
        return true;
      }
      case 'DATA_PAGE':
      case 'DATA_PAGE_V2':
        this.#read(header, packed);
        return true;
      // An index within the column: nobody writes it.
      default:
        return true;
    }
  }

  #read(header: PageHeader, packed: Uint8Array): void {
    const { data_page_header: first, data_page_header_v2: second } = header;
    const page = header.type === 'DATA_PAGE' ? first : second;
    if (page === undefined) throw new Error('a page has no header');
    const count = page.num_values;
    const left = this.#repeats
      ? Math.min(maxPageValues, Number(this.#column.metadata.num_values) - this.#values)
      : this.#column.rows - this.#values;
    if (!isCount(count) || count > left) throw new Error('a page says too many values');
    if (count === 0) return;
    this.#values += count;
    const body = header.type === 'DATA_PAGE' ? this.#first(header, packed) : this.#second(header, packed);
    const plainHeader = plain(header, body);
    const { data } = readPage(
      readerOf(body),
      plainHeader,
      this.#decoder,
      this.#dictionary,
      this.#open as DecodedArray | undefined,
      0,
    );
    if (data === undefined) throw new Error('a page has no values');
    if (!this.#repeats) {
      if (data.length !== count) throw new Error('a page has other rows than it says');
      for (const value of data) this.#rows.push(value);
      return;
    }
    const rows = data as unknown[];
    for (let at = 0; at < rows.length - 1; at += 1) this.#rows.push(rows[at]);
    this.#open = rows.slice(-1);
  }

  /** A page of version 1: levels and values are packed together. */
  #first(header: PageHeader, packed: Uint8Array): Uint8Array {
    const body = this.#unpacked(packed, header.uncompressed_page_size);
    const { num_values: count, encoding } = header.data_page_header!;
    const view = viewOf(body);
    let at = 0;
    for (const width of this.#levelWidths()) {
      const length = view.getUint32(at, true);
      if (at + 4 + length > body.length) throw new Error('levels end behind their page');
      checkRuns(view, at + 4, width, count);
      at += 4 + length;
    }
    checkValues(view, at, count, encoding, this.#decoder);
    return body;
  }

  /** A page of version 2: the values alone are packed. */
  #second(header: PageHeader, packed: Uint8Array): Uint8Array {
    const page = header.data_page_header_v2!;
    const { num_values: count, num_nulls: nulls, encoding } = page;
    const lengths = [page.repetition_levels_byte_length, page.definition_levels_byte_length];
    const levels = lengths[0]! + lengths[1]!;
    if (!lengths.every(isCount) || levels > packed.length || !isCount(nulls) || nulls > count)
      throw new Error('levels end behind their page');
    const size = header.uncompressed_page_size - levels;
    const values = packed.subarray(levels);
    const body =
      page.is_compressed === false || size === 0
        ? packed.slice()
        : joined([packed.subarray(0, levels), this.#unpacked(values, size)]);
    const view = viewOf(body);
    const [repetition, definition] = [
      getMaxRepetitionLevel(this.#decoder.schemaPath),
      getMaxDefinitionLevel(this.#decoder.schemaPath),
    ];
    if (repetition > 0) checkRuns(view, 0, bitWidth(repetition), count);
    if (definition > 0) checkRuns(view, repetition > 0 ? lengths[0]! : 0, bitWidth(definition), count);
    checkValues(view, levels, count, encoding, this.#decoder);
    return body;
  }

  /** Bits of each kind of level that a page has, in their order. */
  #levelWidths(): number[] {
    const { schemaPath } = this.#decoder;
    const repetition = schemaPath.length > 1 ? getMaxRepetitionLevel(schemaPath) : 0;
    return [repetition, getMaxDefinitionLevel(schemaPath)].filter((level) => level > 0).map(bitWidth);
  }

  /** Its own copy, so that nothing beside it can be read. */
  #unpacked(packed: Uint8Array, size: number): Uint8Array {
    const { codec } = this.#column.metadata;
    if (!isCount(size) || size > maxPageBytes) throw new Error('a page is too large');
    if (codec === 'UNCOMPRESSED') return packed.slice();
    // An empty block of LZ4 is one byte, which the library reads past.
    if (size === 0) return new Uint8Array(0);
    const unpack = codec === 'ZSTD' ? unzstdFrame : compressors[codec];
    if (unpack === undefined) throw new Error(`unsupported codec ${codec}`);
    const body = unpack(packed.slice(), size);
    if (body.length !== size) throw new Error('a page has another size than it says');
    // Of some codecs it is a part of a larger buffer.
    return body.slice();
  }

  async #header(): Promise<PageHeader> {
    for (let wanted = 2 ** 14; ; wanted *= 16) {
      const bytes = await this.#bytes(wanted);
      const reader = readerOf(bytes);
      try {
        const header = parquetHeader(reader);
        this.#offset += reader.offset;
        return header;
      } catch (error) {
        if (bytes.length < wanted || wanted >= maxHeaderBytes) throw error;
      }
    }
  }

  /** At least `count` bytes from where the column is read, or all that are left of it. */
  async #bytes(count: number): Promise<Uint8Array> {
    const available = (): number => this.#windowStart + this.#window.length - this.#offset;
    const wanted = Math.min(count, this.#end - this.#offset);
    if (this.#offset < this.#windowStart || available() < wanted) {
      const end = Math.min(this.#end, this.#offset + Math.max(wanted, windowBytes));
      this.#window = new Uint8Array(await this.#column.buffer.slice(this.#offset, end));
      this.#windowStart = this.#offset;
      if (available() < wanted) throw new Error('a column ends too soon');
    }
    return this.#window.subarray(this.#offset - this.#windowStart);
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** Bits that hold every level. */
function bitWidth(level: number): number {
  return 32 - Math.clz32(level);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function readerOf(bytes: Uint8Array): DataReader {
  return { view: viewOf(bytes), offset: 0 };
}

/** The header of a page that is unpacked. */
function plain(header: PageHeader, body: Uint8Array): PageHeader {
  const { data_page_header_v2: second } = header;
  return {
    ...header,
    compressed_page_size: body.length,
    uncompressed_page_size: body.length,
    ...(second === undefined ? {} : { data_page_header_v2: { ...second, is_compressed: false } }),
  };
}

/** Runs of the hybrid encoding: none may hold far more values than there are. Ends with the bytes or the values. */
function checkRuns(view: DataView, from: number, width: number, wanted: number): void {
  if (width > 32) throw new Error('values are too wide');
  const reader = { view, offset: from };
  for (let seen = 0; seen < wanted && reader.offset < view.byteLength;) {
    const header = readVarInt(reader);
    const isPacked = (header & 1) === 1;
    const count = isPacked ? (header >> 1) << 3 : header >>> 1;
    if (count < 0 || count > wanted - seen + roundedUp) throw new Error('a run says too many values');
    seen += count;
    reader.offset += isPacked ? Math.max(1, (count * width) / 8) : (width + 7) >> 3;
  }
}

function checkValues(
  view: DataView,
  from: number,
  count: number,
  encoding: string,
  { type, element }: ColumnDecoder,
): void {
  switch (encoding) {
    case 'PLAIN':
      return;
    case 'BYTE_STREAM_SPLIT':
      if (count * (element.type_length ?? 8) > 2 * maxPageBytes) throw new Error('values are too wide');
      return;
    case 'RLE':
      checkRuns(view, from + 4, 1, count);
      return;
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      // A page of nulls alone may have no values.
      if (from < view.byteLength) checkRuns(view, from + 1, view.getUint8(from), count);
      return;
    case 'DELTA_BINARY_PACKED':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      checkDelta({ view, offset: from }, count);
      return;
    case 'DELTA_BYTE_ARRAY':
      if (type !== 'INT32') checkPrefixes({ view, offset: from }, count);
      return;
    default:
      throw new Error(`unsupported encoding ${encoding}`);
  }
}

/** The values that a delta encoding says that it has. Leaves the reader where it was. */
function checkDelta(reader: DataReader, count: number): number {
  const { offset } = reader;
  if (offset >= reader.view.byteLength) return 0;
  const block = readVarInt(reader);
  const parts = readVarInt(reader);
  const values = readVarInt(reader);
  reader.offset = offset;
  if (block < 0 || block > 2 ** 24 || parts <= 0 || parts > 2 ** 12 || values < 0 || values > count)
    throw new Error('a delta encoding says too many values');
  return values;
}

/** Texts of which each repeats the beginning of the one before: what they come to is bounded. */
function checkPrefixes(reader: DataReader, count: number): void {
  const values = checkDelta(reader, count);
  if (values === 0) return;
  const prefixes = new Int32Array(values);
  deltaBinaryUnpack(reader, values, prefixes);
  checkDelta(reader, count);
  const suffixes = new Int32Array(values);
  deltaBinaryUnpack(reader, values, suffixes);
  let total = 0;
  let before = 0;
  for (const [at, prefix] of prefixes.entries()) {
    const suffix = suffixes[at]!;
    if (prefix < 0 || suffix < 0 || prefix > before) throw new Error('a text repeats more than there is');
    before = prefix + suffix;
    total += before;
    if (total > maxPageBytes) throw new Error('a page is too large');
  }
}
