/**
 * What has come of a file that is fetched from a hub, in pieces of this origin's files (OPFS), so that a break, a stop or
 * a closed tab costs the current piece alone. Pieces count from 0 without a gap; each is there whole or not at all.
 */
const folders = { student: 'hub', onnx: 'hub-models' } as const;
export type PiecesFor = keyof typeof folders;

export interface FilePieces {
  /** What has come, in order. */
  blobs(): Promise<Blob[]>;
  append(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes what has come of it. */
  clear(): Promise<void>;
}

/** @param id Names the file by its hash: letters, digits, `-`. */
export async function openPieces(id: string, of: PiecesFor): Promise<FilePieces> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(folders[of], { create: true });
  const nameOf = (index: number): string => `${id}.${index}`;
  const blobs = async (): Promise<Blob[]> => {
    const found: Blob[] = [];
    for (;;) {
      try {
        const file = await (await folder.getFileHandle(nameOf(found.length))).getFile();
        // Made, and nothing was written before the tab went.
        if (file.size === 0) return found;
        found.push(file);
      } catch {
        return found;
      }
    }
  };
  let next = (await blobs()).length;
  return {
    blobs,
    async append(bytes) {
      const handle = await folder.getFileHandle(nameOf(next), { create: true });
      // Takes the place of the file when it is closed, and not before.
      const writable = await handle.createWritable();
      await writable.write(bytes);
      await writable.close();
      next += 1;
    },
    async clear() {
      for (let index = 0; index <= next; index += 1)
        await folder.removeEntry(nameOf(index)).catch(() => undefined);
      next = 0;
    },
  };
}

/** Removes every piece of every student's file. */
export async function clearPieces(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(folders.student, { recursive: true }).catch(() => undefined);
}
