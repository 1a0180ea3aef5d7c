/**
 * Zips whose entries are stored as they are, as PyTorch writes them: each entry as a view, so that a checkpoint of
 * gigabytes is not copied. With the 64-bit records, which PyTorch always writes. Source: PKWARE's APPNOTE.TXT, 4.3.
 */
import { InputError } from '../base/errors.ts';
import {
  end64Signature,
  endBytes,
  endSignature,
  entrySignature,
  localSignature,
  locator64Signature,
  longestComment,
} from './zip-records.ts';

const beyond32 = 0xffff_ffff;

/**
 * The entries of a zip by name, as views on it.
 * @param file The file's name, for messages.
 * @throws InputError where the zip is damaged, or an entry is compressed or encrypted.
 */
export function readStoredZip(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  const broken = (what: string): InputError =>
    new InputError(`The zip ${what}.`, 'Download or copy the file again.', { file });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const within = (start: number, size: number): void => {
    if (!Number.isSafeInteger(start) || start < 0 || size < 0 || start + size > bytes.length)
      throw broken('points beyond its end: it is damaged or cut off');
  };
  const long = (at: number): number => {
    within(at, 8);
    return Number(view.getBigUint64(at, true));
  };
  const end = findEnd(view);
  if (end < 0) throw broken('has no directory at its end: it is cut off');

  let directory = view.getUint32(end + 16, true);
  let directoryBytes = view.getUint32(end + 12, true);
  if (end >= 20 && view.getUint32(end - 20, true) === locator64Signature) {
    const end64 = long(end - 12);
    within(end64, 56);
    if (view.getUint32(end64, true) !== end64Signature) throw broken('has a damaged directory');
    directoryBytes = long(end64 + 40);
    directory = long(end64 + 48);
  }
  within(directory, directoryBytes);

  const entries = new Map<string, Uint8Array>();
  const decoder = new TextDecoder();
  const stop = directory + directoryBytes;
  for (let at = directory; at < stop;) {
    within(at, 46);
    if (view.getUint32(at, true) !== entrySignature) throw broken('has a damaged directory');
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    within(at + 46, nameBytes + extraBytes);
    const name = decoder.decode(bytes.subarray(at + 46, at + 46 + nameBytes));
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw broken(`holds "${name}" encrypted`);
    if (view.getUint16(at + 10, true) !== 0)
      throw broken(`holds "${name}" compressed, which PyTorch's files never are`);
    const [sizeBytes, local] = placeOf(view, at, nameBytes, long);
    within(local, 30);
    if (view.getUint32(local, true) !== localSignature) throw broken(`has a damaged entry "${name}"`);
    const data = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    within(data, sizeBytes);
    entries.set(name, bytes.subarray(data, data + sizeBytes));
    at += 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
  }
  return entries;
}

/** Where the record at the end begins; -1 where there is none. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - endBytes - longestComment);
  for (let at = view.byteLength - endBytes; at >= first; at -= 1) {
    if (view.getUint32(at, true) === endSignature) return at;
  }
  return -1;
}

/** An entry's size and the place of its local header: numbers that do not fit 32 bits are in its extra field. */
function placeOf(
  view: DataView,
  at: number,
  nameBytes: number,
  long: (at: number) => number,
): [sizeBytes: number, local: number] {
  let sizeBytes = view.getUint32(at + 20, true);
  const wholeBytes = view.getUint32(at + 24, true);
  let local = view.getUint32(at + 42, true);
  if (sizeBytes !== beyond32 && wholeBytes !== beyond32 && local !== beyond32) return [sizeBytes, local];
  const stop = at + 46 + nameBytes + view.getUint16(at + 30, true);
  for (let extra = at + 46 + nameBytes; extra + 4 <= stop;) {
    const extraSize = view.getUint16(extra + 2, true);
    if (view.getUint16(extra, true) === 1) {
      let next = extra + 4;
      if (wholeBytes === beyond32) next += 8;
      if (sizeBytes === beyond32) {
        sizeBytes = long(next);
        next += 8;
      }
      if (local === beyond32) local = long(next);
      break;
    }
    extra += 4 + extraSize;
  }
  return [sizeBytes, local];
}
