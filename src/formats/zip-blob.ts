/**
 * A zip's entries out of a file of any size: its directory is read, and of the entries those that are asked for.
 * Source: PKWARE's APPNOTE.TXT, 4.3.
 */
import {
  end64Signature,
  endBytes,
  endSignature,
  entrySignature,
  localSignature,
  locator64Signature,
  longestComment,
} from './zip-records.ts';

/** A directory that is larger is none of the studio's. */
const largestDirectory = 2 ** 22;
const stored = 0;
const deflated = 8;

export interface BlobEntry {
  path: string;
  sizeBytes: number;
  /** Its bytes; null where it is packed in another way, or is not as large as it says. */
  blob(): Promise<Blob | null>;
}

async function viewOf(blob: Blob, start: number, end: number): Promise<DataView> {
  return new DataView(await blob.slice(start, end).arrayBuffer());
}

/** The files of a zip; null where this is none, or one that is damaged. */
export async function blobEntries(blob: Blob): Promise<BlobEntry[] | null> {
  try {
    return await readEntries(blob);
  } catch (error) {
    // A number points beyond what there is.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

async function readEntries(blob: Blob): Promise<BlobEntry[] | null> {
  if (blob.size < endBytes || (await viewOf(blob, 0, 4)).getUint32(0, true) !== localSignature) return null;
  const tailStart = Math.max(0, blob.size - endBytes - longestComment - 20);
  const tail = await viewOf(blob, tailStart, blob.size);
  let end = tail.byteLength - endBytes;
  while (end >= 0 && tail.getUint32(end, true) !== endSignature) end -= 1;
  if (end < 0) return null;
  let sizeBytes = tail.getUint32(end + 12, true);
  let start = tail.getUint32(end + 16, true);
  if (end >= 20 && tail.getUint32(end - 20, true) === locator64Signature) {
    const at = Number(tail.getBigUint64(end - 12, true));
    const end64 = await viewOf(blob, at, at + 56);
    if (end64.getUint32(0, true) !== end64Signature) return null;
    sizeBytes = Number(end64.getBigUint64(40, true));
    start = Number(end64.getBigUint64(48, true));
  }
  if (sizeBytes > largestDirectory) return null;
  const directory = await viewOf(blob, start, start + sizeBytes);
  const decoder = new TextDecoder();
  const entries: BlobEntry[] = [];
  for (let at = 0; at + 46 <= directory.byteLength;) {
    if (directory.getUint32(at, true) !== entrySignature) return null;
    const nameBytes = directory.getUint16(at + 28, true);
    const extraBytes = directory.getUint16(at + 30, true);
    const path = decoder.decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameBytes));
    const sizes = wideSizes(directory, at, nameBytes, extraBytes);
    const method = directory.getUint16(at + 10, true);
    const encrypted = (directory.getUint16(at + 8, true) & 1) !== 0;
    if (!path.endsWith('/') && !encrypted)
      entries.push({ path, sizeBytes: sizes.whole, blob: () => entryBlob(blob, method, sizes) });
    at += 46 + nameBytes + extraBytes + directory.getUint16(at + 32, true);
  }
  return entries;
}

interface EntrySizes {
  whole: number;
  packed: number;
  offset: number;
}

/** Sizes and place of an entry, of 64 bits where 32 do not hold them. */
function wideSizes(directory: DataView, at: number, nameBytes: number, extraBytes: number): EntrySizes {
  const sizes: EntrySizes = {
    packed: directory.getUint32(at + 20, true),
    whole: directory.getUint32(at + 24, true),
    offset: directory.getUint32(at + 42, true),
  };
  const stop = at + 46 + nameBytes + extraBytes;
  for (let extra = at + 46 + nameBytes; extra + 4 <= stop;) {
    const length = directory.getUint16(extra + 2, true);
    if (directory.getUint16(extra, true) === 1) {
      let next = extra + 4;
      for (const key of ['whole', 'packed', 'offset'] as const) {
        if (sizes[key] !== 0xffff_ffff) continue;
        sizes[key] = Number(directory.getBigUint64(next, true));
        next += 8;
      }
    }
    extra += 4 + length;
  }
  return sizes;
}

async function entryBlob(
  blob: Blob,
  method: number,
  { whole, packed, offset }: EntrySizes,
): Promise<Blob | null> {
  const local = await viewOf(blob, offset, offset + 30);
  if (local.byteLength < 30 || local.getUint32(0, true) !== localSignature) return null;
  const start = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const content = blob.slice(start, start + packed);
  if (method === stored) return content.size === whole ? content : null;
  if (method !== deflated) return null;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  const reader = content.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  for (;;) {
    const { value, done: ended } = await reader
      .read()
      .catch(() => ({ value: undefined, done: true as const }));
    if (ended) return done === whole ? new Blob(parts) : null;
    done += value.length;
    // Nothing is unpacked to more than it says.
    if (done > whole) {
      await reader.cancel();
      return null;
    }
    parts.push(new Uint8Array(value));
  }
}
