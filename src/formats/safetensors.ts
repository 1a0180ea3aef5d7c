/**
 * The safetensors format, read and written: 8 bytes of header length (u64, little-endian), a JSON header of names,
 * dtypes, shapes and offsets, then the values end to end. Source: the format section of
 * github.com/huggingface/safetensors. What is written is byte for byte what Python's `save_file` writes.
 * Hosts are taken to be little-endian, as every machine with WebAssembly in practice is.
 */
import { InputError } from '../base/errors.ts';
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halvesToFloats } from './half.ts';

/** Dtypes that can be read. */
export type StoredDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32';

export interface StoredTensor {
  /** As in the file; `data` is already converted. */
  dtype: StoredDtype;
  shape: readonly number[];
  /** Row-major. F32, F16 and BF16 become Float32Array, F64 and I64 Float64Array, I32 Int32Array. Never a view on the file. */
  data: Float32Array | Float64Array | Int32Array;
}

export interface SafetensorsFile {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

/** What floats can be written as. */
export const writtenFloats = ['f32', 'f16', 'bf16'] as const;
export type WrittenFloat = (typeof writtenFloats)[number];

/** What to write where nothing else was asked for: what was read, as far as it can be written. */
export function floatOf(stored: StoredDtype): WrittenFloat {
  if (stored === 'F16') return 'f16';
  return stored === 'BF16' ? 'bf16' : 'f32';
}

/** What can be written: Float32Array as F32, F16 or BF16 (by option), Int32Array as I32. */
export interface WritableTensor {
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

export interface WriteOptions {
  dtype: WrittenFloat;
  /** `{ format: 'pt' }` is what transformers asks for. */
  metadata?: Readonly<Record<string, string>>;
}

/** A file that is made chunk by chunk, so that a large model is never twice in memory. */
export interface ChunkedFile {
  sizeBytes: number;
  chunks: () => Iterable<Uint8Array>;
}

interface Entry {
  name: string;
  dtype: StoredDtype;
  shape: number[];
  begin: number;
  end: number;
}

/** How much one value of a dtype takes. */
export const bytesPerValue: Readonly<Record<StoredDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
};
/** The cap of huggingface.co's own reader. A T5 of any size has well under 1 MB. */
const maxHeaderBytes = 25_000_000;
/** The deepest T5 that is read, with adapters and moments, has fewer. */
export const mostTensors = 30_000;
const downloadAgain = 'Download or copy the file again.';

function isDtype(dtype: unknown): dtype is StoredDtype {
  return typeof dtype === 'string' && Object.hasOwn(bytesPerValue, dtype);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * How many bytes the header of a file has.
 * @param bytes The file, or its first 8 bytes. @param sizeBytes How large the whole file is.
 */
function headerSize(bytes: Uint8Array, sizeBytes: number, file: string): number {
  if (bytes.length < 8) {
    throw new InputError(
      `The file has ${bytes.length} bytes, too few for a safetensors file.`,
      downloadAgain,
      { file },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > sizeBytes - 8) {
    throw new InputError(
      `The header should have ${headerBytes} bytes, but the file ends after ${sizeBytes - 8}: it is cut off or is no safetensors file.`,
      downloadAgain,
      { file },
    );
  }
  if (headerBytes > maxHeaderBytes) {
    throw new InputError(
      `The header has ${headerBytes} bytes; more than ${maxHeaderBytes} is not read.`,
      'Save the model again with `save_pretrained(..., safe_serialization=True)`.',
      { file },
    );
  }
  return headerBytes;
}

/** @param bytes The file, or its beginning with the whole header. @param sizeBytes How large the whole file is. */
function readHeader(
  bytes: Uint8Array,
  sizeBytes: number,
  file: string,
): { header: Record<string, unknown>; dataStart: number } {
  const headerBytes = headerSize(bytes, sizeBytes, file);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)));
  } catch {
    throw new InputError('The safetensors header is not valid JSON.', downloadAgain, { file });
  }
  if (!isRecord(header)) {
    throw new InputError('The safetensors header is not a JSON object.', downloadAgain, { file });
  }
  return { header, dataStart: 8 + headerBytes };
}

