/**
 * safetensors files, written: byte for byte what Python's `save_file` writes. The format is described beside its reader
 * (safetensors.ts).
 */
import { floatsToBfloats, floatsToHalves } from './half.ts';
import { bytesPerValue, type StoredDtype } from './safetensors.ts';

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

type WrittenDtype = 'F32' | 'I32' | 'BF16' | 'F16';
/** How files name these. */
export const writtenAs = { f32: 'F32', f16: 'F16', bf16: 'BF16' } as const satisfies Record<
  WrittenFloat,
  WrittenDtype
>;
/** PyTorch's names of the same. */
export const torchDtypes = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const satisfies Record<
  WrittenFloat,
  string
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
