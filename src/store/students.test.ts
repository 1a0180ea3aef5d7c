import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { readStudentOutline } from '../student/folder.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { readKeptStudent } from './kept-students.ts';
import type { RunRecord, StudentRecord } from './records.ts';
import { deleteRun, readRun, writeRun } from './runs.ts';
import { deleteStudent, knownStudent, studentDigest, writeStudent } from './students.ts';

withWebLocks();

const folder = (name: string) =>
  new Map([...tinyFolder()].map(([file, bytes]) => [`${name}/${file}`, new Blob([bytes as BlobPart])]));
const run = (id: string, keys: Partial<RunRecord> = {}): RunRecord =>
  ({ id, name: id, studentId: 's', studentName: 'tiny', recipe: notebookRecipe, ...keys }) as RunRecord;

it('what runs need of a student stays with them when it is removed, until the last of them goes', async () => {
  const sha256 = await studentDigest(folder('tiny'));
  await writeStudent({ id: 's', name: 'tiny', sha256 } as StudentRecord, folder('tiny'));
  await writeRun(run('one', { studentSha256: sha256 }));
  await writeRun(run('two'));
  await deleteStudent('s');
  const kept = (await readRun('one'))!.keptStudent!;
  expect((await readRun('two'))!.keptStudent).toBe(kept);
  const outline = await readStudentOutline((await readKeptStudent(kept))!, 'tiny');
  expect(outline.tokenizer.decode(outline.tokenizer.encode('hat'))).toBe('hat');

  // The same folder under another name is the student that the runs name.
  expect(await knownStudent(await studentDigest(folder('elsewhere')))).toEqual({ id: 's', isHere: false });
  const other = folder('tiny').set('tiny/tokenizer_config.json', new Blob(['{}']));
  expect(await knownStudent(await studentDigest(other))).toBeNull();

  await deleteRun('one');
  expect(await readKeptStudent(kept)).not.toBeNull();
  await deleteRun('two');
  expect(await readKeptStudent(kept)).toBeNull();
});

it('a damaged student can be removed, though nothing can be kept of it', async () => {
  await writeStudent({ id: 's', name: 'tiny' } as StudentRecord, new Map([['config.json', new Blob(['{'])]]));
  await writeRun(run('three'));
  await deleteStudent('s');
  expect((await readRun('three'))!.keptStudent).toBeUndefined();
});

it('a student is known by its bytes, in pieces of 32 MiB that stay what they are', async () => {
  const mebibytes = 2 ** 20;
  const weights = new Uint8Array(33 * mebibytes);
  weights[32 * mebibytes] = 7;
  const sha = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
    Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
  const sums = [
    ['config.json', [await sha(new TextEncoder().encode('{}'))]],
    [
      'model.safetensors',
      [await sha(weights.slice(0, 32 * mebibytes)), await sha(weights.slice(32 * mebibytes))],
    ],
  ];
  const files = new Map([
    ['x/model.safetensors', new Blob([weights])],
    ['x/config.json', new Blob(['{}'])],
  ]);
  expect(await studentDigest(files)).toBe(await sha(new TextEncoder().encode(JSON.stringify(sums))));
});
