import 'fake-indexeddb/auto';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import type { DatasetReading } from '../data/reading.ts';
import { splitNames } from '../data/split.ts';
import { digestRows } from '../distill/checkpoint.ts';
import { openDatabase } from '../store/database.ts';
import {
  deleteDataset,
  listDatasets,
  readDataset,
  readExamplePage,
  readExamples,
} from '../store/datasets.ts';
import { RowsWriter, sweepRows } from '../store/rows.ts';
import { asDataset, readDataFile } from '../data/read-file.ts';
import { holdRows, type LargeFile } from './large-files.ts';
import { changeReading, importFiles, mapColumns, removeFile } from './import-data.ts';

// Every file is a large one, unless a test says otherwise.
const threshold = vi.hoisted(() => ({ bytes: 0 }));
vi.mock(import('../data/record-stream.ts'), async (original) => {
  const actual = await original();
  return {
    ...actual,
    get streamedFromBytes() {
      return threshold.bytes;
    },
  };
});
withWebLocks();

const silent = (): void => undefined;
const file = (name: string, rows: readonly object[]): File =>
  new File([rows.map((row) => JSON.stringify(row)).join('\n')], name);
const add = (files: readonly File[], datasetId: string | null = null, signal?: AbortSignal) =>
  importFiles(
    { type: 'import-files', datasetId, files: files.map((one) => ({ file: one, split: null })) },
    silent,
    signal,
  );
const rowsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({
    id: `r${from + at}`,
    input: `What is ${from + (at % 150)}?`,
    label: at % 7 === 0 ? 'yes' : 'no',
    rationale: at % 3 === 0 ? 'It is so.' : null,
    teacherLabel: at % 5 === 0 ? null : 'no',
  }));
const storedSlices = async (): Promise<number> => (await openDatabase()).count('rows');

/** A teacher's file that repeats the input is one by its columns. */
async function addMapped(files: readonly File[]) {
  const { datasetId } = await add(files);
  const taught = (await readDataset(datasetId))!.files.find(
    ({ name, layout }) => name.includes('rationales') && layout === 'rows',
  );
  const map = { input: '{input}', rationale: 'rationale', teacherLabel: 'label' };
  if (taught !== undefined)
    await mapColumns({ type: 'map-columns', datasetId, fileId: taught.id, map }, silent);
  return { datasetId };
}

/** The same files read as small ones. */
async function asSmall(files: readonly File[], reading: DatasetReading | null = null) {
  threshold.bytes = Infinity;
  try {
    const { datasetId } = await addMapped(files);
    if (reading !== null) await changeReading({ type: 'change-reading', datasetId, reading }, silent);
    return await summaryOf(datasetId);
  } finally {
    threshold.bytes = 0;
  }
}

async function summaryOf(datasetId: string) {
  const record = (await readDataset(datasetId))!;
  const { splits, problems, files } = record;
  return {
    splits,
    problems,
    files: files.map(({ id: _, ...one }) => one),
    train: await readExamples(datasetId, 'train'),
    test: await readExamples(datasetId, 'test'),
  };
}

it('comes to the same as a small file: rows, notes, teacher, refusals and digest', async () => {
  const train = [...rowsOf(200), { input: 'without a label' }, { input: 'x', label: ' ' }];
  const files = [file('train.jsonl', train), file('test.jsonl', rowsOf(10, 149))];
  const { datasetId } = await add(files);
  const { stored } = (await readDataset(datasetId))!;
  expect(stored).toMatchObject({ train: { rows: 200, firstUntaught: 0 }, test: { rows: 10 } });
  expect(stored!.train!.sha256).toBe(await digestRows(await readExamples(datasetId, 'train')));
  expect(await summaryOf(datasetId)).toEqual(await asSmall(files));
  // A page over the end of slices, as the screen asks for it.
  const page = await readExamplePage(datasetId, 'train', 120, 25);
  expect(page.map(({ row }) => row)).toEqual(Array.from({ length: 25 }, (_, at) => 120 + at));
});