function readEntry(name: string, value: unknown, file: string): Entry {
  const broken = (what: string): InputError =>
    new InputError(`Tensor "${name}" ${what}.`, downloadAgain, { file });
  if (!isRecord(value)) throw broken('is not described by a JSON object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    throw new InputError(
      `Tensor "${name}" has dtype ${dtype === undefined ? 'none' : JSON.stringify(dtype)}, which is not read.`,
      'Save the model as float32, float16 or bfloat16.',
      { file },
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) throw broken('has no valid shape');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw broken('has no valid data_offsets');
  const [begin, end] = offsets as [number, number];
  const expected = shape.reduce((product, size) => product * size, bytesPerValue[dtype]);
  if (end - begin !== expected) {
    throw broken(`takes ${end - begin} bytes, but shape [${shape.join(', ')}] as ${dtype} needs ${expected}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors must lie end to end and fill the file, as the Rust reader demands: no gap, no overlap, nothing left over. */
function checkLayout(entries: readonly Entry[], dataBytes: number, file: string): void {
  let position = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      const what =
        begin < position ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw new InputError(
        `Tensor "${name}" begins at byte ${begin} and ${what}, which ends at ${position}.`,
        downloadAgain,
        { file },
      );
    }
    if (end > dataBytes) {
      throw new InputError(
        `Tensor "${name}" ends at byte ${end}, but the file holds only ${dataBytes} bytes of values: it is cut off.`,
        downloadAgain,
        { file },
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new InputError(
      `The file has ${dataBytes - position} bytes that belong to no tensor.`,
      downloadAgain,
      { file },
    );
  }
}

function integersFrom64(values: BigInt64Array, name: string, file: string): Float64Array {
  return Float64Array.from(values, (value) => {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw new InputError(
      `Tensor "${name}" holds ${value.toString()}, beyond what can be counted exactly (2^53).`,
      'Store this tensor as 32-bit integers.',
      { file },
    );
  });
}

/**
 * Stored values as numbers.
 * @param values Little-endian, in their own buffer.
 * @param name The tensor's name, for messages.
 * @throws InputError where an integer cannot be counted exactly.
 */
export function decodeValues(
  { buffer }: Uint8Array<ArrayBuffer>,
  dtype: StoredDtype,
  name: string,
  file: string,
): StoredTensor['data'] {
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return halvesToFloats(new Uint16Array(buffer));
    case 'BF16':
      return bfloatsToFloats(new Uint16Array(buffer));
    case 'F64':
      return new Float64Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'I64':
      return integersFrom64(new BigInt64Array(buffer), name, file);
    default:
      return dtype satisfies never;
  }
}

/** What a file says of a tensor before its values. */
export type TensorHead = Pick<StoredTensor, 'dtype' | 'shape'>;

/**
 * Reads what a file holds by its header alone: two short reads, whatever the file's size.
 * @param readStart The first so many bytes of the file. @param sizeBytes How large the file is. @param file For messages.
 * @returns By name, in the header's order.
 * @throws InputError as `parseSafetensors`, except about values.
 */
export async function readTensorHeads(
  readStart: (sizeBytes: number) => Promise<Uint8Array>,
  sizeBytes: number,
  file: string,
): Promise<Map<string, TensorHead>> {
  const headerBytes = headerSize(await readStart(8), sizeBytes, file);
  const start = await readStart(8 + headerBytes);
  const { entries } = readEntries(start, sizeBytes, file);
  return new Map(entries.map(({ name, dtype, shape }) => [name, { dtype, shape }]));
}

/** @param bytes The file, or its beginning with the whole header. @param sizeBytes How large the whole file is. */
function readEntries(
  bytes: Uint8Array,
  sizeBytes: number,
  file: string,
): { entries: Entry[]; metadata: Record<string, string>; dataStart: number } {
  const { header, dataStart } = readHeader(bytes, sizeBytes, file);
  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  const named = Object.entries(header);
  if (named.length > mostTensors) {
    throw new InputError(
      `The header names ${named.length} tensors; more than ${mostTensors} are not read.`,
      'Use the weights that came with the model.',
      { file },
    );
  }
  for (const [name, value] of named) {
    if (name !== '__metadata__') {
      entries.push(readEntry(name, value, file));
      continue;
    }
    if (!isRecord(value))
      throw new InputError('`__metadata__` is not a JSON object.', downloadAgain, { file });
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') {
        throw new InputError(`\`__metadata__\` holds "${key}", which is not text.`, downloadAgain, { file });
      }
      Object.defineProperty(metadata, key, { value: text, enumerable: true });
    }
  }
  checkLayout(entries, sizeBytes - dataStart, file);
  return { entries, metadata, dataStart };
}

/**
 * Reads a safetensors file whole.
 * @param file The file's name, for messages.
 * @throws InputError where anything about the file is not as the format demands.
 */
export function parseSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const { entries, metadata, dataStart } = readEntries(bytes, bytes.length, file);
  const data = bytes.subarray(dataStart);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    // A copy: the values are aligned whatever the header's length, and no tensor keeps the whole file alive. Not
    // slice(), which is a view where `data` is a Node Buffer.
    const values = new Uint8Array(data.subarray(begin, end));
    tensors.set(name, { dtype, shape, data: decodeValues(values, dtype, name, file) });
  }
  return { tensors, metadata };
}

type WrittenDtype = 'F32' | 'I32' | 'BF16' | 'F16';
/** How files name these. */
export const writtenAs = { f32: 'F32', f16: 'F16', bf16: 'BF16' } as const satisfies Record<
  WrittenFloat,
  WrittenDtype
