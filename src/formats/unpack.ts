/**
 * Packed files, unpacked within bounds: a small file that says or turns out to be endless is refused before its content is
 * built. What comes out is what went in: every check that the format carries and that is cheap is made.
 */
import { Gunzip, inflateSync } from 'fflate';
import { Decompress } from 'fzstd';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { crc32 } from './crc32.ts';
import { NoDataError } from './kind.ts';

/** The most that is unpacked of one dropped file, all that is inside counted. */
export const maxUnpackedBytes = 2 ** 30;
/** Texts pack to a fiftieth at best; what is more than this and large is made to fill memory. */
const maxRatio = 250;
const ratioCountsFromBytes = 64 * 2 ** 20;
/** zstd's own bound for those who do not ask for more. */
const maxWindowBytes = 2 ** 27;
/** So many packed bytes at once: DEFLATE makes at most 1,032 of one, so that no step can fill memory. */
const stepBytes = 2 ** 16;

const damaged = 'Download or copy it again.';

/** Counts what comes out of one dropped file. Archives inside it share the count. */
export class UnpackedCount {
  #bytes = 0;

  constructor(
    readonly file: string,
    readonly packedBytes: number,
  ) {}

  /** @throws InputError where `bytes` more are too many. */
  add(bytes: number): void {
    this.#bytes += bytes;
    const many = this.#bytes > maxUnpackedBytes;
    const dense = this.#bytes > ratioCountsFromBytes && this.#bytes > this.packedBytes * maxRatio;
    if (!many && !dense) return;
    throw new InputError(
      `This file of ${formatBytes(this.packedBytes)} unpacks to ${many ? `more than ${formatBytes(maxUnpackedBytes)}` : `${formatBytes(this.#bytes)} or more, ${maxRatio} times its size`}.`,
      'Unpack it yourself and choose the files inside, where you trust it.',
      { file: this.file },
    );
  }
}

/** Any failure inside a library as one sentence; our own errors pass. */
function told(file: string, what: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const cut = error instanceof Error && /unexpected EOF/i.test(error.message);
  return new InputError(
    cut ? `${what} is cut off: its end is missing.` : `${what} is damaged and cannot be unpacked.`,
    damaged,
    { file },
  );
}

/** Pushes bytes into a library's stream step by step. */
function pushed(bytes: Uint8Array, push: (step: Uint8Array, final: boolean) => void): void {
  for (let at = 0; at < bytes.length; at += stepBytes)
    push(bytes.subarray(at, at + stepBytes), at + stepBytes >= bytes.length);
}

/**
 * A gzip file of one or several members (RFC 1952), each held against its check and length.
 * @throws InputError where it is cut, damaged, or too much.
 */
export function gunzip(file: string, bytes: Uint8Array, count: UnpackedCount): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let check = 0;
  let memberBytes = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const endMember = (end: number): void => {
    if (
      end < 18 ||
      view.getUint32(end - 8, true) !== check ||
      view.getUint32(end - 4, true) !== memberBytes % 2 ** 32
    )
      throw new InputError('This gzip file is damaged: what it unpacks to is not what was packed.', damaged, {
        file,
      });
    check = 0;
    memberBytes = 0;
  };
  try {
    const stream = new Gunzip((chunk) => {
      count.add(chunk.length);
      check = crc32(chunk, check);
      memberBytes += chunk.length;
      if (chunk.length > 0) chunks.push(chunk);
    });
    stream.onmember = endMember;
    pushed(bytes, (step, final) => stream.push(step, final));
    endMember(bytes.length);
  } catch (error) {
    throw told(file, 'This gzip file', error);
  }
  return joined(chunks);
}

/**
 * A zstd file of one or several frames (RFC 8878).
 * @throws InputError where it is cut, damaged, or too much.
 */
export function unzstd(file: string, bytes: Uint8Array, count: UnpackedCount): Uint8Array<ArrayBuffer> {
  if (windowBytes(bytes) > maxWindowBytes) {
    throw new InputError(
      `This zstd file needs ${formatBytes(windowBytes(bytes))} to be unpacked.`,
      'Unpack it yourself (zstd -d --long=31) and choose the file inside.',
      { file },
    );
  }
  const chunks: Uint8Array[] = [];
  try {
    const stream = new Decompress((chunk) => {
      count.add(chunk.length);
      // The library uses its buffer again.
      if (chunk.length > 0) chunks.push(chunk.slice());
    });
    pushed(bytes, (step, final) => void stream.push(step, final));
  } catch (error) {
    throw told(file, 'This zstd file', error);
  }
  return joined(chunks);
}

/** The memory that the first frame asks for, from its header (RFC 8878, 3.1.1.1). */
function windowBytes(bytes: Uint8Array): number {
  const descriptor = bytes[4] ?? 0;
  const exponent = (bytes[5] ?? 0) >> 3;
  const base = 2 ** (10 + exponent);
  // One segment: the window is the content, which is counted as it comes.
  return descriptor & 0x20 ? 0 : base + (base / 8) * ((bytes[5] ?? 0) & 7);
}

export interface ZipEntry {
  /** Path in the zip. */
  path: string;
  sizeBytes: number;
  /** Unpacks it. @throws InputError where it is damaged or too much. */
  read: () => Uint8Array;
}

/**
 * The files of a zip, in its order; folders and what macOS adds are left out. Nothing is unpacked yet.
 * @throws InputError where the zip's list of files cannot be read, or it is encrypted or zip64.
 * @throws NoDataError where the zip is a document or a model: .xlsx, .docx, .npz, …
 */
export function zipEntries(file: string, bytes: Uint8Array, count: UnpackedCount): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const broken = (): InputError =>
    new InputError('This zip is cut off or damaged: its list of files cannot be read.', damaged, { file });
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw broken();
  const total = view.getUint16(end + 10, true);
  const entries: (ZipEntry & { flags: number })[] = [];
  let at = view.getUint32(end + 16, true);
  if (at === 0xffff_ffff || total === 0xffff) {
    throw new InputError(
      'This zip is a zip64, which is not read here.',
      'Unpack it and choose the files inside.',
      {
        file,
      },
    );
  }
  for (let index = 0; index < total; index += 1) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw broken();
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const check = view.getUint32(at + 16, true);
    const packedBytes = view.getUint32(at + 20, true);
    const sizeBytes = view.getUint32(at + 24, true);
    const nameBytes = view.getUint16(at + 28, true);
    const local = view.getUint32(at + 42, true);
    const path = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes));
    at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    const name = path.split('/').at(-1)!;
    if (name === '' || path.startsWith('__MACOSX/') || name === '.DS_Store' || name.startsWith('._'))
      continue;
    const read = (): Uint8Array => {
      const where = { file: `${file}/${path}` };
      if (flags & 1) throw new InputError('This file of the zip is encrypted.', 'Unpack it first.', where);
      if (method !== 0 && method !== 8)
        throw new InputError(
          `This file of the zip is packed in a way (${method}) that is not read here.`,
          'Unpack it first.',
          where,
        );
      if (local + 30 > bytes.length || view.getUint32(local, true) !== 0x04034b50) throw broken();
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (start + packedBytes > bytes.length) throw broken();
      count.add(sizeBytes);
      const packed = bytes.subarray(start, start + packedBytes);
      let content: Uint8Array;
      try {
        content = method === 0 ? packed : inflateSync(packed, { out: new Uint8Array(sizeBytes) });
      } catch (error) {
        throw told(where.file, 'This file of the zip', error);
      }
      if (content.length !== sizeBytes || crc32(content) !== check)
        throw new InputError('This file of the zip is damaged: it is not what was packed.', damaged, where);
      return content;
    };
    entries.push({ path, sizeBytes, flags, read });
  }
  refuseDocuments(
    file,
    entries.map(({ path }) => path),
  );
  return entries;
}

/** Formats that are zips inside. */
function refuseDocuments(file: string, paths: readonly string[]): void {
  const has = (pattern: RegExp): boolean => paths.some((path) => pattern.test(path));
  const refuse = (is: string, remedy: string): never => {
    throw new NoDataError(`This is ${is}.`, remedy, { file });
  };
  if (has(/^\[Content_Types\]\.xml$/)) {
    if (has(/^xl\//)) refuse('an Excel workbook', 'Save its sheet as “CSV UTF-8” and choose that file.');
    if (has(/^word\//)) refuse('a Word document', 'Save its rows as CSV and choose that file.');
    if (has(/^ppt\//)) refuse('a PowerPoint document', 'Save its rows as CSV and choose that file.');
  }
  if (has(/^content\.xml$/) && has(/^mimetype$/))
    refuse('an OpenDocument file (LibreOffice)', 'Save its sheet as CSV in UTF-8 and choose that file.');
  if (has(/(?:^|\/)data\.pkl$/)) refuse('a PyTorch file, not data', 'Choose the file with the rows instead.');
  if (paths.length > 0 && paths.every((path) => path.endsWith('.npy')))
    refuse('a file of NumPy arrays', 'Save its rows as CSV, JSON Lines or Parquet and choose that file.');
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
