/** Files for the page to save, made between two looks at what else is asked for: a large one can be cancelled. */
import { breathe } from '../base/breathe.ts';
import { zipChunks, type ZipEntry } from '../export/zip.ts';
import type { ChunkedFile } from '../formats/safetensors-writer.ts';

/** So long at most until a Cancel is heard, beside the time of one chunk. */
const breatheEveryMs = 100;

interface PackWatch {
  signal: AbortSignal;
  report: (done: number, total: number) => void;
}

/**
 * A folder as a zip.
 * @throws InputError where the files are too large for a zip; an AbortError where it is cancelled.
 */
export function zipBlob(folderName: string, files: readonly ZipEntry[], watch: PackWatch): Promise<Blob> {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return packed(zipChunks(folderName, files), total, 'application/zip', watch);
}

/** One file as it is. @throws an AbortError where it is cancelled. */
export function fileBlob(file: ChunkedFile, type: string, watch: PackWatch): Promise<Blob> {
  return packed(file.chunks(), file.sizeBytes, type, watch);
}

async function packed(
  chunks: Iterable<Uint8Array>,
  total: number,
  type: string,
  { signal, report }: PackWatch,
): Promise<Blob> {
  const parts: BlobPart[] = [];
  let done = 0;
  let breathedAt = performance.now();
  for (const chunk of chunks) {
    // The Blob copies, so that a chunk may be a view on the weights.
    parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
    done += chunk.length;
    report(Math.min(done, total), total);
    if (performance.now() - breathedAt < breatheEveryMs) continue;
    await breathe();
    signal.throwIfAborted();
    breathedAt = performance.now();
  }
  signal.throwIfAborted();
  return new Blob(parts, { type });
}
