import 'fake-indexeddb/auto';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { DataFile } from '../data/read-file.ts';
import { openDatabase } from '../store/database.ts';
import type { DatasetRecord } from '../store/records.ts';
import { Staging } from './large-files.ts';
import { fileRecord, nameOf, openFile, reopen, taughtRecord, type OpenFile } from './open-files.ts';

const staging = () => new Staging(() => undefined, new AbortController().signal, []);
const open = async (name: string, text: string) => {
  const blob = new Blob([text]);
  const [read] = await openFile(name, blob, () => null, staging());
  return { id: name, blob, split: null, ...read! } satisfies OpenFile;
};
const rows = (count: number) =>
  Array.from({ length: count }, (_, at) => JSON.stringify({ input: `i ${at}`, label: 'l' })).join('\n');

describe('a dataset of files', () => {
  it('is called as the one with the most rows, without its ending and what it is for', async () => {
    const files = [await open('few.jsonl', rows(1)), await open('many.train.jsonl', rows(3))];
    expect(nameOf(files)).toBe('many');
    expect(nameOf(files.slice(0, 1))).toBe('few');
    const named = (name: string) => nameOf([{ ...files[0]!, name }]);
    expect(['a-test.csv', 'a_dev.json', 'test.jsonl', 'a.b.parquet'].map(named)).toEqual([
      'a',
      'a',
      'test.jsonl',
      'a.b',
    ]);
    expect(nameOf([])).toBe('dataset');
    // A teacher's file and a file that could not be read add no rows.
    const teacher = {
      ...files[1]!,
      name: 'teacher.jsonl',
      parsed: { kind: 'rationales', positions: 9 } as DataFile,
    };
    expect(nameOf([teacher, files[0]!])).toBe('few');
    expect(nameOf([{ ...files[1]!, name: 'strange.csv', parsed: null }, files[0]!])).toBe('few');
  });
});

describe('what a record says of a file', () => {
  it('is its size, its rows and those that were refused', async () => {
    const file = await open('mine.jsonl', `${rows(2)}\n{"input": 3}`);
    expect(fileRecord(file, 'train')).toMatchObject({
      id: 'mine.jsonl',
      name: 'mine.jsonl',
      sizeBytes: file.blob.size,
      layout: 'rows',
      split: 'train',
      splitChosen: false,
      rows: 2,
    });
    expect(fileRecord(file, 'train').refused).toHaveLength(1);
    expect(fileRecord({ ...file, split: 'test' }, 'test')).toMatchObject({
      split: 'test',
      splitChosen: true,
    });
    for (const key of ['within', 'map', 'unread']) expect(fileRecord(file, 'train')).not.toHaveProperty(key);
  });

  it('the record of a file with unknown columns has the reason, and the split that a person chose', async () => {
    const blob = new Blob(['headline,stars\nx,1\n']);
    const [read] = await openFile('strange.csv', blob, () => null, staging());
    const file: OpenFile = { id: 's', blob, split: 'test', ...read! };
    expect(file.parsed).toBeNull();
    const record = fileRecord(file, null);
    expect(record).toMatchObject({
      layout: 'mapped',
      split: 'test',
      splitChosen: true,
      rows: 0,
      refused: [],
    });
    expect(record.unread).toBeTypeOf('string');
    expect(record.head?.columns).toHaveLength(2);
  });

  it('of a teacher that was asked is for training', () => {
    const blob = new Blob(['abc']);
    expect(taughtRecord({ id: 't', name: 'reasons by small', blob, rows: [{}, {}] as never })).toEqual({
      id: 't',
      name: 'reasons by small',
      sizeBytes: 3,
      layout: 'taught',
      split: 'train',
      splitChosen: true,
      rows: 2,
      refused: [],
    });
  });

  it('that is no file of rows is refused', async () => {
    await expect(open('a.jsonl', 'no rows at all')).rejects.toThrow();
  });
});

describe('the stored files of a dataset', () => {
  it('are read again under the names that they had, one within another too', async () => {
    const zip = zipSync({
      'b/rows.jsonl': new TextEncoder().encode(rows(2)),
      'other.jsonl': new Uint8Array(3),
    });
    const blobs = { plain: new Blob([rows(1)]), packed: new Blob([zip]) };
    const database = await openDatabase();
    for (const [fileId, blob] of Object.entries(blobs))
      await database.put('dataFiles', { datasetId: 'd', fileId, blob });
    const record = {
      id: 'd',
      files: [
        { id: 'plain', name: 'plain.jsonl', split: 'train', splitChosen: false },
        {
          id: 'packed',
          name: 'a.zip/b/rows.jsonl',
          within: 'b/rows.jsonl',
          split: 'test',
          splitChosen: true,
        },
        { id: 'gone', name: 'gone.jsonl' },
      ],
    } as unknown as DatasetRecord;
    const { files } = await reopen(record, staging());
    expect(
      files.map(({ id, name, within, split, parsed }) => [id, name, within, split, parsed?.rows.length]),
    ).toEqual([
      ['plain', 'plain.jsonl', null, null, 1],
      ['packed', 'a.zip/b/rows.jsonl', 'b/rows.jsonl', 'test', 2],
    ]);
    const left = await reopen(record, staging(), null, ['plain.jsonl']);
    expect(left.files.map(({ id }) => id)).toEqual(['packed']);
  });
});
