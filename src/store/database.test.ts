import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { openDB } from 'idb';
import { beforeEach, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import type { ExperimentRecord, RunRecord } from './records.ts';

withWebLocks();

/** A machine that has never seen the studio. */
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  vi.resetModules();
});

const keysOfVersion1: Record<string, string | string[]> = {
  datasets: 'id',
  dataFiles: ['datasetId', 'fileId'],
  examples: ['datasetId', 'split', 'chunk'],
  students: 'id',
  studentFiles: ['studentId', 'path'],
  runs: 'id',
  metrics: ['runId', 'firstStep'],
  predictions: ['runId', 'chunk'],
  weights: ['runId', 'slice'],
};
const keysOfVersion2 = {
  checkpoints: ['runId', 'id'],
  checkpointSlices: ['runId', 'id', 'name', 'slice'],
};

/** Version 1, as pages of that time made it: stores, keys, and a run with its curve and its weights. */
async function storedVersion1(): Promise<void> {
  const database = await openDB('stillroom', 1, {
    upgrade(made) {
      for (const [store, keyPath] of Object.entries(keysOfVersion1))
        made.createObjectStore(store, { keyPath });
    },
  });
  // `freeze` came later.
  const { freeze: _, ...recipe } = { ...notebookRecipe, alpha: 0.25, steps: 7 };
  const run = { id: 'r', name: 'copper-heron', createdAt: 1, savedStep: 2, evaluations: [], recipe };
  await database.put('runs', run);
  await database.put('metrics', { runId: 'r', firstStep: 1, points: [{ step: 1 }, { step: 2 }] });
  await database.put('weights', { runId: 'r', slice: 0, bytes: new Uint8Array([1, 2]).buffer });
  await database.put('weights', { runId: 'r', slice: 1, bytes: new Uint8Array([3]).buffer });
  database.close();
}

it('brings a database of version 1 over, with all that is in it', async () => {
  await storedVersion1();
  const { openDatabase, databaseVersion } = await import('./database.ts');
  const { listRuns, readMetrics, readWeights } = await import('./runs.ts');
  const database = await openDatabase();
  expect(database.version).toBe(databaseVersion);
  expect([...database.objectStoreNames]).toEqual(expect.arrayContaining(['checkpoints', 'checkpointSlices']));
  expect(await listRuns()).toEqual([
    {
      id: 'r',
      name: 'copper-heron',
      createdAt: 1,
      savedStep: 2,
      evaluations: [],
      rowsSha256: null,
      recipe: { ...notebookRecipe, alpha: 0.25, steps: 7, freeze: [] },
    },
  ]);
  expect((await readMetrics('r')).map(({ step }) => step)).toEqual([1, 2]);
  expect([...(await readWeights('r'))!]).toEqual([1, 2, 3]);
});

it('brings a database of version 2 over, with a place for what teachers answer', async () => {
  const made = await openDB('stillroom', 2, {
    upgrade(database) {
      for (const [store, keyPath] of Object.entries({ ...keysOfVersion1, ...keysOfVersion2 })) {
        database.createObjectStore(store, { keyPath });
      }
    },
  });
  await made.put('datasets', { id: 'd', name: 'rows', createdAt: 1 });
  made.close();
  const { openTeacherLog, readTeacherLog } = await import('./teachers.ts');
  const { listDatasets, deleteDataset } = await import('./datasets.ts');
  expect(await listDatasets()).toMatchObject([{ id: 'd' }]);
  const log = await openTeacherLog('d', 'chat m');
  expect(log.text).toBe('');
  log.append('one\n');
  log.append('two\n');
  await log.flushed();
  const again = await openTeacherLog('d', 'chat m');
  again.append('three\n');
  await again.flushed();
  expect(await readTeacherLog('d', 'chat m')).toBe('one\ntwo\nthree\n');
  expect(await readTeacherLog('d', 'chat m2')).toBe('');
  await deleteDataset('d');
  expect(await readTeacherLog('d', 'chat m')).toBe('');
});

it('brings a database of version 3 over, with what teachers answered in it', async () => {
  const made = await openDB('stillroom', 3, {
    upgrade(database) {
      const later = { teachers: ['datasetId', 'teacherId'], teacherLog: ['datasetId', 'teacherId', 'piece'] };
      const all = { ...keysOfVersion1, ...keysOfVersion2, ...later };
      for (const [store, keyPath] of Object.entries(all)) database.createObjectStore(store, { keyPath });
    },
  });
  await made.put('teacherLog', { datasetId: 'd', teacherId: 't', piece: 1, text: 'one' });
  made.close();
  const { readTeacherLog } = await import('./teachers.ts');
  const { openDatabase } = await import('./database.ts');
  expect(await readTeacherLog('d', 't')).toBe('one');
  expect([...(await openDatabase()).objectStoreNames]).toContain('keptStudents');
});

