import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import type { Example } from '../data/example.ts';
import { RowsWriter } from '../store/rows.ts';
import { rowsAt, rowsInMemory, rowsInStore, rowsOfPieces, type RowStream } from './row-stream.ts';

withWebLocks();

const examples = (count: number): Example[] =>
  Array.from({ length: count }, (_, row) => ({
    row,
    input: `i ${row}`,
    label: 'l',
    rationale: null,
    teacherLabel: null,
    question: null,
    choices: null,
  }));

async function stored(count: number): Promise<RowStream> {
  const writer = await RowsWriter.open();
  for (const example of examples(count)) await writer.add(example);
  return rowsInStore(await writer.end());
}

/** The slices of a stream, by the positions of their rows. */
async function slicesOf(rows: RowStream): Promise<number[][]> {
  const slices: number[][] = [];
  for await (const slice of rows.each()) slices.push(slice.map(({ row }) => row));
  return slices;
}
const from = (start: number, end: number) => Array.from({ length: end - start }, (_, at) => start + at);

it('rows in memory come 1,024 at a time, as often as they are asked for', async () => {
  const rows = rowsInMemory(examples(2049));
  expect(rows).toMatchObject({ length: 2049, isStored: false });
  for (let time = 0; time < 2; time += 1)
    expect(await slicesOf(rows)).toEqual([from(0, 1024), from(1024, 2048), from(2048, 2049)]);
  expect(await slicesOf(rowsInMemory([]))).toEqual([]);
});

it('stored rows come as they were written', async () => {
  const rows = await stored(300);
  expect(rows).toMatchObject({ length: 300, isStored: true });
  for (let time = 0; time < 2; time += 1) expect((await slicesOf(rows)).flat()).toEqual(from(0, 300));
});

it('pieces of one file come one after the other, each row at its place in the whole', async () => {
  const memory = rowsInMemory(examples(3));
  const both = rowsOfPieces([
    { rows: memory, offset: 0 },
    { rows: await stored(2), offset: 3 },
    { rows: memory, offset: 10 },
  ]);
  expect(both).toMatchObject({ length: 8, isStored: true });
  expect((await slicesOf(both)).flat()).toEqual([0, 1, 2, 3, 4, 10, 11, 12]);
  expect(rowsOfPieces([{ rows: memory, offset: 0 }])).toMatchObject({ length: 3, isStored: false });
});

it('a part of rows has those at its places, over the ends of slices, and reads no further than the last', async () => {
  const rows = rowsInMemory(examples(3000));
  const part = rowsAt(rows, Int32Array.of(0, 1023, 1024, 2047));
  expect(part).toMatchObject({ length: 4, isStored: false });
  expect(await slicesOf(part)).toEqual([
    [0, 1023],
    [1024, 2047],
  ]);
  expect(await slicesOf(rowsAt(rows, Int32Array.of(2999)))).toEqual([[2999]]);
  expect(await slicesOf(rowsAt(rows, new Int32Array()))).toEqual([]);
  // All of them are the rows themselves.
  expect(rowsAt(rows, Int32Array.from(from(0, 3000)))).toBe(rows);
  expect(rowsAt(await stored(2), Int32Array.of(1)).isStored).toBe(true);

  let asked = 0;
  const counted: RowStream = {
    length: 3,
    isStored: false,
    // eslint-disable-next-line @typescript-eslint/require-await -- the rows are in memory, and the interface is asynchronous
    async *each() {
      for (const example of examples(3)) {
        asked += 1;
        yield [example];
      }
    },
  };
  expect(await slicesOf(rowsAt(counted, Int32Array.of(0, 1)))).toEqual([[0], [1]]);
  expect(asked).toBe(2);
});
