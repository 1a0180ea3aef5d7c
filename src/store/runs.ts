/**
 * Runs: record, metrics, predictions and the weights kept so far. A run's record has two authors: the worker that is at
 * work on it, and the person, who names it, pins it or throws it away meanwhile. Neither undoes what the other wrote:
 * `labelRun` changes the labels alone, and whoever writes the whole record leaves them as they are stored.
 */
import { StorageError } from '../base/errors.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import { removeRunFiles } from './checkpoint-places.ts';
import { allOrNothing, keysOf, reading, writing } from './database.ts';
import { heldRuns } from './locks.ts';
import type { RunLabels, RunRecord } from './records.ts';

const predictionChunkLength = 500;

/** How long a deleted run can be had back. */
export const undoMs = 15_000;

/**
 * Milliseconds in which a deleted run can still be restored; 0 where they have passed. They count as passed too where
 * `deletedAt` is far ahead of `now`, since the clock was put back.
 */
export function undoLeftMs(deletedAt: number, now: number): number {
  const left = deletedAt + undoMs - now;
  return left > 0 && left <= 2 * undoMs ? left : 0;
}

/** All runs but the deleted ones, newest first. */
export async function listRuns(): Promise<RunRecord[]> {
  return (await everyRun()).filter(({ deletedAt }) => deletedAt === undefined);
}

/** Deleted runs that are not gone yet. */
export async function listDeletedRuns(): Promise<RunRecord[]> {
  return (await everyRun()).filter(({ deletedAt }) => deletedAt !== undefined);
}

async function everyRun(): Promise<RunRecord[]> {
  const records = await reading((database) => database.getAll('runs'));
  return records.map(withAllSettings).sort((a, b) => b.createdAt - a.createdAt);
}

/** Null where there is none, or it was deleted. */
export async function readRun(runId: string): Promise<RunRecord | null> {
  const record = await reading((database) => database.get('runs', runId));
  return record === undefined || record.deletedAt !== undefined ? null : withAllSettings(record);
}

/** Settings that came later than the run had the value that a missing key means. */
function withAllSettings(record: RunRecord): RunRecord {
  return { ...record, recipe: { ...notebookRecipe, ...record.recipe } };
}

/**
 * Takes over a run: from now on whoever had it before can no longer write its record. Whoever calls this holds the
 * run (locks.ts).
 * @returns Its record; null where there is none.
 */
export async function takeRun(runId: string): Promise<RunRecord | null> {
  return writing(async (database) => {
    const { store, done } = database.transaction('runs', 'readwrite');
    const stored = await store.get(runId);
    const taken = stored && { ...stored, revision: (stored.revision ?? 0) + 1 };
    if (taken !== undefined) await store.put(taken);
    await done;
    return taken === undefined || taken.deletedAt !== undefined ? null : withAllSettings(taken);
  });
}

/**
 * Writes a run's record; the labels of one that is stored already stay as they are stored.
 * @throws StorageError where another worker has taken over the run since.
 */
export function writeRun(record: RunRecord): Promise<void> {
  return writing(async (database) => {
    const { store, done } = database.transaction('runs', 'readwrite');
    await store.put(overStored(record, await store.get(record.id)));
    await done;
  });
}

/**
 * What is written over a stored record: this one, under the labels that are stored.
 * @throws StorageError where another worker has taken over the run since.
 */
export function overStored(record: RunRecord, stored: RunRecord | undefined): RunRecord {
  if (stored === undefined) return record;
  if ((stored.revision ?? 0) > (record.revision ?? 0)) {
    throw new StorageError(
      `${stored.name} was taken over by another tab, which has its newer state.`,
      'Nothing of it was changed here. See the run in that tab, or reload this one.',
    );
  }
  const { name: _name, note: _note, pinned: _pinned, about: _about, tags: _tags, ...others } = record;
  const { deletedAt: _deletedAt, ...rest } = others;
  return { ...rest, ...labelsOf(stored) };
}

