/** Files on disk, with errors in words. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, NobodyReadsError, NoRoomError, StillroomError, StorageError } from '../base/errors.ts';
import type { PartedFile } from '../formats/parquet.ts';
import type { StudentFiles } from '../student/student-files.ts';
import { makeFolder } from './make-folder.ts';
import { withUnfinished } from './unfinished.ts';

/** A text file. @throws InputError where it cannot be read. */
export async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(file));
}

/** A file's bytes. @throws InputError where it cannot be read. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readWhole(file);
  } catch (error) {
    throw new InputError(`it cannot be read (${reasonOf(error)}).`, 'Check the path.', { file });
  }
}

/** Node reads no file at once that is larger: 2 GiB. */
const mostAtOnce = 2 ** 31 - 1;
const sliceBytes = 64 * 2 ** 20;

/**
 * A file's bytes, of any size.
 * @param most Bytes that are read at once; a larger file is read in slices.
 * @throws what Node does.
 */
export async function readWhole(file: string, most = mostAtOnce): Promise<Uint8Array> {
  const { size } = await stat(file);
  // A plain Uint8Array: a Buffer's slice() is a view, not a copy. (A pipe has no size, and is read to its end.)
  if (size <= most) return new Uint8Array(await readFile(file));
  const handle = await open(file);
  try {
    const whole = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const length = Math.min(sliceBytes, most, size - filled);
      const { bytesRead } = await handle.read(whole, filled, length, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return whole.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** A file on disk of which parts are read. @throws what Node does. */
export async function openRaw(file: string): Promise<PartedFile> {
  const { size } = await stat(file);
  return {
    size,
    slice: (start, end = size) => ({
      arrayBuffer: async () => {
        const handle = await open(file);
        try {
          const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
          let read = 0;
          while (read < bytes.length) {
            const { bytesRead } = await handle.read(bytes, read, bytes.length - read, start + read);
            if (bytesRead === 0) break;
            read += bytesRead;
          }
          return read === bytes.length ? bytes.buffer : bytes.buffer.slice(0, read);
        } finally {
          await handle.close();
        }
      },
    }),
  };
}

/** The same. @throws InputError where it cannot be read. */
export async function openParts(file: string): Promise<PartedFile> {
  const cannot = (error: unknown): InputError =>
    new InputError(`it cannot be read (${reasonOf(error)}).`, 'Check the path.', { file });
  const parts = await openRaw(file).catch((error: unknown) => {
    throw cannot(error);
  });
  return {
    size: parts.size,
    slice: (start, end) => ({
      arrayBuffer: async () => {
        try {
          return await parts.slice(start, end).arrayBuffer();
        } catch (error) {
          throw cannot(error);
        }
      },
    }),
  };
}

/** The first bytes of a file, fewer where it is shorter. @throws InputError where it cannot be read. */
async function readStart(file: string, sizeBytes: number): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(sizeBytes), 0, sizeBytes, 0);
      return buffer.slice(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new InputError(`it cannot be read (${reasonOf(error)}).`, 'Check the path.', { file });
  }
}

/** A student's folder on disk. @throws InputError where there is no such folder. */
export async function openFolder(folder: string): Promise<StudentFiles> {
  const sizes = new Map<string, number>();
  try {
    if (!(await stat(folder)).isDirectory()) {
      throw new InputError('this is a file, not a folder.', 'Name the folder that holds config.json.', {
        file: folder,
      });
    }
    for (const name of await readdir(folder)) {
      const found = await stat(join(folder, name)).catch((error: unknown) => {
        // A link that leads nowhere is no file; whether one is missing is for the reader to say.
        if (['ENOENT', 'ELOOP'].includes(codeOf(error))) return null;
        throw error;
      });
      if (found?.isFile()) sizes.set(name, found.size);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`it cannot be opened (${reasonOf(error)}).`, 'Check the path.', { file: folder });
  }
  return {
    names: () => [...sizes.keys()],
    sizeBytes: (name) => sizes.get(name) ?? 0,
    readStart: (name, size) => readStart(join(folder, name), size),
    read: (name) => readBytes(join(folder, name)),
  };
}

/** Writes a file, and makes its folder, where no one reads it before it is whole: in a folder that gets its name at the end. @throws StorageError where the disk refuses. */
export async function writeOutput(
  file: string,
  content: string | Uint8Array | Iterable<string>,
): Promise<void> {
  try {
    await makeFolder(dirname(file));
    await writeFile(file, content);
  } catch (error) {
    throw notWritten(file, error);
  }
}

/** Writes a file that is not there yet, with its folder. False where it is. @throws StorageError where the disk refuses. */
export async function createOutput(file: string, content: string): Promise<boolean> {
  try {
    await makeFolder(dirname(file));
    await writeFile(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    // Of the file: where its folder cannot be made since a file has that name, the path tells.
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (isThere && 'path' in error && error.path === file) return false;
    throw notWritten(file, error);
  }
}

/** Appends to a file at once. @throws StorageError where the disk refuses. */
export function appendOutput(file: string, content: string | Uint8Array): void {
  try {
    appendFileSync(file, content);
  } catch (error) {
    throw notWritten(file, error);
  }
}

/**
 * Removes a file or a folder with all that is in it, if it is there.
 * @param recursive False: a file or a link alone.
 * @throws StorageError where the disk refuses.
 */
export async function removeOutput(path: string, recursive = true): Promise<void> {
  try {
    await rm(path, { recursive, force: true });
  } catch (error) {
    throw new StorageError(`${path} cannot be removed (${reasonOf(error)}).`, 'Choose another --out.');
  }
}

/** Where a file is written before it takes its name. */
export const besideOf = (file: string): string => `${file}.tmp`;

/**
 * Writes a file so that its name stands for the whole of it or for what it was before: beside it, through to the disk,
 * then over it. What a link beside it leads to is left as it is. @throws StorageError where the disk refuses.
 */
export async function replaceOutput(
  file: string,
  content: string | Uint8Array | Iterable<string>,
): Promise<void> {
  const beside = besideOf(file);
  await removeOutput(beside, false);
  await withUnfinished(beside, async () => {
    await writeOutput(beside, content);
    await flushOutput(beside);
    await renameOutput(beside, file);
  });
}

/**
 * Writes a file that a person named, whole or not at all: beside its place under a name that nothing else has, then over
 * it. A link is followed, and what is no file (a pipe, a terminal) is written to as it is.
 * @throws StorageError where the disk refuses: what was there before is then unharmed.
 */
export async function writeWhole(
  file: string,
  content: string | Uint8Array | Iterable<string>,
): Promise<void> {
  const place = await realPath(file);
  const before = await stat(file).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw notWritten(file, error);
  });
  if (before !== null && !before.isFile()) return writeOutput(file, content);
  const beside = `${place}.tmp-${randomUUID()}`;
  await withUnfinished(beside, async () => {
    await makeFolder(dirname(place));
    await writeFile(beside, content, { flag: 'wx', ...(before === null ? {} : { mode: before.mode }) });
    await flushOutput(beside);
    await rename(beside, place);
  }).catch((error: unknown) => {
    throw error instanceof StillroomError ? error : notWritten(file, error);
  });
}

