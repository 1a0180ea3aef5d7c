/** The files of a zip: all at once, or as streams. Source: PKWARE's APPNOTE.TXT, 4.3. */
import { InputError } from '../base/errors.ts';
import { bytesOf, partOf, readPart, type ByteStream } from './byte-stream.ts';
import { NoDataError } from './kind.ts';
import type { PartedFile } from './parquet.ts';
import { damaged, InflateUnpacker, unpacked, unpackedStream, type UnpackedCount } from './unpack.ts';
import { endBytes, endSignature, entrySignature, localSignature, longestComment } from './zip-records.ts';

export interface ZipEntry {
  /** Path in the zip. */
  path: string;
  sizeBytes: number;
  /** Unpacks it. @throws InputError where it is damaged or too much. */
  read: () => Uint8Array;
}

/** A file of a zip of which parts alone are read. */
export interface ZipPart {
  path: string;
  sizeBytes: number;
  /** Its bytes where they are in the zip as they are; null where they are packed. */
  blob: PartedFile | null;
  stream: ByteStream;
}

/** What the directory says of a file. */
interface Listed {
  path: string;
  isEncrypted: boolean;
  method: number;
  check: number;
  packedBytes: number;
  sizeBytes: number;
  /** Where its local record begins. */
  local: number;
}

const stored = 0;
const deflated = 8;
/** Of a local record before its name. */
const localBytes = 30;

/**
 * The files of a zip, in its order; folders and what macOS adds are left out. Nothing is unpacked yet.
 * @throws InputError where the zip's list of files cannot be read, or it is encrypted or zip64.
 * @throws NoDataError where the zip is a document or a model: .xlsx, .docx, .npz, …
 */
export function zipEntries(file: string, bytes: Uint8Array, count: UnpackedCount): ZipEntry[] {
  return readDirectory(file, bytes, 0).files.map((entry) => ({
    path: entry.path,
    sizeBytes: entry.sizeBytes,
    read: () => {
      const name = `${file}/${entry.path}`;
      refusePacking(name, entry);
      const start = startOf(file, bytes.subarray(entry.local, entry.local + localBytes), entry);
      if (start + entry.packedBytes > bytes.length) throw broken(file);
      count.add(entry.sizeBytes);
      const packed = bytes.subarray(start, start + entry.packedBytes);
      return unpacked(packed, new InflateUnpacker(name, entry, entry.method === deflated));
    },
  }));
}

/** As `zipEntries`, of a file of any size. */
export async function zipParts(file: string, blob: PartedFile): Promise<ZipPart[]> {
  const tailAt = Math.max(0, blob.size - endBytes - longestComment);
  let tail = await readPart(file, blob, tailAt, blob.size);
  let read = readDirectory(file, tail, tailAt);
  if (read.beginsAt !== null) {
    const { beginsAt } = read;
    tail = await readPart(file, blob, beginsAt, blob.size);
    read = readDirectory(file, tail, beginsAt);
  }
  const parts: ZipPart[] = [];
  for (const entry of read.files) {
    const name = `${file}/${entry.path}`;
    refusePacking(name, entry);
    if (entry.local + localBytes > blob.size) throw broken(file);
    const start = startOf(file, await readPart(file, blob, entry.local, entry.local + localBytes), entry);
    if (start + entry.packedBytes > blob.size) throw broken(file);
    const within = partOf(blob, start, start + entry.packedBytes);
    parts.push({
      path: entry.path,
      sizeBytes: entry.sizeBytes,
      blob: entry.method === stored ? within : null,
      // What is packed to nothing has no bytes to begin with.
      stream:
        within.size === 0
          ? bytesOf(name, within)
          : unpackedStream(name, within, () => new InflateUnpacker(name, entry, entry.method === deflated)),
    });
  }
  return parts;
}

function broken(file: string): InputError {
  return new InputError('This zip is cut off or damaged: its list of files cannot be read.', damaged, {
    file,
  });
}

/**
 * The list at the end of a zip.
 * @param bytes The zip from `at` to its end.
 * @returns Where the list begins, where that is before `at`; then there are no files yet.
 */
function readDirectory(
  file: string,
  bytes: Uint8Array,
  at: number,
): { files: Listed[]; beginsAt: number | null } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - endBytes;
  while (end >= 0 && view.getUint32(end, true) !== endSignature) end -= 1;
  if (end < 0) throw broken(file);
  const total = view.getUint16(end + 10, true);
  const beginsAt = view.getUint32(end + 16, true);
  if (beginsAt === 0xffff_ffff || total === 0xffff) {
    throw new InputError(
      'This zip is a zip64, which is not read here.',
      'Unpack it and choose the files inside.',
      { file },
    );
  }
  if (beginsAt < at) return { files: [], beginsAt };
  const files: Listed[] = [];
  let next = beginsAt - at;
  for (let index = 0; index < total; index += 1) {
    if (next + 46 > bytes.length || view.getUint32(next, true) !== entrySignature) throw broken(file);
    const nameBytes = view.getUint16(next + 28, true);
    const listed: Listed = {
      path: new TextDecoder().decode(bytes.subarray(next + 46, next + 46 + nameBytes)),
      isEncrypted: (view.getUint16(next + 8, true) & 1) === 1,
      method: view.getUint16(next + 10, true),
      check: view.getUint32(next + 16, true),
      packedBytes: view.getUint32(next + 20, true),
      sizeBytes: view.getUint32(next + 24, true),
      local: view.getUint32(next + 42, true),
    };
    next += 46 + nameBytes + view.getUint16(next + 30, true) + view.getUint16(next + 32, true);
    const { path } = listed;
    const name = path.split('/').at(-1)!;
    if (name === '' || path.startsWith('__MACOSX/') || name === '.DS_Store' || name.startsWith('._'))
      continue;
    files.push(listed);
  }
  refuseDocuments(
    file,
    files.map(({ path }) => path),
  );
  return { files, beginsAt: null };
}

/** @throws InputError where a file is packed in a way that is not read here. @param name The zip's and its own. */
function refusePacking(name: string, { isEncrypted, method }: Listed): void {
  const where = { file: name };
  if (isEncrypted) throw new InputError('This file of the zip is encrypted.', 'Unpack it first.', where);
  if (method !== stored && method !== deflated)
    throw new InputError(
      `This file of the zip is packed in a way (${method}) that is not read here.`,
      'Unpack it first.',
      where,
    );
}

/** Where the content of a file begins. @param local The first bytes of its local record. */
function startOf(file: string, local: Uint8Array, { local: at }: Listed): number {
  const view = new DataView(local.buffer, local.byteOffset, local.byteLength);
  if (local.length < localBytes || view.getUint32(0, true) !== localSignature) throw broken(file);
  return at + localBytes + view.getUint16(26, true) + view.getUint16(28, true);
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
