import 'fake-indexeddb/auto';
import { beforeEach, expect, it } from 'vitest';
import { StorageError } from '../base/errors.ts';
import { openDatabase } from './database.ts';
import { listTeachers, openTeacherLog, readTeacherLog, writeTeacher } from './teachers.ts';

beforeEach(async () => {
  const database = await openDatabase();
  for (const store of database.objectStoreNames) await database.clear(store);
});

it('teachers of a dataset are listed by their last use, and those of others are not', async () => {
  for (const [datasetId, teacherId, usedAt] of [
    ['own', 'a', 1],
    ['own', 'b', 3],
    ['own', 'c', 2],
    ['own-too', 'd', 4],
  ] as const)
    await writeTeacher({ datasetId, teacherId, usedAt } as never);
  expect((await listTeachers('own')).map(({ teacherId }) => teacherId)).toEqual(['b', 'c', 'a']);
});

it('a log is what was appended, in order, also over two openings', async () => {
  const log = await openTeacherLog('own', 't');
  expect(log.text).toBe('');
  log.append('one ');
  log.append('two ');
  log.append('three ');
  await log.flushed();
  log.append('four ');
  await log.flushed();
  const again = await openTeacherLog('own', 't');
  expect(again.text).toBe('one two three four ');
  again.append('five');
  await again.flushed();
  expect(await readTeacherLog('own', 't')).toBe('one two three four five');
  expect(await readTeacherLog('own', 'another')).toBe('');
  expect(await (await openDatabase()).count('teacherLog')).toBe(5);
});

it('pieces are numbered by the clock, a thousand for each millisecond', async () => {
  const before = Date.now();
  const log = await openTeacherLog('own', 't');
  log.append('one');
  await log.flushed();
  const [key] = await (await openDatabase()).getAllKeys('teacherLog');
  expect(key![2]).toBeGreaterThanOrEqual(1000 * before);
  expect(key![2]).toBeLessThanOrEqual(1000 * Date.now());
});

it('pieces follow those that are stored, whatever the clock says', async () => {
  const ahead = Date.now() * 2000;
  await (
    await openDatabase()
  ).put('teacherLog', { datasetId: 'own', teacherId: 't', piece: ahead, text: 'late ' });
  const log = await openTeacherLog('own', 't');
  log.append('later');
  await log.flushed();
  expect(await readTeacherLog('own', 't')).toBe('late later');
  expect((await (await openDatabase()).getAllKeys('teacherLog')).map(([, , piece]) => piece)).toEqual([
    ahead,
    ahead + 1,
  ]);
});

it('what is not stored is told to whoever asks', async () => {
  const log = await openTeacherLog('own', 't');
  log.append((() => undefined) as never);
  await expect(log.flushed()).rejects.toThrow(StorageError);
});
