/**
 * What is unpacked of a run's zip: its record, then the files that the record lists, none to more bytes than it says. So a
 * stranger's zip cannot fill the memory.
 */
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';

export const recordName = 'record.json';
/** The most that a plain zip can say of a size; zip64 writes it where the size is elsewhere. */
const maxBytes = 0xffff_ffff;
/** What helps where a zip is not as it was exported. */
export const again = 'Export the run again, or copy the file again.';

/** Weights hardly shrink, and text to a tenth or so: what unpacks to much more than this many times its size is no run. */
const mostShrunk = 50;
/** So much may be unpacked of any zip. */
const freeBytes = 64 * 2 ** 20;

/** A record is some kilobytes; a long one of thousands of evaluations still has room. */
const maxRecordBytes = 32 * 2 ** 20;

/** Unpacks the entries that `wanted` says yes to. fflate unpacks none to more bytes than its entry names. */
function unpack(
  bytes: Uint8Array,
  file: string,
  wanted: (entry: UnzipFileInfo) => boolean,
): Record<string, Uint8Array> {
  const seen = new Set<string>();
  const filter = (entry: UnzipFileInfo): boolean => {
    if (!wanted(entry)) return false;
    if (entry.size === maxBytes || entry.originalSize === maxBytes) {
      throw new InputError(
        `${entry.name} is packed as zip64, which this page does not read.`,
        'Choose the zip as it was exported from Runs, or pack its folder again without zip64.',
        { file },
      );
    }
    if (seen.has(entry.name)) throw new InputError(`${entry.name} is in this zip twice.`, again, { file });
    seen.add(entry.name);
    return true;
  };
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('this zip could not be unpacked.', again, { file });
  }
}

/** The first record of the zip and the folder that it is in. Nothing else is unpacked. */
export function unpackRecord(bytes: Uint8Array, file: string): { folder: string; record: Uint8Array } {
  let path: string | undefined;
  const unpacked = unpack(bytes, file, ({ name, originalSize }) => {
    if (name.split('/').at(-1) !== recordName || (path !== undefined && path !== name)) return false;
    path = name;
    if (originalSize <= maxRecordBytes || originalSize === maxBytes) return true;
    throw new InputError(
      `this file unpacks to ${formatBytes(originalSize)}, more than a record can have (${formatBytes(maxRecordBytes)}).`,
      'Choose a zip that was exported from Runs.',
      { file: `${file}/${recordName}` },
    );
  });
  const record = path === undefined ? undefined : unpacked[path];
  if (path === undefined || record === undefined) {
    throw new InputError(
      `there is no ${recordName} in this zip, so it is no exported run.`,
      'Choose a zip that was exported from Runs; a student’s folder belongs on Student.',
      { file },
    );
  }
  return { folder: path.slice(0, -recordName.length), record };
}

/** The files that the record lists, by name, the folder left off. What it does not list is never unpacked. */
export function unpackListed(
  bytes: Uint8Array,
  file: string,
  folder: string,
  listed: readonly { name: string; sizeBytes: number }[],
): Map<string, Uint8Array> {
  const total = listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total > Math.min(maxBytes, Math.max(freeBytes, mostShrunk * bytes.length))) {
    throw new InputError(
      `this zip unpacks to ${formatBytes(total)}, more than a run of ${formatBytes(bytes.length)} can be.`,
      'Choose a zip that was exported from Runs.',
      { file },
    );
  }
  const sizes = new Map(listed.map(({ name, sizeBytes }) => [folder + name, sizeBytes]));
  const unpacked = unpack(bytes, file, ({ name, originalSize }) => {
    const sizeBytes = sizes.get(name);
    if (sizeBytes === undefined) return false;
    // An entry of zip64 has no size here; what is refused then is that.
    if (originalSize > sizeBytes && originalSize !== maxBytes)
      throw otherSize(originalSize, sizeBytes, `${file}/${name.slice(folder.length)}`);
    return true;
  });
  return new Map(Object.entries(unpacked).map(([path, content]) => [path.slice(folder.length), content]));
}

/** Says that a file of the zip is of another size than its record has. */
export function otherSize(found: number, written: number, file: string): InputError {
  return new InputError(`this file has ${found} bytes where ${written} were written.`, again, { file });
}
