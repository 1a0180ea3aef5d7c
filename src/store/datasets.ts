/** Datasets, their files and their examples. */
import { RowsDigest } from '../base/rows-digest.ts';
import type { Example } from '../data/example.ts';
import type { RowSource } from '../data/row-source.ts';
import { allOrNothing, keysOf, reading, writing } from './database.ts';
import { refuseWhileAtWork } from './in-use.ts';
import { holding } from './locks.ts';
import { splits, type Split } from '../data/split-name.ts';
import type { DatasetRecord } from './records.ts';
import { Slices, storedSlices } from './rows.ts';

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

/**
 * Replaces a dataset as a whole, in one transaction: record, files and examples agree or nothing changes. Rows that the
 * record has `stored` are there already; those that it had before and has no more are removed.
 */
export function writeDataset(
  record: DatasetRecord,
  files: ReadonlyMap<string, Blob>,
  examples: Record<Split, readonly Example[]>,
): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction(['datasets', 'dataFiles', 'examples', 'rows'], 'readwrite');
    const before = storedIds(await transaction.objectStore('datasets').get(record.id));
    const after = storedIds(record);
    const fileStore = transaction.objectStore('dataFiles');
    const exampleStore = transaction.objectStore('examples');
    await allOrNothing(transaction, (add) => {
      add(fileStore.delete(keysOf(record.id)));
      add(exampleStore.delete(keysOf(record.id)));
      add(transaction.objectStore('datasets').put(record));
      for (const id of before.filter((one) => !after.includes(one)))
        add(transaction.objectStore('rows').delete(keysOf(id)));
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

function storedIds(record: DatasetRecord | undefined): string[] {
  return Object.values(record?.stored ?? {}).map(({ id }) => id);
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
        ['datasets', 'dataFiles', 'examples', 'rows', 'teachers', 'teacherLog'],
        'readwrite',
      );
      const rows = storedIds(await transaction.objectStore('datasets').get(datasetId));
      await allOrNothing(transaction, (add) => {
        add(transaction.objectStore('datasets').delete(datasetId));
        add(transaction.objectStore('dataFiles').delete(keysOf(datasetId)));
        add(transaction.objectStore('examples').delete(keysOf(datasetId)));
        for (const id of rows) add(transaction.objectStore('rows').delete(keysOf(id)));
        add(transaction.objectStore('teachers').delete(keysOf(datasetId)));
        add(transaction.objectStore('teacherLog').delete(keysOf(datasetId)));
      });
    });
  });
}

/** All examples of a split, in order: for what needs all at once. */
export async function readExamples(datasetId: string, split: Split): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const slice of eachExamples(datasetId, split)) for (const one of slice) examples.push(one);
  return examples;
}

/** The first `count` examples of a split, or all. */
export function readFirst(datasetId: string, split: Split, count: number | null): Promise<Example[]> {
  return count === null ? readExamples(datasetId, split) : readExamplePage(datasetId, split, 0, count);
}

/** By what the training rows of a dataset are known: `digestRows` of them. */
export async function trainSha256({ id, stored }: DatasetRecord): Promise<string> {
  if (stored?.train !== undefined) return stored.train.sha256;
  const digest = new RowsDigest();
  for await (const examples of eachExamples(id, 'train')) for (const one of examples) digest.add(one);
  return digest.end();
}

/** All examples of a split, in order, some at a time. */
export async function* eachExamples(datasetId: string, split: Split): AsyncGenerator<Example[], void> {
  const { slices } = await placeOf(datasetId, split);
  yield* slices.each();
}

/** `count` examples of a split from position `start`: what a pager shows. */
export async function readExamplePage(
  datasetId: string,
  split: Split,
  start: number,
  count: number,
): Promise<Example[]> {
  const { slices } = await placeOf(datasetId, split);
  const first = Math.floor(start / slices.length);
  const examples = await slices.read(first, Math.floor((start + count - 1) / slices.length));
  const offset = start - first * slices.length;
  return examples.slice(offset, offset + count);
}

/**
 * The examples of a split, of which those that are asked for are read: nobody holds all of them. Where the dataset is
 * written again meanwhile, with the same rows, they are read from where they are then.
 */
export async function openRows(datasetId: string, split: Split): Promise<RowSource> {
  const place = await placeOf(datasetId, split);
  const { record } = place;
  const summary = record?.splits[split] ?? null;
  const length = summary?.rows ?? 0;
  const stored = record?.stored?.[split];
  let { slices } = place;
  let storedId = stored?.id;
  const isTaught = summary?.teacher?.total === length;
  return {
    length,
    rationales: summary?.rationales ?? 0,
    firstUntaught: stored?.firstUntaught ?? (isTaught ? null : await firstUntaught(place.slices)),
    read: async (places) => {
      try {
        return await slices.at(places);
      } catch (error) {
        // The dataset may have been written again, with the same rows in another place: a file for testing was added.
        const now = (await readDataset(datasetId))?.stored?.[split];
        if (now === undefined || now.id === storedId || now.sha256 !== stored?.sha256) throw error;
        storedId = now.id;
        slices = storedSlices(now.id);
        return slices.at(places);
      }
    },
  };
}

async function firstUntaught(slices: Slices): Promise<number | null> {
  for await (const examples of slices.each()) {
    const first = examples.find(({ teacherLabel }) => teacherLabel === null);
    if (first !== undefined) return first.row;
  }
  return null;
}

async function placeOf(
  datasetId: string,
  split: Split,
): Promise<{ slices: Slices; record: DatasetRecord | null }> {
  const record = await readDataset(datasetId);
  const stored = record?.stored?.[split];
  if (stored !== undefined) return { slices: storedSlices(stored.id), record };
  const slices = new Slices(chunkLength, async (from, to) => {
    const range = IDBKeyRange.bound([datasetId, split, from], [datasetId, split, to]);
    return reading((database) => database.getAll('examples', range));
  });
  return { slices, record };
}
