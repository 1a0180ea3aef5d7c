/** Students: their records, and the files of those that a person dropped. */
import { allOrNothing, keysOf, openDatabase, writing } from './database.ts';
import { refuseWhileAtWork } from './in-use.ts';
import { holding } from './locks.ts';
import type { StudentRecord } from './records.ts';

export async function listStudents(): Promise<StudentRecord[]> {
  const records = await (await openDatabase()).getAll('students');
  return records.sort((a, b) => a.createdAt - b.createdAt);
}

export async function readStudentRecord(studentId: string): Promise<StudentRecord | null> {
  return (await (await openDatabase()).get('students', studentId)) ?? null;
}

/** The files of a dropped folder, by path. */
export async function readStudentFiles(studentId: string): Promise<Map<string, Blob>> {
  const files = await (await openDatabase()).getAll('studentFiles', keysOf(studentId));
  return new Map(files.map((file) => [file.path, file.blob]));
}

/** Stores a student with its files, in one transaction. A bundled student has none: they are on the studio's origin. */
export function writeStudent(record: StudentRecord, files: ReadonlyMap<string, Blob>): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction(['students', 'studentFiles'], 'readwrite');
    const fileStore = transaction.objectStore('studentFiles');
    await allOrNothing(transaction, (add) => {
      add(fileStore.delete(keysOf(record.id)));
      add(transaction.objectStore('students').put(record));
      for (const [path, blob] of files) add(fileStore.put({ studentId: record.id, path, blob }));
    });
  });
}

/** Changes a student's record; its files stay. */
export function writeStudentRecord(record: StudentRecord): Promise<void> {
  return writing(async (database) => {
    await database.put('students', record);
  });
}

/** Removes a student and its files. @throws StorageError where a run is at work on it, in any tab. */
export function deleteStudent(studentId: string): Promise<void> {
  return holding('student', studentId, async () => {
    await refuseWhileAtWork({ studentId }, 'Its student cannot be removed now.');
    await writing(async (database) => {
      const transaction = database.transaction(['students', 'studentFiles'], 'readwrite');
      await allOrNothing(transaction, (add) => {
        add(transaction.objectStore('students').delete(studentId));
        add(transaction.objectStore('studentFiles').delete(keysOf(studentId)));
      });
    });
  });
}