/** Waits until a file, or a folder's list of names, is on the disk. @throws StorageError where the disk refuses. */
export async function flushOutput(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // Windows flushes no folders, and pipes and devices cannot be flushed at all.
    if (['EISDIR', 'EPERM', 'EINVAL'].includes(codeOf(error))) return;
    throw notWritten(path, error);
  }
}

/** Gives a file or folder another name, at once. @throws StorageError where the disk refuses. */
export async function renameOutput(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    throw notWritten(to, error);
  }
}

/** The names in a folder; none where there is no such folder. @throws InputError where it is a file or stays closed. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') {
      throw new InputError('this is a file, or lies below one.', 'Name a folder.', { file: folder });
    }
    throw new InputError(`it cannot be opened (${reasonOf(error)}).`, 'Name another folder.', {
      file: folder,
    });
  }
}

/**
 * Refuses a place that is not new or empty, so that nothing in it is replaced.
 * @throws InputError where it is a file, or a folder that holds something.
 */
export async function checkEmpty(path: string): Promise<void> {
  if (path === '') throw new InputError('--out names no folder.', 'Name a new one.');
  if ((await namesIn(path)).length === 0) return;
  throw new InputError('this folder is not empty, and nothing in it is replaced.', 'Choose another --out.', {
    file: path,
  });
}