it('is read as a stream where it is packed or an array, to the same', async () => {
  const train = JSON.stringify(rowsOf(200), null, 1);
  const test = rowsOf(10, 149)
    .map((row) => JSON.stringify(row))
    .join('\n');
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const files = [
    new File([new Uint8Array(gzipSync(bytes(train)))], 'train.json.gz'),
    new File(
      [new Uint8Array(zipSync({ 'test.jsonl': bytes(test), 'a.md': bytes('Some words.\n') }))],
      'z.zip',
    ),
  ];
  const { datasetId } = await add(files);
  expect((await readDataset(datasetId))!.stored).toMatchObject({ train: { rows: 200 }, test: { rows: 10 } });
  expect(await summaryOf(datasetId)).toEqual(await asSmall(files));
  await deleteDataset(datasetId);
});

it('is corrected and joined as a small one is, and nothing of its earlier rows is left', async () => {
  const files = [
    file('train.jsonl', rowsOf(200)),
    file(
      'train.rationales.jsonl',
      rowsOf(200).map(({ id }) => ({ id, rationale: `As ${id}.`, label: 'no' })),
    ),
  ];
  const { datasetId } = await add(files);
  expect((await readDataset(datasetId))!.problems).toEqual([]);
  expect((await readExamples(datasetId, 'train'))[7]).toMatchObject({ rationale: 'As r7.', label: 'yes' });

  const { datasetId: alone } = await add(files.slice(0, 1));
  const slices = await storedSlices();
  await changeReading(
    { type: 'change-reading', datasetId: alone, reading: { fixes: ['drop-repeated'] } },
    silent,
  );
  const record = (await readDataset(alone))!;
  expect(record.splits.train).toMatchObject({ rows: 150 });
  expect(record.splits.train!.lint).toContainEqual(
    expect.objectContaining({ kind: 'fixed-drop-repeated', count: 50 }),
  );
  expect(await storedSlices()).toBe(slices - 1);
  const holdOut = { share: 0.1, seed: 1 };
  await changeReading({ type: 'change-reading', datasetId: alone, reading: { holdOut } }, silent);
  const held = await summaryOf(alone);
  expect(held.train.length + held.test.length).toBe(200);
  await deleteDataset(alone);
  await deleteDataset(datasetId);
});

describe('is divided without being held, to the same', () => {
  const withSplits = rowsOf(200).map((row, at) => ({
    ...row,
    split: at % 9 === 0 ? 'test' : at % 11 === 0 ? 'validation' : 'train',
  }));
  const draws: DatasetReading = {
    holdOut: { share: 0.1, seed: 1 },
    validation: { share: 0.2, seed: 2 },
    subsample: { share: 0.5, seed: 3 },
    fixes: ['drop-no-value', 'drop-leaks'],
  };
  it.each<[string, File[], DatasetReading]>([
    ['by a draw', [file('train.jsonl', rowsOf(200))], draws],
    ['beside a test file', [file('train.jsonl', rowsOf(200)), file('test.jsonl', rowsOf(10, 149))], draws],
    ['by a column', [file('rows.jsonl', withSplits)], {}],
    ['by a column and a draw', [file('rows.jsonl', withSplits)], draws],
    [
      'of several pieces',
      [file('train-1.jsonl', [...rowsOf(90), { input: 'x' }]), file('train-2.jsonl', withSplits)],
      draws,
    ],
    ['of pieces as they are', [file('train-1.jsonl', rowsOf(90)), file('train-2.jsonl', rowsOf(9))], {}],
  ])('%s', async (_, files, reading) => {
    const before = await storedSlices();
    const { datasetId } = await add(files);
    await changeReading({ type: 'change-reading', datasetId, reading }, silent);
    const { stored = {}, splits } = (await readDataset(datasetId))!;
    // What is stored apart came by as a stream.
    expect(Object.keys(stored).sort()).toEqual(splitNames.filter((split) => splits[split]).sort());
    expect(stored.train!.sha256).toBe(await digestRows(await readExamples(datasetId, 'train')));
    expect(await summaryOf(datasetId)).toEqual(await asSmall(files, reading));
    const slices = Object.values(stored).reduce((sum, { rows }) => sum + Math.ceil(rows / 64), 0);
    expect(await storedSlices()).toBe(before + slices);
    await deleteDataset(datasetId);
  });
});

