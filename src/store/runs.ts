/** Runs: record, metrics, predictions and the weights kept so far. */
import { notebookRecipe } from '../distill/recipe.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import { removeRunFiles } from './checkpoint-places.ts';
import { allOrNothing, keysOf, openDatabase, writing } from './database.ts';
import type { RunRecord } from './records.ts';

const predictionChunkLength = 500;

export async function listRuns(): Promise<RunRecord[]> {
  const records = await (await openDatabase()).getAll('runs');
  return records.map(withAllSettings).sort((a, b) => b.createdAt - a.createdAt);
}

export async function readRun(runId: string): Promise<RunRecord | null> {
  const record = await (await openDatabase()).get('runs', runId);
  return record === undefined ? null : withAllSettings(record);
}

/** Settings that came later than the run had the value that a missing key means. */
function withAllSettings(record: RunRecord): RunRecord {
  return { ...record, recipe: { ...notebookRecipe, ...record.recipe } };
}

export function writeRun(record: RunRecord): Promise<void> {
  return writing(async (database) => {
    await database.put('runs', record);
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
  const chunks = await (await openDatabase()).getAll('metrics', keysOf(runId));
  return chunks.flatMap((chunk) => chunk.points);
}

/** Replaces the predictions of a run. */
export function writePredictions(runId: string, predictions: readonly Prediction[]): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction('predictions', 'readwrite');
    await allOrNothing(transaction, (add) => {
      add(transaction.store.delete(keysOf(runId)));
      for (let start = 0; start < predictions.length; start += predictionChunkLength) {
        const part = predictions.slice(start, start + predictionChunkLength);
        add(transaction.store.put({ runId, chunk: start / predictionChunkLength, predictions: part }));
      }
    });
  });
}

export async function readPredictions(runId: string): Promise<Prediction[]> {
  const chunks = await (await openDatabase()).getAll('predictions', keysOf(runId));
  return chunks.flatMap((chunk) => chunk.predictions);
}

/** The weights that a run of version 1 kept, as a safetensors file; null for other runs. */
export async function readWeights(runId: string): Promise<Uint8Array | null> {
  const slices = await (await openDatabase()).getAll('weights', keysOf(runId));
  if (slices.length === 0) return null;
  const bytes = new Uint8Array(slices.reduce((sum, slice) => sum + slice.bytes.byteLength, 0));
  let offset = 0;
  for (const slice of slices) {
    bytes.set(new Uint8Array(slice.bytes), offset);
    offset += slice.bytes.byteLength;
  }
  return bytes;
}

/** Removes a run with all that belongs to it. */
export async function deleteRun(runId: string): Promise<void> {
  await writing(async (database) => {
    const transaction = database.transaction(
      ['runs', 'metrics', 'predictions', 'weights', 'checkpoints', 'checkpointSlices'],
      'readwrite',
    );
    await allOrNothing(transaction, (add) => {
      add(transaction.objectStore('runs').delete(runId));
      add(transaction.objectStore('metrics').delete(keysOf(runId)));
      add(transaction.objectStore('predictions').delete(keysOf(runId)));
      add(transaction.objectStore('weights').delete(keysOf(runId)));
      add(transaction.objectStore('checkpoints').delete(keysOf(runId)));
      add(transaction.objectStore('checkpointSlices').delete(keysOf(runId)));
    });
  });
  await removeRunFiles(runId);
}
