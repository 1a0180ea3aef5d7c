/**
 * Packed files, unpacked within bounds: a small file that says or turns out to be endless is refused before its content is
 * built. What comes out is what went in: every check that the format carries and that is cheap is made.
 */
import { Gunzip, Inflate } from 'fflate';
import { Decompress } from 'fzstd';
import { joined } from '../base/bytes.ts';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { bytesOf, type ByteStream } from './byte-stream.ts';
import type { PartedFile } from './parquet.ts';

/** The most that is unpacked of one dropped file at once, all that is inside counted. */
export const maxUnpackedBytes = 2 ** 30;
/** The same where it is a stream, of which little is held: what its rows may take in a browser's store. */
export const maxStreamedBytes = 2 ** 34;
/** Texts pack to a fiftieth at best; what is more than this and large is made to fill memory. */
const maxRatio = 250;
const ratioCountsFromBytes = 64 * 2 ** 20;
/** zstd's own bound for those who do not ask for more. */
const maxWindowBytes = 2 ** 27;
/** So many packed bytes at once: DEFLATE makes at most 1,032 of one, so that no step can fill memory. */
const stepBytes = 2 ** 16;
/** Of a stream: what one step makes is held. */
const streamStepBytes = 2 ** 14;
/** Bytes before a member of gzip in which the check of the one before is looked for. */
const trailerWithin = 2 ** 17;

export const damaged = 'Download or copy it again.';

/** Counts what comes out of one dropped file. Archives inside it share the count. */
export class UnpackedCount {
  #bytes = 0;

  constructor(
    readonly file: string,
    readonly packedBytes: number,
    readonly maxBytes = maxUnpackedBytes,
  ) {}

  /** @throws InputError where `bytes` more are too many. */
  add(bytes: number): void {
    this.#bytes += bytes;
    const many = this.#bytes > this.maxBytes;
    const dense = this.#bytes > ratioCountsFromBytes && this.#bytes > this.packedBytes * maxRatio;
    if (!many && !dense) return;
    throw new InputError(
      `This file of ${formatBytes(this.packedBytes)} unpacks to ${many ? `more than ${formatBytes(this.maxBytes)}` : `${formatBytes(this.#bytes)} or more, ${maxRatio} times its size`}.`,
      'Unpack it yourself and choose the files inside, where you trust it.',
      { file: this.file },
    );
  }
}

/** Any failure inside a library as one sentence; our own errors pass. */
export function told(file: string, what: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const cut = error instanceof Error && /unexpected EOF/i.test(error.message);
  return new InputError(
    cut ? `${what} is cut off: its end is missing.` : `${what} is damaged and cannot be unpacked.`,
    damaged,
    { file },
  );
}

/** Unpacks packed bytes as they come. */
interface Unpacker {
  /** What the next bytes make. @param final Nothing follows. @throws InputError where it is cut, damaged or too much. */
  next(packed: Uint8Array, final: boolean): Uint8Array[];
}

/** A gzip file of one or several members (RFC 1952), each held against its check and length. */
class GzipUnpacker implements Unpacker {
  readonly #file: string;
  readonly #stream: Gunzip;
  #chunks: Uint8Array[] = [];
  #check = 0;
  #memberBytes = 0;
  /** The last packed bytes, and where they begin in the file. */
  #last: Uint8Array = new Uint8Array();
  #lastAt = 0;

  constructor(file: string, count: UnpackedCount) {
    this.#file = file;
    this.#stream = new Gunzip((chunk) => {
      count.add(chunk.length);
      this.#check = crc32(chunk, this.#check);
      this.#memberBytes += chunk.length;
      if (chunk.length > 0) this.#chunks.push(chunk);
    });
    this.#stream.onmember = (at) => this.#endMember(at);
  }

  next(packed: Uint8Array, final: boolean): Uint8Array[] {
    const kept = this.#last.subarray(Math.max(0, this.#last.length - trailerWithin));
    this.#lastAt += this.#last.length - kept.length;
    this.#last = joined([kept, packed]);
    this.#chunks = [];
    try {
      this.#stream.push(packed, final);
      if (final) this.#endMember(this.#lastAt + this.#last.length);
    } catch (error) {
      throw told(this.#file, 'This gzip file', error);
    }
    return this.#chunks;
  }

  /** @param end Where it ends in the file. */
  #endMember(end: number): void {
    const at = end - this.#lastAt - 8;
    const view = new DataView(this.#last.buffer, this.#last.byteOffset, this.#last.byteLength);
    if (
      end < 18 ||
      at < 0 ||
      view.getUint32(at, true) !== this.#check ||
      view.getUint32(at + 4, true) !== this.#memberBytes % 2 ** 32
    )
      throw new InputError('This gzip file is damaged: what it unpacks to is not what was packed.', damaged, {
        file: this.#file,
      });
    this.#check = 0;
    this.#memberBytes = 0;
  }
}

/** A zstd file of one or several frames (RFC 8878). */
class ZstdUnpacker implements Unpacker {
  readonly #file: string;
  readonly #stream: Decompress;
  #chunks: Uint8Array[] = [];
  #isBegun = false;