describe('is joined without being held, to the same', () => {
  const asked = rowsOf(120).map((row, at) => ({
    ...row,
    input: `${row.input} Number ${at} of a long line of questions that nobody would read to its end.`,
    choices: ['yes', 'no', `neither ${at}`],
  }));
  const said = asked.map(({ id, input, label }, at) => ({
    id,
    input,
    rationale: `Number ${at}, zeta${at} omega${at}, is so.`,
    label: at % 4 === 0 ? `neither ${at}` : label,
  }));
  const without = (key: string, rows: readonly object[]): object[] =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== key)));
  const named = without('input', said);
  const bare = without('id', named);
  // A reason's own words are in its own row alone.
  const known = asked.map((row, at) => ({ ...row, input: `${row.input} zeta${at} omega${at}` }));
  const shifted = [...bare.slice(2), ...bare.slice(0, 2)];
  const cases: [string, object[], object[], DatasetReading][] = [
    ['by id', asked, named, {}],
    ['by id in another order', asked, [...named].reverse(), { fixes: ['drop-repeated', 'use-gold'] }],
    ['by input in another order', without('id', asked), without('id', [...said].reverse()), {}],
    ['by row, refused ones counted', asked, [...bare.slice(0, -1), ['no row']], {}],
    ['by id, where some have no reason', asked, named.slice(5), {}],
    [
      'by those that match',
      asked,
      [...named.slice(5), { id: 'z', rationale: 'So.', label: 'yes' }],
      { onlyMatching: true },
    ],
    ['by id, where one stands twice', asked, [...named.slice(1), named[4]!], {}],
    ['by row, where they belong to other rows', known, shifted, {}],
    ['moved', known, shifted, { alarms: { train: { kind: 'shift', by: 2 } } }],
    ['left out', known, shifted, { alarms: { train: { kind: 'leave-out' } } }],
    ['and drawn', asked, named, { holdOut: { share: 0.2, seed: 4 } }],
    ['with right answers alone, which are held', asked, named, { teachers: 'right' }],
  ];
  it.each(cases)('%s', async (_, rows, taught, reading) => {
    const files = [file('train.jsonl', rows), file('train.rationales.jsonl', taught)];
    const before = await storedSlices();
    const { datasetId } = await addMapped(files);
    await changeReading({ type: 'change-reading', datasetId, reading }, silent);
    const { stored = {} } = (await readDataset(datasetId))!;
    expect(Object.keys(stored)).toEqual(
      reading.teachers !== undefined ? [] : reading.holdOut === undefined ? ['train'] : ['train', 'test'],
    );
    expect(await summaryOf(datasetId)).toEqual(await asSmall(files, reading));
    // Nothing of the teacher's rows is left.
    const slices = Object.values(stored).reduce((sum, { rows: count }) => sum + Math.ceil(count / 64), 0);
    expect(await storedSlices()).toBe(before + slices);
    await deleteDataset(datasetId);
  });

  it('where one of both is small', async () => {
    for (const [large, small] of [
      [file('train.jsonl', asked), file('train.rationales.jsonl', named)],
      [file('train.rationales.jsonl', named), file('train.jsonl', without('choices', rowsOf(120)))],
    ] as const) {
      threshold.bytes = (large.size + small.size) / 2;
      try {
        const { datasetId } = await add([large, small]);
        expect((await readDataset(datasetId))!.stored).toMatchObject({ train: { rows: 120 } });
        expect(await summaryOf(datasetId)).toEqual(await asSmall([large, small]));
        await deleteDataset(datasetId);
      } finally {
        threshold.bytes = 0;
      }
    }
  });
});

