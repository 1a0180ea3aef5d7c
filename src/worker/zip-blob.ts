/** A folder as a zip that the page can save. */
import { zipChunks, type ZipEntry } from '../export/zip.ts';

/** @throws InputError where the files are too large for a zip. */
export function zipBlob(
  folderName: string,
  files: readonly ZipEntry[],
  progress: (done: number, total: number) => void,
): Blob {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parts: BlobPart[] = [];
  let done = 0;
  for (const chunk of zipChunks(folderName, files)) {
    // The Blob copies, so that a chunk may be a view on the weights.
    parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
    done += chunk.length;
    progress(Math.min(done, total), total);
  }
  return new Blob(parts, { type: 'application/zip' });
}
