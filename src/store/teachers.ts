/** Teachers that were asked for a dataset's rows, and the log of what they answered. */
import { allOrNothing, openDatabase, writing } from './database.ts';
import type { TeacherRecord } from './records.ts';

/** The teachers of a dataset, the one that was used last first. */
export async function listTeachers(datasetId: string): Promise<TeacherRecord[]> {
  const range = IDBKeyRange.bound([datasetId], [datasetId, []]);
  const records = await (await openDatabase()).getAll('teachers', range);
  return records.sort((a, b) => b.usedAt - a.usedAt);
}

export function writeTeacher(record: TeacherRecord): Promise<void> {
  return writing(async (database) => {
    await database.put('teachers', record);
  });
}

function logOf(datasetId: string, teacherId: string): IDBKeyRange {
  return IDBKeyRange.bound([datasetId, teacherId], [datasetId, teacherId, []]);
}

/** The whole log as it stands. */
export async function readTeacherLog(datasetId: string, teacherId: string): Promise<string> {
  const pieces = await (await openDatabase()).getAll('teacherLog', logOf(datasetId, teacherId));
  return pieces.map(({ text }) => text).join('');
}

/** A log that is written to, in order. */
export interface TeacherLog {
  /** Its text when it was opened. */
  text: string;
  /** Adds to its end: at once in the order of calls, stored when `flushed` resolves. */
  append: (text: string) => void;
  /** @throws StorageError where something was not stored. From then on, nothing is. */
  flushed: () => Promise<void>;
}

export async function openTeacherLog(datasetId: string, teacherId: string): Promise<TeacherLog> {
  const pieces = await (await openDatabase()).getAll('teacherLog', logOf(datasetId, teacherId));
  // By the clock, so that what two tabs write is in its order, and neither takes the other's place.
  let next = Math.max((pieces.at(-1)?.piece ?? 0) + 1, Date.now() * 1000);
  let waiting: string[] = [];
  /** Ends when nothing waits any more. */
  let write: Promise<void> = Promise.resolve();
  let isWriting = false;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const texts = waiting;
      waiting = [];
      const first = next;
      next += texts.length;
      await writing(async (database) => {
        const transaction = database.transaction('teacherLog', 'readwrite');
        await allOrNothing(transaction, (add) => {
          // Named pieces: written twice, they are the same.
          texts.forEach((text, index) =>
            add(transaction.store.put({ datasetId, teacherId, piece: first + index, text })),
          );
        });
      });
    }
    isWriting = false;
  };
  return {
    text: pieces.map(({ text }) => text).join(''),
    append(text) {
      waiting.push(text);
      if (isWriting) return;
      isWriting = true;
      write = writeAll();
      // Told by `flushed`, to whoever asks.
      write.catch(() => undefined);
    },
    flushed: () => write,
  };
}