it('is not held where it is too large for that', async () => {
  const parsed = asDataset(readDataFile('f', JSON.stringify({ input: 'a', label: 'b' })));
  const large = { characters: 2 ** 31, count: 2 } as LargeFile;
  await expect(holdRows([{ parsed, large }])).rejects.toThrow(
    'Rows that are joined in this way are held in memory, which is done up to 1.07 GB; these take 2.15 GB.',
  );
});

it('is removed without reading the others again', async () => {
  const files = [
    file('train.jsonl', rowsOf(200)),
    file('valid.jsonl', rowsOf(20, 300)),
    file('test.jsonl', rowsOf(10, 149)),
  ];
  const { datasetId } = await add(files);
  const before = (await readDataset(datasetId))!;
  const said: string[] = [];
  const remove = async (name: string): Promise<void> => {
    const fileId = (await readDataset(datasetId))!.files.find((one) => one.name === name)!.id;
    await removeFile({ type: 'remove-file', datasetId, fileId }, (what) => void said.push(what));
  };
  await remove('valid.jsonl');
  const { stored } = (await readDataset(datasetId))!;
  expect(stored).toEqual({ train: before.stored!.train, test: before.stored!.test });
  await remove('train.jsonl');
  expect(said).toEqual([]);
  expect(await summaryOf(datasetId)).toEqual(await asSmall(files.slice(2)));
  expect((await readDataset(datasetId))!.stored).toEqual({ test: before.stored!.test });
  await deleteDataset(datasetId);

  // The validation rows take the place of those for testing: all is read again.
  const { datasetId: other } = await add(files);
  const test = (await readDataset(other))!.files.find((one) => one.name === 'test.jsonl')!;
  await removeFile({ type: 'remove-file', datasetId: other, fileId: test.id }, silent);
  expect(await summaryOf(other)).toEqual(await asSmall(files.slice(0, 2)));
  await deleteDataset(other);
});

it('waits for its map where its columns are not known', async () => {
  const rows = Array.from({ length: 30 }, (_, at) => ({ headline: `h ${at}`, stars: at % 5 }));
  const { datasetId } = await add([file('reviews.train.jsonl', rows)]);
  const [before] = (await readDataset(datasetId))!.files;
  expect(before).toMatchObject({ rows: 0, head: { rows: 30 } });
  const map = { input: '{headline}', label: 'stars' };
  await mapColumns({ type: 'map-columns', datasetId, fileId: before!.id, map }, silent);
  const record = (await readDataset(datasetId))!;
  expect(record.splits.train).toMatchObject({ rows: 30 });
  expect(record.files[0]).toMatchObject({ map, rows: 30 });
  await deleteDataset(datasetId);
});

it('is cancelled without a trace', async () => {
  const known = await listDatasets();
  const slices = await storedSlices();
  const cancel = new AbortController();
  const text = rowsOf(3000)
    .map((row) => JSON.stringify({ ...row, input: `${row.id} ${'x'.repeat(500)}` }))
    .join('\n');
  const reading = importFiles(
    {
      type: 'import-files',
      datasetId: null,
      files: [{ file: new File([text], 'train.jsonl'), split: null }],
    },
    (what) => {
      if (/: [1-9][\d,]* rows/.test(what)) cancel.abort();
    },
    cancel.signal,
  );
  await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(await listDatasets()).toEqual(known);
  expect(await storedSlices()).toBe(slices);
});

it('sweeps rows away that a closed tab left, and none that somebody writes or a dataset has', async () => {
  const { datasetId } = await add([file('train.jsonl', rowsOf(3))]);
  const slices = await storedSlices();
  const database = await openDatabase();
  await database.put('rows', { rowsId: 'left', slice: 0, examples: [] });
  await database.put('rows', { rowsId: 'left', slice: 1, examples: [] });
  const writer = await RowsWriter.open();
  await writer.add((await readExamples(datasetId, 'train'))[0]!);
  await writer.end();
  await sweepRows();
  expect(await storedSlices()).toBe(slices + 1);
  await writer.discard();
  expect(await readExamples(datasetId, 'train')).toHaveLength(3);
});
