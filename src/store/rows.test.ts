import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { StorageError } from '../base/errors.ts';
import { openDatabase } from './database.ts';
import { RowsWriter, sliceRows, Slices, storedSlices, sweepRows } from './rows.ts';

withWebLocks();

/** Slices of `length` out of rows 0 to `count`, and which reads of them were made. */
function counted(count: number, length: number) {
  const reads: [number, number][] = [];
  const slices = new Slices<number>(length, (from, to) => {
    reads.push([from, to]);
    const found: { examples: number[] }[] = [];
    for (let slice = from; slice <= to && slice * length < count; slice += 1) {
      const first = slice * length;
      found.push({
        examples: Array.from({ length: Math.min(length, count - first) }, (_, at) => first + at),
      });
    }
    return Promise.resolve(found);
  });
  return { slices, reads };
}

const all = async <Row>(slices: Slices<Row>): Promise<Row[][]> => {
  const read: Row[][] = [];
  for await (const rows of slices.each()) read.push(rows);
  return read;
};

it('all rows are read about a thousand at a time, to the last and not beyond', async () => {
  for (const [count, pieces, lastRead] of [
    [0, [], 0],
    [1000, [1000], 0],
    [1024, [1024], 1],
    [2050, [1024, 1024, 2], 2],
  ] as const) {
    const { slices, reads } = counted(count, 64);
    const read = await all(slices);
    expect(read.map(({ length }) => length)).toEqual(pieces);
    expect(read.flat()).toEqual(Array.from({ length: count }, (_, at) => at));
    expect(reads.at(-1)).toEqual([lastRead * 16, lastRead * 16 + 15]);
  }
});

it('single rows come in their order, each slice read once while it is held', async () => {
  const { slices, reads } = counted(300, 10);
  expect(await slices.at([299, 0, 9, 10, 0])).toEqual([299, 0, 9, 10, 0]);
  expect(reads).toEqual([
    [29, 29],
    [0, 0],
    [1, 1],
  ]);
  expect(await slices.at([5, 15])).toEqual([5, 15]);
  expect(reads).toHaveLength(3);
  await expect(slices.at([300])).rejects.toThrow(StorageError);
});

it('256 slices are held, and what was used last is let go last', async () => {
  const { slices, reads } = counted(2580, 10);
  const first = (slice: number) => slices.at([slice * 10]);
  for (let slice = 0; slice < 256; slice += 1) await first(slice);
  await first(0);
  expect(reads).toHaveLength(256);
  await first(256);
  await first(0);
  await first(2);
  expect(reads).toHaveLength(257);
  await first(1);
  expect(reads.at(-1)).toEqual([1, 1]);
  expect(reads).toHaveLength(258);
});

it('rows are written as they come, and read as they were written', async () => {
  const count = sliceRows * 32 + 70;
  const writer = await RowsWriter.open<number>();
  for (let row = 0; row < count; row += 1) await writer.add(row);
  expect(await writer.end()).toEqual({ id: writer.id, rows: count });
  // Ended twice, nothing is written twice.
  expect(await writer.end()).toEqual({ id: writer.id, rows: count });
  const rows = (await all(storedSlices<number>(writer.id))).flat();
  expect(rows).toEqual(Array.from({ length: count }, (_, row) => row));
  expect(await storedSlices<number>(writer.id).at([count - 1, 64])).toEqual([count - 1, 64]);
  const kept = await (await openDatabase()).getAllKeys('rows');
  expect(kept).toHaveLength(34);
  await writer.discard();
  expect(await (await openDatabase()).count('rows')).toBe(0);
});

it('rows that nobody names and nobody is writing are swept away', async () => {
  const [named, lost, writing] = [
    await RowsWriter.open<number>(),
    await RowsWriter.open<number>(),
    await RowsWriter.open<number>(),
  ];
  for (const writer of [named, lost, writing]) {
    await writer.add(1);
    await writer.end();
  }
  await (await openDatabase()).put('datasets', { id: 'own', stored: { train: { id: named.id } } } as never);
  named.letGo();
  lost.letGo();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await sweepRows();
  const left = (await (await openDatabase()).getAllKeys('rows')).map(([id]) => id);
  expect(left.toSorted()).toEqual([named.id, writing.id].toSorted());
});
