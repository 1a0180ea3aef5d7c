/** Bytes of a file in their order, some at a time, so that it is never held as a whole. */
import { joined } from '../base/bytes.ts';
import { InputError } from '../base/errors.ts';
import type { PartedFile } from './parquet.ts';

export interface ByteChunk {
  bytes: Uint8Array;
  /** Of the file that is read, with these: of a packed one, its packed bytes. */
  doneBytes: number;
}

export interface ByteStream {
  /** Of the file that is read. */
  sizeBytes: number;
  /** All, from the first on, each time that it is asked. @throws InputError where the file is damaged. */
  chunks(): AsyncGenerator<ByteChunk, void>;
}

/** Bytes that are read at once. */
export const pieceBytes = 2 ** 20;

/** A file's own bytes, or those of a part of it. */
export function bytesOf(file: string, blob: PartedFile, piece = pieceBytes): ByteStream {
  return {
    sizeBytes: blob.size,
    async *chunks() {
      for (let at = 0; at < blob.size; at += piece) {
        const end = Math.min(at + piece, blob.size);
        yield { bytes: await readPart(file, blob, at, end), doneBytes: end };
      }
    },
  };
}

/** Read at once where a file is wanted whole: browsers give up at some gigabytes, and hold what they read twice. */
const sliceBytes = 64 * 2 ** 20;

/** A file's bytes in one array, of any size. @throws what the browser does, RangeError where memory is short. */
export async function wholeOf(blob: PartedFile, slice = sliceBytes): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = blob;
  if (size <= slice) return new Uint8Array(await blob.slice(0, size).arrayBuffer());
  const whole = new Uint8Array(size);
  for (let at = 0; at < size; at += slice)
    whole.set(new Uint8Array(await blob.slice(at, Math.min(at + slice, size)).arrayBuffer()), at);
  return whole;
}

/** A part of a file, as a file. */
export function partOf(blob: PartedFile, start: number, end: number): PartedFile {
  return {
    size: end - start,
    slice: (from, to = end - start) => blob.slice(start + from, Math.min(end, start + to)),
  };
}

/** The first bytes, `most` at least where there are so many, and whether they are all. */
export async function firstBytes(
  stream: ByteStream,
  most: number,
): Promise<{ bytes: Uint8Array; isAll: boolean }> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let isAll = true;
  for await (const { bytes } of stream.chunks()) {
    if (sizeBytes >= most) {
      isAll = false;
      break;
    }
    parts.push(bytes);
    sizeBytes += bytes.length;
  }
  return { bytes: joined(parts), isAll };
}

/** @throws InputError where the file cannot be read any more: it was changed, moved or taken away. */
export async function readPart(
  file: string,
  blob: PartedFile,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const bytes = await blob.slice(start, end).arrayBuffer();
    if (bytes.byteLength === end - start) return new Uint8Array(bytes);
  } catch {
    // As below.
  }
  throw new InputError(
    'This file changed or cannot be read any more.',
    'Choose it again, and leave it as it is until it has been read.',
    { file },
  );
}
