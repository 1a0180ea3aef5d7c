/**
 * Where the bytes of checkpoints lie: in files of this origin (OPFS), written by the worker through sync access
 * handles, or, where a browser has none, in slices in IndexedDB. Whatever lies there counts for nothing until a record
 * names it (checkpoints.ts): a write that was cut off leaves bytes that nobody reads.
 */
import { isMissing, sliceBytes, writeSlices, type CheckpointFile } from '../distill/checkpoint.ts';
import type { PartedFile } from '../formats/parquet.ts';
import type { StreamedFile } from '../formats/safetensors-writer.ts';
import { reading, writing } from './database.ts';

export type PlaceName = 'files' | 'database';

export interface CheckpointPlace {
  /** Writes a file whole and waits until the browser has it. */
  write(runId: string, id: string, name: CheckpointFile['name'], file: StreamedFile): Promise<CheckpointFile>;
  /** Opens a file, to be read in parts. @throws DOMException `NotFoundError` where it is not there. */
  open(runId: string, id: string, file: CheckpointFile): Promise<PartedFile>;
  /** Ids of all checkpoints of a run of which something lies here. */
  ids(runId: string): Promise<string[]>;
  /** Removes what is here of a checkpoint; a no-op where nothing is. */
  remove(runId: string, id: string): Promise<void>;
}

const folderName = 'checkpoints';

async function runFolder(runId: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(folderName, { create });
    return await all.getDirectoryHandle(runId, { create });
  } catch (error) {
    if (isMissing(error) && !create) return null;
    throw error;
  }
}

const files: CheckpointPlace = {
  async write(runId, id, name, file) {
    const run = await runFolder(runId, true);
    const folder = await run!.getDirectoryHandle(id, { create: true });
    const handle = await folder.getFileHandle(name, { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      access.truncate(0);
      const written = await writeSlices(name, file, (slice, offset) => {
        if (access.write(slice, { at: offset }) < slice.length) {
          throw new DOMException('The file took only a part of what was written.', 'QuotaExceededError');
        }
      });
      access.flush();
      return written;
    } finally {
      access.close();
    }
  },

  async open(runId, id, { name }) {
    const run = await runFolder(runId, false);
    if (run === null) throw new DOMException('the run has no files', 'NotFoundError');
    const handle = await (await run.getDirectoryHandle(id)).getFileHandle(name);
    return handle.getFile();
  },

  async ids(runId) {
    const run = await runFolder(runId, false);
    if (run === null) return [];
    const names: string[] = [];
    for await (const name of run.keys()) names.push(name);
    return names;
  },

  async remove(runId, id) {
    const run = await runFolder(runId, false);
    try {
      await run?.removeEntry(id, { recursive: true });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
};

const database: CheckpointPlace = {
  write(runId, id, name, file) {
    return writeSlices(name, file, async (bytes, offset) => {
      const slice = offset / sliceBytes;
      const { buffer } = bytes;
      await writing((store) => store.put('checkpointSlices', { runId, id, name, slice, bytes: buffer }));
    });
  },

  async open(runId, id, { name, sizeBytes }) {
    const range = IDBKeyRange.bound([runId, id, name], [runId, id, name, []]);
    const keys = await reading((database) => database.getAllKeys('checkpointSlices', range));
    const missing = () => new DOMException('it is not stored', 'NotFoundError');
    const stored = async (index: number): Promise<Uint8Array> => {
      const record = await reading((database) => database.get('checkpointSlices', keys[index]!));
      if (record === undefined) throw missing();
      return new Uint8Array(record.bytes);
    };
    if (keys.length === 0 && sizeBytes > 0) throw missing();
    // All slices but the last are as long as the first.
    const [first, last] =
      keys.length === 0 ? [0, 0] : [(await stored(0)).length, (await stored(keys.length - 1)).length];
    const size = keys.length === 0 ? 0 : (keys.length - 1) * first + last;
    const read = async (start: number, end: number): Promise<ArrayBuffer> => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      for (let filled = 0; filled < bytes.length;) {
        const index = Math.floor((start + filled) / first);
        const slice = await stored(index);
        const from = start + filled - index * first;
        const part = slice.subarray(from, from + bytes.length - filled);
        if (part.length === 0) return bytes.buffer.slice(0, filled);
        bytes.set(part, filled);
        filled += part.length;
      }
      return bytes.buffer;
    };
    return { size, slice: (start, end = size) => ({ arrayBuffer: () => read(start, end) }) };
  },

  async ids(runId) {
    const range = IDBKeyRange.bound([runId], [runId, []]);
    const keys = await reading((database) => database.getAllKeys('checkpointSlices', range));
    return [...new Set(keys.map(([, id]) => id))];
  },

  async remove(runId, id) {
    await writing((database) =>
      database.delete('checkpointSlices', IDBKeyRange.bound([runId, id], [runId, id, []])),
    );
  },
};

export const places: Record<PlaceName, CheckpointPlace> = { files, database };

let best: Promise<PlaceName> | null = null;

/** Files where this browser has them and lets us write them, else the database. Asked in a worker. */
export function bestPlace(): Promise<PlaceName> {
  best ??= hasFiles().then((has) => (has ? 'files' : 'database'));
  return best;
}

/** Some browsers have the functions and refuse them, in private windows for one: so it is tried. */
async function hasFiles(): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory();
    // Its own name: another tab may be trying at the same time.
    const name = `.probe-${crypto.randomUUID()}`;
    try {
      const handle = await root.getFileHandle(name, { create: true });
      // Throws where a browser has no such function.
      const access = await handle.createSyncAccessHandle();
      access.close();
      return true;
    } finally {
      await root.removeEntry(name).catch(() => undefined);
    }
  } catch {
    return false;
  }
}

/** Sizes of all files of checkpoints: by run, then by checkpoint; whether a record names them or not. */
export async function fileSizes(): Promise<Map<string, Map<string, number>>> {
  const sizes = new Map<string, Map<string, number>>();
  try {
    const root = await navigator.storage.getDirectory();
    for await (const [runId, run] of (await root.getDirectoryHandle(folderName)).entries()) {
      const checkpoints = new Map<string, number>();
      sizes.set(runId, checkpoints);
      for await (const [id, folder] of (run as FileSystemDirectoryHandle).entries()) {
        let sizeBytes = 0;
        for await (const file of (folder as FileSystemDirectoryHandle).values()) {
          sizeBytes += (await (file as FileSystemFileHandle).getFile()).size;
        }
        checkpoints.set(id, sizeBytes);
      }
    }
  } catch {
    // No files at all, or one that went while it was counted: what was found until then stands.
  }
  return sizes;
}

/** Removes the folder of a run, whatever is in it. Also from a page. */
export async function removeRunFiles(runId: string): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    await (await root.getDirectoryHandle(folderName)).removeEntry(runId, { recursive: true });
  } catch {
    // There are none, or no files at all. What cannot be removed now is only room.
  }
}
