/** A folder as one zip, made chunk by chunk: a model of some hundred megabytes is never twice in memory. */
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import type { ChunkedFile } from '../formats/safetensors-writer.ts';

export interface ZipEntry extends ChunkedFile {
  /** Path within the folder. */
  path: string;
}

/** Plain zips count to 2^32 - 1 bytes; a little is left for headers. */
const maxZipBytes = 0xffff_ffff - 1_000_000;

/** Text shrinks; weights are noise to a compressor and are stored. */
function isStored(path: string): boolean {
  return path.endsWith('.safetensors') || path.endsWith('.onnx');
}

/** A name that unpacks everywhere: no separators, no characters that Windows refuses, not empty. */
export function safeFolderName(name: string): string {
  const safe = name.replace(/[\u0000-\u001f<>:"/\\|?*]+/g, '-').replace(/^[. -]+|[. -]+$/g, '');
  return safe === '' ? 'model' : safe.slice(0, 100);
}

/**
 * The bytes of a zip with all files in one folder, in chunks as they come.
 * @param modified Time stamp of the files.
 * @throws InputError where the files are too large for a zip.
 */
export function* zipChunks(
  folderName: string,
  files: readonly ZipEntry[],
  modified: Date = new Date(),
): Generator<Uint8Array, void> {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total > maxZipBytes) {
    throw new InputError(
      `The folder has ${formatBytes(total)}, more than the 4 GB that a zip can hold.`,
      'Export as f16, which is half as large, or train from a terminal, which writes the folder without a zip.',
    );
  }
  let ready: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    if (chunk.length > 0) ready.push(chunk);
  });
  const folder = safeFolderName(folderName);
  for (const file of files) {
    const path = `${folder}/${file.path}`;
    const entry = isStored(path) ? new ZipPassThrough(path) : new ZipDeflate(path, { level: 6 });
    entry.mtime = modified;
    zip.add(entry);
    for (const chunk of file.chunks()) {
      entry.push(chunk);
      yield* ready;
      ready = [];
    }
    entry.push(new Uint8Array(0), true);
    yield* ready;
    ready = [];
  }
  zip.end();
  yield* ready;
}
