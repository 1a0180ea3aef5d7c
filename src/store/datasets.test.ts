import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import type { Example } from '../data/example.ts';
import {
  deleteDataset,
  listDatasets,
  openRows,
  readDataFiles,
  readDataset,
  readExamplePage,
  readExamples,
  writeDataset,
  writeDatasetRecord,
} from './datasets.ts';
import type { DatasetRecord } from './records.ts';
import { RowsWriter } from './rows.ts';

withWebLocks();

const record = (id: string, createdAt = 1) => ({ id, name: id, createdAt }) as DatasetRecord;
const rows = (count: number): Example[] =>
  Array.from({ length: count }, (_, row) => ({ row, input: `in ${row}` }) as Example);
const none = { train: [], validation: [], test: [] };

it('gives any page of rows as a slice of all of them', async () => {
  const all = rows(1203);
  await writeDataset(record('long'), new Map(), { ...none, train: all, test: rows(3) });
  expect(await readExamples('long', 'train')).toEqual(all);
  expect(await readExamples('long', 'test')).toHaveLength(3);
  await fc.assert(
    fc.asyncProperty(fc.nat(1300), fc.integer({ min: 1, max: 700 }), async (start, count) => {
      expect(await readExamplePage('long', 'train', start, count)).toEqual(all.slice(start, start + count));
    }),
    { numRuns: 40 },
  );
  // A page that ends with a chunk reads that chunk, and one that begins with the next reads the next alone.
  expect(await readExamplePage('long', 'train', 499, 2)).toEqual(all.slice(499, 501));
  expect(await readExamplePage('long', 'train', 500, 500)).toEqual(all.slice(500, 1000));
});

it('rows that are read for long are found where they are once the dataset is written again with the same ones', async () => {
  /** Writes the dataset with its training rows under a new id, as a large file's are; those before are removed. */
  const write = async (sha256: string) => {
    const writer = await RowsWriter.open();
    for (const row of rows(3000)) await writer.add(row);
    const { id } = await writer.end();
    const splits = { train: { rows: 3000, rationales: 0, teacher: null } };
    const train = { id, rows: 3000, sha256, firstUntaught: null };
    const large = { ...record('large'), splits, stored: { train } } as unknown as DatasetRecord;
    await writeDataset(large, new Map(), none);
  };
  await write('same');
  const open = await openRows('large', 'train');
  expect(await open.read([0])).toEqual(rows(1));
  for (const place of [2000, 2999]) {
    await write('same');
    expect((await open.read([place]))[0]).toMatchObject({ row: place });
  }
  await write('other');
  await expect(open.read([1000])).rejects.toThrow('A row is no longer stored');
});

it('replaces a dataset whole, and removes all of it and nothing of another', async () => {
  const file = (words: string) => new Blob([words]);
  await writeDataset(record('a', 1), new Map([['1', file('one')]]), { ...none, train: rows(600) });
  await writeDataset(record('ab', 2), new Map([['1', file('other')]]), { ...none, train: rows(2) });
  await writeDataset(record('a', 3), new Map([['2', file('two')]]), { ...none, train: rows(1) });
  expect(await readExamples('a', 'train')).toHaveLength(1);
  expect([...(await readDataFiles('a')).keys()]).toEqual(['2']);
  expect((await listDatasets()).map(({ id }) => id).slice(0, 2)).toEqual(['a', 'ab']);
  await writeDatasetRecord({ ...record('a', 3), name: 'renamed' });
  expect((await readDataset('a'))?.name).toBe('renamed');
  await deleteDataset('a');
  expect([await readDataset('a'), await readExamples('a', 'train')]).toEqual([null, []]);
  expect((await readDataFiles('a')).size).toBe(0);
  expect((await readExamples('ab', 'train')).length + (await readDataFiles('ab')).size).toBe(3);
});
