/** Experiments. Worker and page change them one after the other, each in one transaction, over all tabs. */
import { StorageError } from '../base/errors.ts';
import { reading, writing } from './database.ts';
import { heldExperiments } from './locks.ts';
import type { ExperimentRecord } from './records.ts';

/** All of them, newest first. */
export async function listExperiments(): Promise<ExperimentRecord[]> {
  const records = await reading((database) => database.getAll('experiments'));
  return records.sort((a, b) => b.createdAt - a.createdAt);
}

/** Null where there is none. */
export async function readExperiment(id: string): Promise<ExperimentRecord | null> {
  return (await reading((database) => database.get('experiments', id))) ?? null;
}

export function writeExperiment(record: ExperimentRecord): Promise<void> {
  return writing(async (database) => {
    await database.put('experiments', record);
  });
}

/**
 * Changes an experiment by what is stored now; one that is gone stays gone.
 * @param change Pure: it may be called twice.
 * @returns What is stored then; null where it is gone.
 */
export function changeExperiment(
  id: string,
  change: (record: ExperimentRecord) => ExperimentRecord,
): Promise<ExperimentRecord | null> {
  return writing(async (database) => {
    const { store, done } = database.transaction('experiments', 'readwrite');
    const stored = await store.get(id);
    const next = stored === undefined ? null : change(stored);
    if (next !== null) await store.put(next);
    await done;
    return next;
  });
}

/** Removes an experiment; its runs stay. @throws StorageError where some tab is at work on it. */
export async function deleteExperiment(id: string): Promise<void> {
  if ((await heldExperiments())?.has(id) === true) {
    throw new StorageError(
      'This experiment is at work, and cannot be removed now.',
      'Pause it under Experiments, or wait for its end, then try again.',
    );
  }
  await writing(async (database) => {
    await database.delete('experiments', id);
  });
}