/** A file that is made chunk by chunk, under its path within a folder. */
interface ChunkedOutput {
  path: string;
  chunks(): Iterable<Uint8Array>;
}

/**
 * Writes a folder that is not there yet, or is empty, so that it is there whole or not at all.
 * @throws StorageError where the disk refuses; InputError as `checkEmpty`.
 */
export async function writeNewFolder(folder: string, files: readonly ChunkedOutput[]): Promise<void> {
  await checkEmpty(folder);
  const place = await realPath(folder);
  const beside = `${place}.tmp-${randomUUID()}`;
  await withUnfinished(beside, async () => {
    await makeFolder(dirname(place));
    await mkdir(beside);
    for (const file of files) await writeChunks(join(beside, file.path), file.chunks());
    if (existsSync(place)) await rmdir(place);
    await rename(beside, place);
  }).catch((error: unknown) => {
    throw error instanceof InputError ? error : notWritten(folder, error);
  });
}

/** Writes a file that is not there yet, whole or not at all. @throws StorageError where the disk refuses. */
export async function writeNewFile(file: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const place = await realPath(file);
  const beside = `${place}.tmp-${randomUUID()}`;
  await withUnfinished(beside, async () => {
    await writeChunks(beside, chunks);
    // Fails where the name was taken meanwhile, where a rename would replace it.
    await link(beside, place);
  }).catch((error: unknown) => {
    throw notWritten(file, error);
  });
}

async function writeChunks(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  await makeFolder(dirname(path));
  const file = await open(path, 'wx');
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Links that are followed to what is not there yet, as many as systems follow to what is. */
const mostLinks = 40;

/** Where a path leads when links are followed, also to what is not there yet; a link in a circle is left as it is. */
export async function realPath(path: string, links = mostLinks): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole);
  } catch (error) {
    if (links === 0 || codeOf(error) === 'ELOOP') return whole;
  }
  const above = dirname(whole);
  if (above === whole) return whole;
  const parent = await realPath(above, links);
  const led = await readlink(whole).catch(() => null);
  return led === null ? join(parent, basename(whole)) : realPath(resolve(parent, led), links - 1);
}

/** Whether two paths lead to one file or folder, by links of any kind too. */
export async function isSamePlace(one: string, other: string): Promise<boolean> {
  if ((await realPath(one)) === (await realPath(other))) return true;
  const found = (path: string) => stat(path).catch(() => null);
  const [a, b] = await Promise.all([found(one), found(other)]);
  return a !== null && b !== null && a.ino === b.ino && a.dev === b.dev;
}

/** What a disk's refusal means, in words. */
export function notWritten(file: string, error: unknown): StorageError {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new NoRoomError(
      `${file} cannot be written (${reasonOf(error)}).`,
      'Nothing that was kept is lost. Free some space and try again (a run: train --resume), or choose another --out.',
    );
  }
  if (code === 'EPIPE')
    return new NobodyReadsError(`Nobody reads ${file} any more.`, 'It was not written to its end.');
  return new StorageError(
    `${file} cannot be written (${reasonOf(error)}).`,
    'Choose another --out, or change the rights of its folder.',
  );
}

/** Where what comes with the studio lies: in the project, in the package. */
const bundledFolders = ['public', 'studio'];

/** The folder of what comes with the studio, seen from the bundled program. */
export function bundledFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const found = bundledFolders
      .map((name) => join(folder, name))
      .find((one) => existsSync(join(one, 'students')));
    if (found !== undefined) return found;
    const parent = dirname(folder);
    if (parent === folder) {
      throw new InputError(
        'The bundled student and sample were not found.',
        'Name --student and --train yourself.',
      );
    }
    folder = parent;
  }
}

/** Node's name for what a system refused; empty for anything else. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'this is a folder';
    case 'EROFS':
      return 'this disk can only be read';
    case 'ENOTDIR':
      return 'it lies below a file';
    case 'EEXIST':
      return 'a file, or a link that leads nowhere, has its name';
    case 'ELOOP':
      return 'its links lead in a circle';
    case 'ENAMETOOLONG':
      return 'its name is too long';
    case 'ENOSPC':
      return 'the disk is full';
    case 'EDQUOT':
      return 'no more room is granted on this disk';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