>;
/** Wider and floating first: the order in which the Rust writer lays tensors out, then by name. */
const writtenFirst: Record<WrittenDtype, number> = { F32: 0, I32: 1, BF16: 2, F16: 3 };

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A tensor that is about to be written. */
interface Layout {
  name: string;
  dtype: WrittenDtype;
  shape: readonly number[];
  /** Values that there are. */
  length: number;
}

/**
 * The start of a file with these tensors, in their order, and the file's size.
 * @throws RangeError where a tensor's shape does not fit its data, or a tensor is called `__metadata__`.
 */
function layOut(
  tensors: readonly Layout[],
  metadata: WriteOptions['metadata'],
): { head: Uint8Array; sizeBytes: number } {
  // Composed by hand: a JavaScript object would move names that look like numbers to the front.
  const parts = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  let position = 0;
  for (const { name, dtype, shape, length } of tensors) {
    const filled = shape.reduce((product, size) => product * size, 1);
    if (name === '__metadata__' || filled !== length) {
      throw new RangeError(`tensor "${name}": ${length} values do not fill shape [${shape.join(', ')}]`);
    }
    const end = position + length * bytesPerValue[dtype];
    parts.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${position},${end}]}`,
    );
    position = end;
  }
  const json = new TextEncoder().encode(`{${parts.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(json, 8);
  return { head, sizeBytes: head.length + position };
}

/**
 * Lays out a safetensors file as Python's `save_file` would: F32, I32, BF16, F16, each by name; header padded
 * with spaces to a multiple of 8. Values are converted when their chunk is asked for.
 * F16 and BF16 round to nearest even; in F16 values beyond ±65,504 become infinite, so check them first
 * (`beyondHalf`).
 * @throws RangeError where a tensor's shape does not fit its data, or a tensor is called `__metadata__`.
 */
export function safetensorsChunks(
  tensors: ReadonlyMap<string, WritableTensor>,
  { dtype, metadata }: WriteOptions,
): ChunkedFile {
  const dtypeOf = ({ data }: WritableTensor): WrittenDtype =>
    data instanceof Int32Array ? 'I32' : writtenAs[dtype];
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      writtenFirst[dtypeOf(a)] - writtenFirst[dtypeOf(b)] || compareNames(nameA, nameB),
  );
  const { head, sizeBytes } = layOut(
    ordered.map(([name, tensor]) => {
      return { name, dtype: dtypeOf(tensor), shape: tensor.shape, length: tensor.data.length };
    }),
    metadata,
  );
  return {
    sizeBytes,
    *chunks() {
      yield head;
      for (const [, { data }] of ordered) {
        const stored = data instanceof Float32Array ? storedFloats(data, dtype) : data;
        yield new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
      }
    },
  };
}

/** A file whose chunks may have to be waited for. */
export interface StreamedFile {
  sizeBytes: number;
  chunks: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Floats that come piece by piece. */
export interface StreamedTensor {
  shape: readonly number[];
  length: number;
  pieces: () => AsyncIterable<Float32Array>;
}

/** As `safetensorsChunks` in single precision, of tensors that come piece by piece. */
export function safetensorsStream(
  tensors: ReadonlyMap<string, StreamedTensor>,
  metadata: WriteOptions['metadata'],
): StreamedFile {
  const ordered = [...tensors].sort(([nameA], [nameB]) => compareNames(nameA, nameB));
  const { head, sizeBytes } = layOut(
    ordered.map(([name, { shape, length }]) => ({ name, dtype: 'F32', shape, length })),
    metadata,
  );
  return {
    sizeBytes,
    async *chunks() {
      yield head;
      for (const [, { pieces }] of ordered) {
        for await (const { buffer, byteOffset, byteLength } of pieces())
          yield new Uint8Array(buffer, byteOffset, byteLength);
      }
    },
  };
}

function storedFloats(values: Float32Array, dtype: WrittenFloat): Float32Array | Uint16Array {
  switch (dtype) {
    case 'f32':
      return values;
    case 'f16':
      return floatsToHalves(values);
    case 'bf16':
      return floatsToBfloats(values);
    default:
      return dtype satisfies never;
  }
}

/** The same as one piece. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  options: WriteOptions,
): Uint8Array {
  return joinChunks(safetensorsChunks(tensors, options));
}

/** All chunks of a file in one array. */
export function joinChunks(file: ChunkedFile): Uint8Array {
  const bytes = new Uint8Array(file.sizeBytes);
  let position = 0;
  for (const chunk of file.chunks()) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

/** The first value that binary16 can only hold as infinity, or null. Infinite and NaN values count too. */
export function beyondHalf(values: Float32Array): number | null {
  for (const value of values) {
    if (!(Math.abs(value) < 65520)) return value;
  }
  return null;
}
