/** Students: their records, and the files of those that a person dropped. */
import { digest } from '../base/bytes.ts';
import { allOrNothing, keysOf, reading, writing } from './database.ts';
import { refuseWhileAtWork } from './in-use.ts';
import { holding } from './locks.ts';
import type { StudentRecord } from './records.ts';
import { listRuns } from './runs.ts';

export async function listStudents(): Promise<StudentRecord[]> {
  const records = await reading((database) => database.getAll('students'));
  return records.sort((a, b) => a.createdAt - b.createdAt);
}

export async function readStudentRecord(studentId: string): Promise<StudentRecord | null> {
  return (await reading((database) => database.get('students', studentId))) ?? null;
}

/** The files of a dropped folder, by path. */
export async function readStudentFiles(studentId: string): Promise<Map<string, Blob>> {
  const files = await reading((database) => database.getAll('studentFiles', keysOf(studentId)));
  return new Map(files.map((file) => [file.path, file.blob]));
}

/** A file is digested in pieces of this size, so that none of a gigabyte has to be in memory whole. */
const pieceBytes = 32 * 2 ** 20;

/** SHA-256 of a student by its files, whatever the folder they are in is called. */
export async function studentDigest(files: ReadonlyMap<string, Blob>): Promise<string> {
  const config = [...files.keys()].find((path) => path.split('/').at(-1) === 'config.json') ?? 'config.json';
  const prefix = config.slice(0, -'config.json'.length);
  const sums: [string, string[]][] = [];
  for (const [path, blob] of files) {
    const pieces: string[] = [];
    for (let start = 0; start < blob.size; start += pieceBytes) {
      const piece = await blob.slice(start, start + pieceBytes).arrayBuffer();
      pieces.push(await digest(new Uint8Array(piece)));
    }
    sums.push([path.startsWith(prefix) ? path.slice(prefix.length) : path, pieces]);
  }
  sums.sort(([a], [b]) => (a < b ? -1 : 1));
  return digest(new TextEncoder().encode(JSON.stringify(sums)));
}

/**
 * The id of a student by its files: of the same one that is here, or of one that was removed and that runs still name;
 * null where it was never here.
 */
export async function knownStudent(sha256: string): Promise<{ id: string; isHere: boolean } | null> {
  const here = (await listStudents()).find((one) => one.sha256 === sha256);
  if (here !== undefined) return { id: here.id, isHere: true };
  const run = (await listRuns()).find((one) => one.studentSha256 === sha256);
  return run === undefined ? null : { id: run.studentId, isHere: false };
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

/** Changes a student's record by what is stored now; its files stay, and one that was removed stays removed. */
export function changeStudent(
  studentId: string,
  change: (record: StudentRecord) => StudentRecord,
): Promise<void> {
  return writing(async (database) => {
    const { store, done } = database.transaction('students', 'readwrite');
    const stored = await store.get(studentId);
    if (stored !== undefined) await store.put(change(stored));
    await done;
  });
}

/**
 * Removes a student and its files. What its runs need of it is kept with them.
 * @throws StorageError where a run is at work on it, in any tab.
 */
export function deleteStudent(studentId: string): Promise<void> {
  return holding('student', studentId, async () => {
    await refuseWhileAtWork({ studentId }, 'Its student cannot be removed now.');
    // Loaded where it is needed: it reads tokenizers.
    const { keepForRuns } = await import('./keep-for-runs.ts');
    await keepForRuns(studentId, await readStudentFiles(studentId));
    await writing(async (database) => {
      const transaction = database.transaction(['students', 'studentFiles'], 'readwrite');
      await allOrNothing(transaction, (add) => {
        add(transaction.objectStore('students').delete(studentId));
        add(transaction.objectStore('studentFiles').delete(keysOf(studentId)));
      });
    });
  });
}
