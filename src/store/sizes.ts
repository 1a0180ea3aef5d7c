/**
 * What is stored and how large it is. Files (of datasets, students, checkpoints) count as long as they are; rows, points
 * and answers, which the database packs in its own way, count as long as their text is (JSON, UTF-8).
 */
import { bestOf, listCheckpoints } from './checkpoints.ts';
import { fileSizes } from './checkpoint-places.ts';
import { keysOf, reading } from './database.ts';
import { listDatasets } from './datasets.ts';
import { listExperiments } from './experiments.ts';
import type { RunRecord } from './records.ts';
import { listDeletedRuns, listRuns } from './runs.ts';
import { listStudents } from './students.ts';
import { listTabModels, tabModelId } from './tab-models.ts';

export interface StoredThing {
  id: string;
  name: string;
  sizeBytes: number;
}

export interface StoredCheckpoint {
  id: string;
  step: number;
  sizeBytes: number;
  createdAt: number;
  /** The one that the run's weights are read from, and that it continues from. */
  newest: boolean;
  /** The most accurate of the run. */
  best: boolean;
  /** The one that is compared, asked and taken away, chosen by the recipe (`take`). */
  taken: boolean;
}

export interface StoredRun extends StoredThing {
  /** Curves and answers, and the weights of runs of version 1. */
  recordBytes: number;
  /** Newest first. */
  checkpoints: StoredCheckpoint[];
}

export interface StoredSizes {
  datasets: StoredThing[];
  students: StoredThing[];
  /** Language models that answer in the tab; the id is `tabModelId`. */
  tabModels: StoredThing[];
  /** Queues and results; their runs count by themselves. */
  experiments: StoredThing[];
  runs: StoredRun[];
  /** Files in folders of checkpoints that no run names: writes that were cut off, runs that are gone. */
  leftOver: { runId: string; sizeBytes: number }[];
}

const encoder = new TextEncoder();
const textBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

type Store =
  | 'dataFiles'
  | 'examples'
  | 'rows'
  | 'teacherLog'
  | 'studentFiles'
  | 'metrics'
  | 'predictions'
  | 'weights'
  | 'checkpointSlices';

/** Sums over the entries of an owner one by one: a store may be larger than the memory. */
function sumOver(store: Store, ownerId: string, sizeOf: (value: unknown) => number): Promise<number> {
  return reading(async (database) => {
    let sum = 0;
    let cursor = await database.transaction(store).store.openCursor(keysOf(ownerId));
    while (cursor !== null) {
      sum += sizeOf(cursor.value);
      cursor = await cursor.continue();
    }
    return sum;
  });
}

const blobBytes = (value: unknown): number => (value as { blob: Blob }).blob.size;
const sliceBytes = (value: unknown): number => (value as { bytes: ArrayBuffer }).bytes.byteLength;

export async function measureStored(): Promise<StoredSizes> {
  const datasets: StoredThing[] = [];
  for (const { id, name, stored = {} } of await listDatasets()) {
    let sizeBytes =
      (await sumOver('dataFiles', id, blobBytes)) +
      (await sumOver('examples', id, textBytes)) +
      (await sumOver('teacherLog', id, textBytes));
    for (const rows of Object.values(stored)) sizeBytes += await sumOver('rows', rows.id, textBytes);
    datasets.push({ id, name, sizeBytes });
  }
  const students: StoredThing[] = [];
  for (const { id, name } of await listStudents()) {
    students.push({ id, name, sizeBytes: await sumOver('studentFiles', id, blobBytes) });
  }
  const tabModels = (await listTabModels()).map((model) => ({
    id: tabModelId(model),
    name: `${model.name} (${model.precision})`,
    sizeBytes: model.files.reduce((sum, file) => sum + file.sizeBytes, 0),
  }));
  const experiments = (await listExperiments()).map((experiment) => ({
    id: experiment.id,
    name: experiment.name,
    sizeBytes: textBytes(experiment),
  }));
  const runs: StoredRun[] = [];
  const files = await fileSizes();
  for (const run of await listRuns()) {
    runs.push(await measureRun(run, files.get(run.id) ?? new Map<string, number>()));
  }
  return { datasets, students, tabModels, experiments, runs, leftOver: await leftOver(files, runs) };
}

async function measureRun(
  { id, name, takenStep }: RunRecord,
  files: ReadonlyMap<string, number>,
): Promise<StoredRun> {
  const recordBytes =
    (await sumOver('metrics', id, textBytes)) +
    (await sumOver('predictions', id, textBytes)) +
    (await sumOver('weights', id, sliceBytes));
  const records = await listCheckpoints(id);
  const best = bestOf(records);
  const checkpoints: StoredCheckpoint[] = [];
  for (const [index, record] of records.entries()) {
    const sizeBytes =
      record.where === 'files'
        ? (files.get(record.id) ?? 0)
        : record.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const { step, createdAt } = record;
    checkpoints.push({
      id: record.id,
      step,
      createdAt,
      sizeBytes,
      newest: index === 0,
      best: record.id === best?.id,
      taken: step === takenStep,
    });
  }
  const sizeBytes = checkpoints.reduce((sum, one) => sum + one.sizeBytes, recordBytes);
  return { id, name, sizeBytes, recordBytes, checkpoints };
}

/** Deleted runs that can still be had back are not left over. */
async function leftOver(
  files: ReadonlyMap<string, ReadonlyMap<string, number>>,
  runs: readonly StoredRun[],
): Promise<StoredSizes['leftOver']> {
  const named = new Set([...runs, ...(await listDeletedRuns())].map(({ id }) => id));
  return [...files].flatMap(([runId, checkpoints]) => {
    if (named.has(runId)) return [];
    return [{ runId, sizeBytes: [...checkpoints.values()].reduce((sum, size) => sum + size, 0) }];
  });
}