it('brings a dataset of version 4 over, whose rows are read and replaced as before', async () => {
  const made = await openDB('stillroom', 4, {
    upgrade(database) {
      const later = { teachers: ['datasetId', 'teacherId'], teacherLog: ['datasetId', 'teacherId', 'piece'] };
      const all = { ...keysOfVersion1, ...keysOfVersion2, ...later, keptStudents: 'digest' };
      for (const [store, keyPath] of Object.entries(all)) database.createObjectStore(store, { keyPath });
    },
  });
  const rows = Array.from({ length: 501 }, (_, row) => ({ row, input: `i ${row}`, label: 'l' }));
  await made.put('datasets', { id: 'd', name: 'rows', createdAt: 1, files: [], splits: {} });
  for (const [chunk, examples] of [rows.slice(0, 500), rows.slice(500)].entries())
    await made.put('examples', { datasetId: 'd', split: 'train', chunk, examples });
  made.close();
  const { readDataset, readExamples, readExamplePage, writeDataset } = await import('./datasets.ts');
  expect(await readExamples('d', 'train')).toEqual(rows);
  expect(await readExamplePage('d', 'train', 499, 2)).toEqual(rows.slice(499));
  const { RowsWriter } = await import('./rows.ts');
  const writer = await RowsWriter.open();
  await writer.add({ ...rows[7]!, rationale: null, teacherLabel: null, question: null, choices: null });
  const stored = { train: { ...(await writer.end()), sha256: '', firstUntaught: 7 } };
  const record = (await readDataset('d'))!;
  await writeDataset({ ...record, stored }, new Map(), { train: [], validation: [], test: [] });
  writer.letGo();
  expect(await readExamples('d', 'train')).toMatchObject([{ row: 7 }]);
});

it('brings a database of version 5 over, with a place for experiments and all runs as they were', async () => {
  const made = await openDB('stillroom', 5, {
    upgrade(database) {
      const later = { teachers: ['datasetId', 'teacherId'], teacherLog: ['datasetId', 'teacherId', 'piece'] };
      const all = {
        ...keysOfVersion1,
        ...keysOfVersion2,
        ...later,
        keptStudents: 'digest',
        rows: ['rowsId', 'slice'],
      };
      for (const [store, keyPath] of Object.entries(all)) database.createObjectStore(store, { keyPath });
    },
  });
  const run = { id: 'r', name: 'copper-heron', createdAt: 1, recipe: notebookRecipe };
  await made.put('runs', run);
  made.close();
  const { changeExperiment, deleteExperiment, listExperiments, writeExperiment } =
    await import('./experiments.ts');
  const { listRuns } = await import('./runs.ts');
  expect(await listExperiments()).toEqual([]);
  expect(await listRuns()).toEqual([run]);
  await writeExperiment({ id: 'e', name: 'alpha', createdAt: 1, runs: [] } as unknown as ExperimentRecord);
  await changeExperiment('e', (record) => ({ ...record, phase: 'paused' }));
  expect(await listExperiments()).toMatchObject([{ id: 'e', phase: 'paused' }]);
  await deleteExperiment('e');
  // One that is gone stays gone.
  expect(await changeExperiment('e', (record) => record)).toBeNull();
  expect(await listExperiments()).toEqual([]);
});

it('has the same stores when it is made again as when it is brought over', async () => {
  const stores = async (): Promise<[string, unknown][]> => {
    const { openDatabase } = await import('./database.ts');
    const database = await openDatabase();
    const names = [...database.objectStoreNames];
    const found = names.map((name): [string, unknown] => [name, database.transaction(name).store.keyPath]);
    database.close();
    return found;
  };
  const again = await stores();
  globalThis.indexedDB = new IDBFactory();
  vi.resetModules();
  await storedVersion1();
  expect(await stores()).toEqual(again);
});

it('refuses a database of a newer page in words, and leaves it alone', async () => {
  (await openDB('stillroom', 99, { upgrade: (made) => void made.createObjectStore('future') })).close();
  const { openDatabase } = await import('./database.ts');
  const refusal = await openDatabase().catch((error: unknown) => error);
  expect((refusal as Error).name).toBe('StorageError');
  expect((refusal as Error).message).toMatch(
    /newer version of the studio has the data on this machine now\. Reload/,
  );
  const after = await openDB('stillroom');
  expect([after.version, ...after.objectStoreNames]).toEqual([99, 'future']);
  after.close();
});

it('opens a lost connection again and writes then', async () => {
  const { openDatabase, writing } = await import('./database.ts');
  const { writeRun, readRun } = await import('./runs.ts');
  (await openDatabase()).close();
  await writeRun({ id: 'r', name: 'copper-heron', recipe: notebookRecipe } as RunRecord);
  expect((await readRun('r'))?.name).toBe('copper-heron');

  let tries = 0;
  const lost = writing(() => {
    tries += 1;
    return Promise.reject(new DOMException('Internal error', 'UnknownError'));
  });
  await expect(lost).rejects.toThrow(/would not store the studio’s data \(Internal error\)/);
  expect(tries).toBe(2);
});

it('does not try again what was refused for another reason', async () => {
  const { writing } = await import('./database.ts');
  let tries = 0;
  const full = writing(() => {
    tries += 1;
    return Promise.reject(new DOMException('full', 'QuotaExceededError'));
  });
  await expect(full).rejects.toThrow(/no room left/);
  expect(tries).toBe(1);
});

it('lets a newer version in once what it has is stored, and says so from then on', async () => {
  const { openDatabase, watchVersions, databaseVersion, writing } = await import('./database.ts');
  const { writeRun } = await import('./runs.ts');
  await openDatabase();
  const order: string[] = [];
  watchVersions({
    onNewer: async () => {
      await writeRun({ id: 'r', name: 'copper-heron', recipe: notebookRecipe } as RunRecord);
      order.push('saved');
    },
  });
  const newer = await openDB('stillroom', databaseVersion + 1, { blocked: () => void order.push('waits') });
  order.push('open');
  expect(order).toContain('saved');
  expect(order.at(-1)).toBe('open');
  expect(((await newer.get('runs', 'r')) as RunRecord).name).toBe('copper-heron');
  newer.close();
  await expect(writing((database) => database.get('runs', 'r'))).rejects.toThrow(
    /newer version of the studio/,
  );
});

it('reads again over a connection that was lost', async () => {
  const { openDatabase } = await import('./database.ts');
  const { listRuns } = await import('./runs.ts');
  (await openDatabase()).close();
  expect(await listRuns()).toEqual([]);
});