function labelsOf({ name, note, pinned, about, tags, deletedAt }: RunLabels): RunLabels {
  return {
    name,
    ...(note === undefined ? {} : { note }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(about === undefined ? {} : { about }),
    ...(tags === undefined ? {} : { tags }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
  };
}

/** Changes what a person wrote on a run; a run that is gone stays gone. `deletedAt` of null takes a deletion back. */
export function labelRun(
  runId: string,
  { deletedAt, ...labels }: Partial<Omit<RunLabels, 'deletedAt'>> & { deletedAt?: number | null },
): Promise<void> {
  return writing(async (database) => {
    const { store, done } = database.transaction('runs', 'readwrite');
    const stored = await store.get(runId);
    if (stored !== undefined) {
      const { deletedAt: before, ...record } = stored;
      const after = deletedAt === undefined ? before : (deletedAt ?? undefined);
      await store.put({ ...record, ...labels, ...(after === undefined ? {} : { deletedAt: after }) });
    }
    await done;
  });
}

/** Names what was kept of a run's student; a run that is gone stays gone. */
export function keepWithRun(runId: string, keptStudent: string): Promise<void> {
  return writing(async (database) => {
    const { store, done } = database.transaction('runs', 'readwrite');
    const stored = await store.get(runId);
    if (stored !== undefined) await store.put({ ...stored, keptStudent });
    await done;
  });
}

/** Appends points in one chunk; `points` must be in order of steps and not empty. */
export function appendMetrics(runId: string, points: MetricsPoint[]): Promise<void> {
  return writing(async (database) => {
    await database.put('metrics', { runId, firstStep: points[0]!.step, points });
  });
}

/** All points of a run, in order of steps. */
export async function readMetrics(runId: string): Promise<MetricsPoint[]> {
  const chunks = await reading((database) => database.getAll('metrics', keysOf(runId)));
  return chunks.flatMap((chunk) => chunk.points);
}

/** Replaces the predictions of a run. */
export function writePredictions(runId: string, predictions: readonly Prediction[]): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction('predictions', 'readwrite');
    await allOrNothing(transaction, (add) => replacePredictions(transaction.store, add, runId, predictions));
  });
}

/**
 * Writes what a comparison found: its figures, in the record, and its answers, which replace those before, or neither.
 * @throws StorageError as `writeRun`.
 */
export function writeComparison(record: RunRecord, predictions: readonly Prediction[]): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction(['runs', 'predictions'], 'readwrite');
    const runs = transaction.objectStore('runs');
    const stored = await runs.get(record.id);
    await allOrNothing(transaction, (add) => {
      add(runs.put(overStored(record, stored)));
      replacePredictions(transaction.objectStore('predictions'), add, record.id, predictions);
    });
  });
}

interface PredictionStore {
  put: (part: { runId: string; chunk: number; predictions: Prediction[] }) => Promise<unknown>;
  delete: (keys: IDBKeyRange) => Promise<unknown>;
}

function replacePredictions(
  store: PredictionStore,
  add: (request: Promise<unknown>) => void,
  runId: string,
  predictions: readonly Prediction[],
): void {
  add(store.delete(keysOf(runId)));
  for (let start = 0; start < predictions.length; start += predictionChunkLength) {
    const part = predictions.slice(start, start + predictionChunkLength);
    add(store.put({ runId, chunk: start / predictionChunkLength, predictions: part }));
  }
}

export async function readPredictions(runId: string): Promise<Prediction[]> {
  const chunks = await reading((database) => database.getAll('predictions', keysOf(runId)));
  return chunks.flatMap((chunk) => chunk.predictions);
}

/** The weights that a run of version 1 kept, as a safetensors file; null for other runs. */
export async function readWeights(runId: string): Promise<Uint8Array | null> {
  const slices = await reading((database) => database.getAll('weights', keysOf(runId)));
  if (slices.length === 0) return null;
  const bytes = new Uint8Array(slices.reduce((sum, slice) => sum + slice.bytes.byteLength, 0));
  let offset = 0;
  for (const slice of slices) {
    bytes.set(new Uint8Array(slice.bytes), offset);
    offset += slice.bytes.byteLength;
  }
  return bytes;
}

/** Removes a deleted run for good; one that was taken back meanwhile stays, and one that a tab is storing now. */
export async function removeDeleted(runId: string): Promise<void> {
  if ((await heldRuns())?.has(runId)) return;
  const record = await reading((database) => database.get('runs', runId));
  if (record?.deletedAt !== undefined) await deleteRun(runId);
}

/** Removes a run with all that belongs to it, at once. */
export async function deleteRun(runId: string): Promise<void> {
  await writing(async (database) => {
    const transaction = database.transaction(
      ['runs', 'metrics', 'predictions', 'weights', 'checkpoints', 'checkpointSlices', 'keptStudents'],
      'readwrite',
    );
    const runs = await transaction.objectStore('runs').getAll();
    const kept = runs.find(({ id }) => id === runId)?.keptStudent;
    const isLast = !runs.some(({ id, keptStudent }) => id !== runId && keptStudent === kept);
    await allOrNothing(transaction, (add) => {
      add(transaction.objectStore('runs').delete(runId));
      add(transaction.objectStore('metrics').delete(keysOf(runId)));
      add(transaction.objectStore('predictions').delete(keysOf(runId)));
      add(transaction.objectStore('weights').delete(keysOf(runId)));
      add(transaction.objectStore('checkpoints').delete(keysOf(runId)));
      add(transaction.objectStore('checkpointSlices').delete(keysOf(runId)));
      if (kept !== undefined && isLast) add(transaction.objectStore('keptStudents').delete(kept));
    });
  });
  await removeRunFiles(runId);
}