  constructor(file: string, count: UnpackedCount) {
    this.#file = file;
    this.#stream = new Decompress((chunk) => {
      count.add(chunk.length);
      // The library uses its buffer again.
      if (chunk.length > 0) this.#chunks.push(chunk.slice());
    });
  }

  next(packed: Uint8Array, final: boolean): Uint8Array[] {
    if (!this.#isBegun && windowBytes(packed) > maxWindowBytes) {
      throw new InputError(
        `This zstd file needs ${formatBytes(windowBytes(packed))} to be unpacked.`,
        'Unpack it yourself (zstd -d --long=31) and choose the file inside.',
        { file: this.#file },
      );
    }
    this.#isBegun = true;
    this.#chunks = [];
    try {
      this.#stream.push(packed, final);
    } catch (error) {
      throw told(this.#file, 'This zstd file', error);
    }
    return this.#chunks;
  }
}

/** What DEFLATE packed in a zip, held against its check and length. */
export class InflateUnpacker implements Unpacker {
  readonly #file: string;
  readonly #wanted: { check: number; sizeBytes: number };
  readonly #stream: Inflate | null;
  #chunks: Uint8Array[] = [];
  #check = 0;
  #sizeBytes = 0;

  /** @param isPacked False where its bytes are there as they are. */
  constructor(file: string, wanted: { check: number; sizeBytes: number }, isPacked: boolean) {
    this.#file = file;
    this.#wanted = wanted;
    this.#stream = isPacked ? new Inflate((chunk) => this.#add(chunk)) : null;
  }

  next(packed: Uint8Array, final: boolean): Uint8Array[] {
    this.#chunks = [];
    try {
      if (this.#stream === null) this.#add(packed);
      else this.#stream.push(packed, final);
    } catch (error) {
      throw told(this.#file, 'This file of the zip', error);
    }
    if (final && (this.#sizeBytes !== this.#wanted.sizeBytes || this.#check !== this.#wanted.check))
      throw this.#refusal();
    return this.#chunks;
  }

  #add(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.length;
    // Nothing is unpacked to more than it says.
    if (this.#sizeBytes > this.#wanted.sizeBytes) throw this.#refusal();
    this.#check = crc32(chunk, this.#check);
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  #refusal(): InputError {
    return new InputError('This file of the zip is damaged: it is not what was packed.', damaged, {
      file: this.#file,
    });
  }
}

/** All that packed bytes make, at once. */
export function unpacked(bytes: Uint8Array, unpacker: Unpacker): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += stepBytes)
    for (const chunk of unpacker.next(bytes.subarray(at, at + stepBytes), at + stepBytes >= bytes.length))
      chunks.push(chunk);
  return joined(chunks);
}

/** @throws InputError where it is cut, damaged, or too much. */
export function gunzip(file: string, bytes: Uint8Array, count: UnpackedCount): Uint8Array<ArrayBuffer> {
  return unpacked(bytes, new GzipUnpacker(file, count));
}

/** @throws InputError where it is cut, damaged, or too much. */
export function unzstd(file: string, bytes: Uint8Array, count: UnpackedCount): Uint8Array<ArrayBuffer> {
  return unpacked(bytes, new ZstdUnpacker(file, count));
}

/** What a packed file makes, some at a time. */
export function unpackedStream(file: string, blob: PartedFile, begin: () => Unpacker): ByteStream {
  return {
    sizeBytes: blob.size,
    async *chunks() {
      const unpacker = begin();
      for await (const { bytes, doneBytes } of bytesOf(file, blob).chunks()) {
        const from = doneBytes - bytes.length;
        for (let at = 0; at < bytes.length; at += streamStepBytes) {
          const done = Math.min(at + streamStepBytes, bytes.length);
          const isLast = from + done === blob.size;
          for (const chunk of unpacker.next(bytes.subarray(at, done), isLast))
            yield { bytes: chunk, doneBytes: from + done };
        }
      }
    },
  };
}

/** A gzip or zstd file as a stream of what is packed in it. */
export function unpackedFile(file: string, kind: 'gzip' | 'zstd', blob: PartedFile): ByteStream {
  return unpackedStream(file, blob, () => {
    const count = new UnpackedCount(file, blob.size, maxStreamedBytes);
    return kind === 'gzip' ? new GzipUnpacker(file, count) : new ZstdUnpacker(file, count);
  });
}

/** The memory that the first frame asks for, from its header (RFC 8878, 3.1.1.1). */
function windowBytes(bytes: Uint8Array): number {
  const descriptor = bytes[4] ?? 0;
  const exponent = (bytes[5] ?? 0) >> 3;
  const base = 2 ** (10 + exponent);
  // One segment: the window is the content, which is counted as it comes.
  return descriptor & 0x20 ? 0 : base + (base / 8) * ((bytes[5] ?? 0) & 7);
}

/** Of CRC-32 as gzip and zip have it (RFC 1952, section 8). */
const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The check of `bytes`, carried on from `before`, which is the check of what came before them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let value = ~before;
  for (let at = 0; at < bytes.length; at += 1) value = crcTable[(value ^ bytes[at]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
