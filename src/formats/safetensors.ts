/**
 * The safetensors format, read (safetensors-writer.ts writes it): 8 bytes of header length (u64, little-endian), a JSON
 * header of names, dtypes, shapes and offsets, then the values end to end. Source: the format section of
 * github.com/huggingface/safetensors. Hosts are taken to be little-endian, as every machine with
 * WebAssembly in practice is.
 */
import { InputError } from '../base/errors.ts';
import { bfloatsToFloats, halvesToFloats } from './half.ts';
import { repeatedName } from './json-names.ts';
import { parseBounded } from './json-values.ts';

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
/** Of a tensor's description, list, sizes and offsets among them, and of what is said of the file. */
const mostHeaderValues = 20 * mostTensors;
/** As many sizes as NumPy has of an array. */
const mostSizes = 32;
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
  let twice: string | null = null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes));
    header = parseBounded(text, mostHeaderValues, file);
    twice = repeatedName(text, header);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('The safetensors header is not valid JSON.', downloadAgain, { file });
  }
  // The format forbids it, and readers differ in which of the two they take.
  if (twice !== null)
    throw new InputError(`The safetensors header has the name "${twice}" twice.`, downloadAgain, { file });
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
  if (!Array.isArray(shape) || shape.length > mostSizes || !shape.every(isCount))
    throw broken('has no valid shape');
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

/** And where its values are: bytes of the file. */
export interface TensorPlace extends TensorHead {
  start: number;
  end: number;
}

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
  const places = await readTensorPlaces(readStart, sizeBytes, file);
  return new Map([...places].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}

/** The same, with where the values are, so that they can be read one tensor at a time. */
export async function readTensorPlaces(
  readStart: (sizeBytes: number) => Promise<Uint8Array>,
  sizeBytes: number,
  file: string,
): Promise<Map<string, TensorPlace>> {
  const headerBytes = headerSize(await readStart(8), sizeBytes, file);
  const { entries, dataStart } = readEntries(await readStart(8 + headerBytes), sizeBytes, file);
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { dtype, shape, start: dataStart + begin, end: dataStart + end },
    ]),
  );
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
