/**
 * The studio's IndexedDB: what can be queried lives here, record types in records.ts. Long lists (examples, metrics,
 * predictions, weights) are kept in chunks, so that one put stays small and a reader can take the tail alone.
 */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import { NoRoomError, StorageError } from '../base/errors.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import type {
  CheckpointRecord,
  DatasetRecord,
  ExampleChunk,
  ExperimentRecord,
  KeptStudent,
  RowsSlice,
  RunRecord,
  StudentRecord,
  TeacherRecord,
} from './records.ts';

interface StudioSchema extends DBSchema {
  datasets: { key: string; value: DatasetRecord };
  dataFiles: {
    key: [datasetId: string, fileId: string];
    value: { datasetId: string; fileId: string; blob: Blob };
  };
  examples: { key: [datasetId: string, split: string, chunk: number]; value: ExampleChunk };
  /** Rows of large datasets, by the id that a dataset's record has for them. */
  rows: { key: [rowsId: string, slice: number]; value: RowsSlice };
  students: { key: string; value: StudentRecord };
  studentFiles: {
    key: [studentId: string, path: string];
    value: { studentId: string; path: string; blob: Blob };
  };
  runs: { key: string; value: RunRecord };
  experiments: { key: string; value: ExperimentRecord };
  /** What runs need of their students, by its SHA-256. */
  keptStudents: { key: string; value: KeptStudent };
  metrics: {
    key: [runId: string, firstStep: number];
    value: { runId: string; firstStep: number; points: MetricsPoint[] };
  };
  predictions: {
    key: [runId: string, chunk: number];
    value: { runId: string; chunk: number; predictions: Prediction[] };
  };
  checkpoints: { key: [runId: string, id: string]; value: CheckpointRecord };
  /** Files of checkpoints, where the browser has no files for us. */
  checkpointSlices: {
    key: [runId: string, id: string, name: string, slice: number];
    value: { runId: string; id: string; name: string; slice: number; bytes: ArrayBuffer };
  };
  /** Teachers that were asked for a dataset's rows, and how. */
  teachers: { key: [datasetId: string, teacherId: string]; value: TeacherRecord };
  /** The log of a teacher's answers (teacher/answers.ts), in pieces, in order. */
  teacherLog: {
    key: [datasetId: string, teacherId: string, piece: number];
    value: { datasetId: string; teacherId: string; piece: number; text: string };
  };
  /** Weights of a run of version 1 as a safetensors file (float32), in slices; now they are in its checkpoints. */
  weights: {
    key: [runId: string, slice: number];
    value: { runId: string; slice: number; bytes: ArrayBuffer };
  };
}

export type StudioDatabase = IDBPDatabase<StudioSchema>;

const databaseName = 'stillroom';
/** Raise it with every change of the schema, and add what leads there to `upgrade`. */
export const databaseVersion = 6;

let opening: Promise<StudioDatabase> | null = null;
/** A newer version of the studio has the data now: this page or worker opens it no more. */
let isSuperseded = false;

export interface VersionWatch {
  /**
   * Another tab has opened a newer version of the studio, which waits until this connection is closed. What has to be
   * stored before is stored here; it is closed when the promise is settled.
   */
  onNewer: () => Promise<void>;
  /** True while this is the newer one, and waits for another tab to store what it has; then false. */
  onWaiting: (isWaiting: boolean) => void;
}

let watch: VersionWatch = { onNewer: () => Promise.resolve(), onWaiting: () => undefined };

/** Says what is to be done about other versions in other tabs: once, before the database is opened. */
export function watchVersions(wanted: Partial<VersionWatch>): void {
  watch = { ...watch, ...wanted };
}

/** From any earlier version to this one, version by version, in one transaction: all of it or nothing. */
async function upgrade(
  database: StudioDatabase,
  from: number,
  transaction: IDBPTransaction<StudioSchema, StoreNames<StudioSchema>[], 'versionchange'>,
): Promise<void> {
  if (from < 1) {
    database.createObjectStore('datasets', { keyPath: 'id' });
    database.createObjectStore('dataFiles', { keyPath: ['datasetId', 'fileId'] });
    database.createObjectStore('examples', { keyPath: ['datasetId', 'split', 'chunk'] });
    database.createObjectStore('students', { keyPath: 'id' });
    database.createObjectStore('studentFiles', { keyPath: ['studentId', 'path'] });
    database.createObjectStore('runs', { keyPath: 'id' });
    database.createObjectStore('metrics', { keyPath: ['runId', 'firstStep'] });
    database.createObjectStore('predictions', { keyPath: ['runId', 'chunk'] });
    database.createObjectStore('weights', { keyPath: ['runId', 'slice'] });
  }
  if (from < 2) {
    database.createObjectStore('checkpoints', { keyPath: ['runId', 'id'] });
    database.createObjectStore('checkpointSlices', { keyPath: ['runId', 'id', 'name', 'slice'] });
    const runs = transaction.objectStore('runs');
    for (const run of await runs.getAll()) await runs.put({ ...run, rowsSha256: null });
  }
  if (from < 3) {
    database.createObjectStore('teachers', { keyPath: ['datasetId', 'teacherId'] });
    database.createObjectStore('teacherLog', { keyPath: ['datasetId', 'teacherId', 'piece'] });
  }
  if (from < 4) database.createObjectStore('keptStudents', { keyPath: 'digest' });
  if (from < 5) database.createObjectStore('rows', { keyPath: ['rowsId', 'slice'] });
  if (from < 6) database.createObjectStore('experiments', { keyPath: 'id' });
}

