/** Datasets, their files and their examples. */
import type { Example } from '../data/example.ts';
import { allOrNothing, keysOf, reading, writing } from './database.ts';
import { refuseWhileAtWork } from './in-use.ts';
import { holding } from './locks.ts';
import { splits, type Split } from '../data/split-name.ts';
import type { DatasetRecord } from './records.ts';

/** Examples to a chunk: small enough that one page of examples costs one read. */
const chunkLength = 500;

export async function listDatasets(): Promise<DatasetRecord[]> {
  const records = await reading((database) => database.getAll('datasets'));
  return records.sort((a, b) => b.createdAt - a.createdAt);
}

export async function readDataset(datasetId: string): Promise<DatasetRecord | null> {
  return (await reading((database) => database.get('datasets', datasetId))) ?? null;
}

/** Changes a dataset's record without touching files or examples. */
export function writeDatasetRecord(record: DatasetRecord): Promise<void> {
  return writing(async (database) => {
    await database.put('datasets', record);
  });
}

/** The bytes of a dataset's files, by file id. */
export async function readDataFiles(datasetId: string): Promise<Map<string, Blob>> {
  const files = await reading((database) => database.getAll('dataFiles', keysOf(datasetId)));
  return new Map(files.map((file) => [file.fileId, file.blob]));
}

/** Replaces a dataset as a whole, in one transaction: record, files and examples agree or nothing changes. */
export function writeDataset(
  record: DatasetRecord,
  files: ReadonlyMap<string, Blob>,
  examples: Record<Split, readonly Example[]>,
): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction(['datasets', 'dataFiles', 'examples'], 'readwrite');
    const fileStore = transaction.objectStore('dataFiles');
    const exampleStore = transaction.objectStore('examples');
    await allOrNothing(transaction, (add) => {
      add(fileStore.delete(keysOf(record.id)));
      add(exampleStore.delete(keysOf(record.id)));
      add(transaction.objectStore('datasets').put(record));
      for (const [fileId, blob] of files) add(fileStore.put({ datasetId: record.id, fileId, blob }));
      for (const split of splits) {
        const rows = examples[split];
        for (let start = 0; start < rows.length; start += chunkLength) {
          const chunk = start / chunkLength;
          const part = rows.slice(start, start + chunkLength);
          add(exampleStore.put({ datasetId: record.id, split, chunk, examples: part }));
        }
      }
    });
  });
}

/**
 * Removes a dataset with all that belongs to it, what teachers answered too.
 * @throws StorageError where a run is at work on it, in any tab.
 */
export function deleteDataset(datasetId: string): Promise<void> {
  return holding('dataset', datasetId, async () => {
    await refuseWhileAtWork({ datasetId }, 'Its dataset cannot be removed now.');
    await writing(async (database) => {
      const transaction = database.transaction(
        ['datasets', 'dataFiles', 'examples', 'teachers', 'teacherLog'],
        'readwrite',
      );
      await allOrNothing(transaction, (add) => {
        add(transaction.objectStore('datasets').delete(datasetId));
        add(transaction.objectStore('dataFiles').delete(keysOf(datasetId)));
        add(transaction.objectStore('examples').delete(keysOf(datasetId)));
        add(transaction.objectStore('teachers').delete(keysOf(datasetId)));
        add(transaction.objectStore('teacherLog').delete(keysOf(datasetId)));
      });
    });
  });
}

/** All examples of a split, in order. */
export async function readExamples(datasetId: string, split: Split): Promise<Example[]> {
  const range = IDBKeyRange.bound([datasetId, split], [datasetId, split, []]);
  const chunks = await reading((database) => database.getAll('examples', range));
  return chunks.flatMap((chunk) => chunk.examples);
}

/** `count` examples of a split from position `start`: what a pager shows. */
export async function readExamplePage(
  datasetId: string,
  split: Split,
  start: number,
  count: number,
): Promise<Example[]> {
  const first = Math.floor(start / chunkLength);
  const last = Math.floor((start + count - 1) / chunkLength);
  const range = IDBKeyRange.bound([datasetId, split, first], [datasetId, split, last]);
  const chunks = await reading((database) => database.getAll('examples', range));
  const offset = start - first * chunkLength;
  return chunks.flatMap((chunk) => chunk.examples).slice(offset, offset + count);
}
