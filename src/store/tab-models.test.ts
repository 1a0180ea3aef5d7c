import { beforeEach, expect, it, vi } from 'vitest';
import { originFiles } from '../../tests/support/origin-files.ts';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { openPieces } from './hub-pieces.ts';
import { keepTabModel, listTabModels, readTabModel, removeTabModel } from './tab-models.ts';

withWebLocks();
let folders: ReturnType<typeof originFiles>['folders'];
beforeEach(() => {
  const files = originFiles();
  ({ folders } = files);
  vi.stubGlobal('navigator', { locks: navigator.locks, storage: files });
});

const model = (precision: string, ...ids: string[]) => ({
  name: 'o/m',
  precision,
  files: ids.map((id) => ({ path: `${id}.onnx`, id, sizeBytes: 3 })),
});
const piece = (...bytes: number[]) => Uint8Array.from(bytes);

it('a model is kept once for each precision, and read from its pieces while all of it is there', async () => {
  await keepTabModel(model('q8', 'a'));
  await keepTabModel(model('q4', 'a', 'b'));
  await keepTabModel(model('q8', 'a'));
  expect((await listTabModels()).map(({ precision }) => precision)).toEqual(['q4', 'q8']);
  for (const bytes of [piece(1, 2), piece(3)]) await (await openPieces('a', 'onnx')).append(bytes);
  const [file] = (await readTabModel(model('q8', 'a')))!;
  expect([file!.path, ...new Uint8Array(await file!.file.arrayBuffer())]).toEqual(['a.onnx', 1, 2, 3]);
  expect(await readTabModel(model('q4', 'a', 'b'))).toBeNull();
});

it('files that another model has stay when one is removed', async () => {
  for (const id of ['a', 'b']) await (await openPieces(id, 'onnx')).append(piece(1, 2, 3));
  await keepTabModel(model('q8', 'a'));
  await keepTabModel(model('q4', 'a', 'b'));
  await removeTabModel(model('q4', 'a', 'b'));
  expect([...folders.get('hub-models')!.keys()].toSorted()).toEqual(['a.0', 'index.json']);
  await removeTabModel(model('q8', 'a'));
  expect([[...folders.get('hub-models')!.keys()], await listTabModels()]).toEqual([['index.json'], []]);
});

it('an index that is none of ours counts as no models', async () => {
  folders.set('hub-models', new Map([['index.json', new TextEncoder().encode('[{"name": 4}]')]]));
  expect(await listTabModels()).toEqual([]);
});