/**
 * The one connection of this page or worker.
 * @throws StorageError where the browser has no IndexedDB for us, or the stored version is newer than this page.
 */
export function openDatabase(): Promise<StudioDatabase> {
  if (isSuperseded) return Promise.reject(supersededError());
  opening ??= openDB<StudioSchema>(databaseName, databaseVersion, {
    upgrade(database, from, _to, transaction) {
      // What cannot be brought over is left as it was: the transaction ends without a trace, and opening fails.
      upgrade(database, from, transaction).catch(() => transaction.abort());
    },
    blocking(_current, _wanted, event) {
      // A newer page waits for this one, also while the last of it is stored.
      const close = (): void => {
        isSuperseded = true;
        (event.target as IDBDatabase).close();
      };
      watch.onNewer().then(close, close);
    },
    blocked() {
      watch.onWaiting(true);
    },
    terminated() {
      opening = null;
    },
  }).then(
    (database) => {
      watch.onWaiting(false);
      return database;
    },
    (error: unknown) => {
      opening = null;
      if (error instanceof DOMException && error.name === 'VersionError') {
        isSuperseded = true;
        throw supersededError();
      }
      throw storageError(error);
    },
  );
  return opening;
}

function supersededError(): StorageError {
  return new StorageError(
    'A newer version of the studio has the data on this machine now.',
    'Reload this page to get the newer version; nothing is lost.',
  );
}

/** The browser's own storage errors in words. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'QuotaExceededError') {
    return new NoRoomError(
      'The browser has no room left for the studio’s data.',
      'Free space on this disk or remove old runs, then try again; what was stored before is unharmed.',
    );
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new StorageError(
    `The browser would not store the studio’s data (${detail}).`,
    'Check that site data is allowed for this page (a private window may forbid it), then reload.',
  );
}

/** Every key that begins with `id`, whatever follows. */
export function keysOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}

/**
 * Writes all that `write` adds, or nothing: also where a request is refused before it is made (a value that cannot be
 * cloned, a quota that is known to be exceeded), which would otherwise leave the requests before it to be committed.
 */
export async function allOrNothing(
  transaction: { done: Promise<void>; abort: () => void },
  write: (add: (request: Promise<unknown>) => void) => void,
): Promise<void> {
  const requests: Promise<unknown>[] = [transaction.done];
  const ignore = (): void => undefined;
  try {
    write((request) => requests.push(request));
  } catch (error) {
    for (const request of requests) request.catch(ignore);
    try {
      transaction.abort();
    } catch {
      // It has been aborted by what went wrong.
    }
    throw error;
  }
  await Promise.all(requests);
}

/** True where the browser says that the connection is gone: closed by it, or its files were out of reach. */
function isLost(error: unknown): boolean {
  return error instanceof Error && (error.name === 'InvalidStateError' || error.name === 'UnknownError');
}

/**
 * Runs a write and turns the browser's refusals into StorageError. Where the connection was lost, it is opened again and
 * the write tried once more: so `write` must come to the same when it is run twice.
 */
export function writing<T>(write: (database: StudioDatabase) => Promise<T>): Promise<T> {
  return withDatabase(write);
}

/** As `writing`, for a read. */
export function reading<T>(read: (database: StudioDatabase) => Promise<T>): Promise<T> {
  return withDatabase(read);
}

async function withDatabase<T>(work: (database: StudioDatabase) => Promise<T>): Promise<T> {
  const used = openDatabase();
  const database = await used;
  try {
    return await work(database);
  } catch (error) {
    if (!isLost(error)) throw storageError(error);
    if (opening === used) opening = null;
    database.close();
  }
  const again = await openDatabase();
  try {
    return await work(again);
  } catch (error) {
    throw storageError(error);
  }
}
