import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { originFiles } from '../../tests/support/origin-files.ts';
import { clearPieces, openPieces } from './hub-pieces.ts';

let folders: ReturnType<typeof originFiles>['folders'];
beforeEach(() => {
  const files = originFiles();
  ({ folders } = files);
  vi.stubGlobal('navigator', { storage: files });
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
