import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { clearPieces, openPieces } from './hub-pieces.ts';

/** Files of an origin, in memory: folders are made only where that is asked for. */
let folders: Map<string, Map<string, Uint8Array>>;
beforeEach(() => {
  folders = new Map();
  const absent = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
  const folderOf = (files: Map<string, Uint8Array>) => ({
    getFileHandle: (name: string, { create = false } = {}) => {
      if (!files.has(name) && !create) return absent();
      if (!files.has(name)) files.set(name, new Uint8Array());
      let written = new Uint8Array();
      return Promise.resolve({
        getFile: () => Promise.resolve(new Blob([files.get(name)!.slice()])),
        createWritable: () =>
          Promise.resolve({
            write: (bytes: Uint8Array<ArrayBuffer>) => Promise.resolve(void (written = bytes)),
            close: () => Promise.resolve(void files.set(name, written)),
          }),
      });
    },
    removeEntry: (name: string) => (files.delete(name) ? Promise.resolve() : absent()),
  });
  const root = {
    getDirectoryHandle: (name: string, { create = false } = {}) => {
      if (!folders.has(name) && !create) return absent();
      if (!folders.has(name)) folders.set(name, new Map());
      return Promise.resolve(folderOf(folders.get(name)!));
    },
    removeEntry: (name: string, { recursive = false } = {}) => {
      if (!recursive && (folders.get(name)?.size ?? 0) > 0)
        return Promise.reject(new DOMException('not empty', 'InvalidModificationError'));
      return folders.delete(name) ? Promise.resolve() : absent();
    },
  };
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.resolve(root) } });
});
afterEach(() => vi.unstubAllGlobals());

const bytes = (...values: number[]) => Uint8Array.from(values);
const contents = async (id: string): Promise<number[][]> =>
  Promise.all(
    (await (await openPieces(id, 'student')).blobs()).map(async (blob) => [
      ...new Uint8Array(await blob.arrayBuffer()),
    ]),
  );

it('goes on after the last whole piece, also when it is opened again', async () => {
  const first = await openPieces('abc', 'student');
  expect(await first.blobs()).toEqual([]);
  await first.append(bytes(1, 2));
  await first.append(bytes(3));
  // A tab that went while it wrote the next one left that empty.
  folders.get('hub')!.set('abc.2', new Uint8Array());
  expect(await contents('abc')).toEqual([[1, 2], [3]]);
  await (await openPieces('abc', 'student')).append(bytes(4));
  expect(await contents('abc')).toEqual([[1, 2], [3], [4]]);
});

it('removes one file, or every one', async () => {
  const [one, other] = [await openPieces('one', 'student'), await openPieces('other', 'student')];
  for (const pieces of [one, other]) await pieces.append(bytes(7));
  folders.get('hub')!.set('one.1', new Uint8Array());
  await one.clear();
  expect([...folders.get('hub')!.keys()]).toEqual(['other.0']);
  await one.append(bytes(8));
  expect(await contents('one')).toEqual([[8]]);
  await clearPieces();
  expect(folders.has('hub')).toBe(false);
  await clearPieces();
});
