import 'fake-indexeddb/auto';
import { beforeEach, expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { readDataset, writeDatasetRecord } from '../store/datasets.ts';
import { measureLengths } from './measure-lengths.ts';
import { bringRows, bringStudent, emptyStore } from './testing/tiny-store.ts';

withWebLocks();
beforeEach(emptyStore);

const limits = { maxInputTokens: 14, maxTargetTokens: 6 };

async function measured(inputs: Record<string, string[]>) {
  const datasetId = await bringRows(inputs);
  const studentId = await bringStudent();
  const told: [string, number, number][] = [];
  await measureLengths({ type: 'measure-lengths', datasetId, studentId, ...limits }, (what, done, total) => {
    told.push([what, done, total]);
  });
  return { studentId, told, lengths: (await readDataset(datasetId))!.lengths };
}

it('counts inputs with the longer prefix, labels and rationales in the student’s tokens, and what is cut', async () => {
  const { lengths, studentId, told } = await measured({ train: ['abc', 'abcd', 'abcdefg'], test: ['a'] });
  const { train, test } = lengths;
  expect(train).toMatchObject({ studentId, ...limits });
  // A token a letter, one for the start of each word, one at the end: "explain: abc" has 8 + 1 + 3 + 1 + 1.
  expect(train).toMatchObject({
    input: { max: 18, mean: (14 + 15 + 18) / 3 },
    label: { max: 4, mean: 4 },
    rationale: { max: 11, mean: (7 + 8 + 11) / 3 },
  });
  expect(train!.truncatedInputs).toBe(2);
  expect(train!.truncatedTargets).toBe(3);
  expect(train!.lostLabels).toMatchObject({ rows: 0, total: 3 });
  expect(test!.input.max).toBe(12);
  expect(told).toEqual([
    ['counting tokens', 0, 3],
    ['counting tokens', 1, 3],
    ['counting tokens', 2, 3],
    ['counting tokens', 0, 1],
  ]);
});

it('counts again where the rows changed while it counted', async () => {
  const datasetId = await bringRows({ train: ['aa', 'bb'] });
  const studentId = await bringStudent();
  const told: number[] = [];
  const change = async (): Promise<void> => {
    const record = (await readDataset(datasetId))!;
    const [file] = record.files;
    await writeDatasetRecord({ ...record, files: [{ ...file!, sizeBytes: 1 }] });
  };
  const changing: Promise<void>[] = [];
  await measureLengths({ type: 'measure-lengths', datasetId, studentId, ...limits }, (_, done) => {
    told.push(done);
    if (changing.length === 0) changing.push(change());
  });
  await Promise.all(changing);
  expect(told).toEqual([0, 1, 0, 1]);
  expect((await readDataset(datasetId))!.files[0]!.sizeBytes).toBe(1);
  expect((await readDataset(datasetId))!.lengths.train?.studentId).toBe(studentId);
});
