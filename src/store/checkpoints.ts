/**
 * The checkpoints of runs. A record in `checkpoints` is the pointer: it is written, in one transaction, after its files
 * are whole, and only then are files that are no longer named removed. So at every moment the newest record names files
 * that were whole when it was written; whether they still are, their sizes and SHA-256 tell.
 */
import {
  checkpointParts,
  weightsOnly,
  type CheckpointFacts,
  type CheckpointFile,
  type Resumption,
} from '../distill/checkpoint.ts';
import { openCheckpoint, readCheckpoint, type OpenPart, type Reading } from '../distill/checkpoint-source.ts';
import { CheckpointError, NoRoomError, StillroomError } from '../base/errors.ts';
import { keptSteps } from '../distill/selection.ts';
import { shareOf } from '../distill/score.ts';
import type { Evaluation } from '../distill/run-state.ts';
import type { EngineState } from '../engine/engine.ts';
import type { StateSource } from '../engine/state-source.ts';
import type { T5Config, Weights } from '../student/config.ts';
import { bestPlace, places, type PlaceName } from './checkpoint-places.ts';
import { allOrNothing, keysOf, storageError, reading, writing } from './database.ts';
import { whileAtRest } from './in-use.ts';
import type { CheckpointRecord, RunRecord } from './records.ts';
import { overStored } from './runs.ts';

/** How many of the newest are kept: where the last is damaged, the one before it is there. */
export const newestKept = 2;

/** Newest first. */
export async function listCheckpoints(runId: string): Promise<CheckpointRecord[]> {
  const records = await reading((database) => database.getAll('checkpoints', keysOf(runId)));
  return records.sort((a, b) => b.step - a.step);
}

/** What a checkpoint is told beside the state. */
export type CheckpointTold = Pick<CheckpointRecord, 'elapsedMs' | 'engine' | 'accuracy' | 'loss'>;

/**
 * Writes a checkpoint of a run, and the run's record with it; then removes those that are no longer kept.
 * @param runAtSave The run's record that names this step as saved; asked for when the files are whole.
 * @param place Where to; by default the best there is.
 * @throws StorageError where the browser refuses. What was stored before is then unharmed.
 */
export async function writeCheckpoint(
  runId: string,
  state: EngineState | StateSource,
  config: T5Config,
  told: CheckpointTold,
  runAtSave: () => RunRecord,
  place?: PlaceName,
): Promise<CheckpointRecord> {
  const where = place ?? (await bestPlace());
  const id = `${state.step}-${crypto.randomUUID().slice(0, 8)}`;
  const written: CheckpointFile[] = [];
  try {
    for (const { name, file } of checkpointParts(state, config)) {
      written.push(await places[where].write(runId, id, name, file));
    }
  } catch (error) {
    await places[where].remove(runId, id).catch(() => undefined);
    // What the engine says of its device is not the store's fault.
    throw error instanceof StillroomError ? error : storageError(error);
  }
  const record: CheckpointRecord = {
    runId,
    id,
    where,
    createdAt: Date.now(),
    ...told,
    step: state.step,
    files: written,
  };
  const before = await listCheckpoints(runId);
  const run = runAtSave();
  const keep = kept([record, ...before], keptSteps(run.recipe, run.evaluations));
  const dropped = before.filter(({ id }) => !keep.has(id));
  try {
    await flip(runAtSave(), record, dropped);
  } catch (error) {
    // Without room nothing was committed. (After other failures that is not known, and files are left to `sweep`.)
    if (error instanceof NoRoomError) await places[where].remove(runId, id).catch(() => undefined);
    throw error;
  }
  for (const old of dropped) await places[old.where].remove(runId, old.id).catch(() => undefined);
  return record;
}

function flip(run: RunRecord, record: CheckpointRecord, dropped: readonly CheckpointRecord[]): Promise<void> {
  return writing(async (database) => {
    // Strict: on the disk when it is said to be, so that no file is removed that an older pointer needs.
    const transaction = database.transaction(['checkpoints', 'runs'], 'readwrite', { durability: 'strict' });
    const checkpoints = transaction.objectStore('checkpoints');
    const runs = transaction.objectStore('runs');
    const stored = await runs.get(run.id);
    await allOrNothing(transaction, (add) => {
      add(checkpoints.put(record));
      for (const { runId, id } of dropped) add(checkpoints.delete([runId, id]));
      add(runs.put(overStored(run, stored)));
    });
  });
}

/** Tells a run's checkpoint of a step, where there is one, how accurate it is: measured after it was written. */
export async function tellAccuracy(runId: string, { step, correct, total }: Evaluation): Promise<void> {
  const records = (await listCheckpoints(runId)).filter((one) => one.step === step);
  if (records.length === 0) return;
  await writing(async (database) => {
    const transaction = database.transaction('checkpoints', 'readwrite');
    await allOrNothing(transaction, (add) => {
      for (const record of records) add(transaction.store.put({ ...record, accuracy: { correct, total } }));
    });
  });
}

/** Ids of those that stay: the newest, the best by accuracy, ties by loss, and those of the steps that may yet be taken. */
export function kept(records: readonly CheckpointRecord[], steps: readonly number[] = []): Set<string> {
  const newest = [...records].sort((a, b) => b.step - a.step || b.createdAt - a.createdAt);
  const best = bestOf(records);
  const named = records.filter(({ step }) => steps.includes(step));
  return new Set([...newest.slice(0, newestKept), ...(best ? [best] : []), ...named].map(({ id }) => id));
}

/** The best by test accuracy, ties by loss; null where none was measured. */
export function bestOf(records: readonly CheckpointRecord[]): CheckpointRecord | null {
  const share = ({ accuracy }: CheckpointRecord): number => (accuracy === null ? 0 : shareOf(accuracy));
  const [best] = [...records]
    .filter(({ accuracy }) => accuracy !== null && accuracy.total > 0)
    .sort((a, b) => share(b) - share(a) || (a.loss ?? Infinity) - (b.loss ?? Infinity));
  return best ?? null;
}

/**
 * What a run continues from: its newest checkpoint that is whole; null where there is none. What a write that was cut
 * off has left is removed; damaged checkpoints are told (and go when the run continues: `trimRun`).
 */
export async function newestCheckpoint(
  runId: string,
  tell: (damage: CheckpointError) => void,
  watched: Reading = {},
): Promise<(Resumption & Pick<CheckpointFacts, 'engine'>) | null> {
  const records = await listCheckpoints(runId);
  await sweep(runId, records);
  for (const record of records) {
    try {
      const state = await openCheckpoint(record, partsOf(record), undefined, watched);
      return { state, elapsedMs: record.elapsedMs, engine: record.engine };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      tell(error);
    }
  }
  return null;
}

/**
 * The weights of a run's checkpoint of a step, piece by piece; null where there is no such checkpoint.
 * @throws CheckpointError where they are not as they were written.
 */
export async function openWeights(runId: string, step: number | null): Promise<StateSource | null> {
  const record = (await listCheckpoints(runId)).find((one) => one.step === step);
  return record === undefined ? null : openCheckpoint(weightsOnly(record), partsOf(record));
}

/** The same, all of them in memory. @throws as `openWeights`. */
export async function checkpointWeights(runId: string, step: number | null): Promise<Weights | null> {
  const record = (await listCheckpoints(runId)).find((one) => one.step === step);
  return record === undefined ? null : (await readCheckpoint(weightsOnly(record), partsOf(record))).weights;
}

/**
 * The whole state of a run's checkpoint of a step; null where there is no such checkpoint.
 * @throws CheckpointError where it is not as it was written.
 */
export async function checkpointState(runId: string, step: number): Promise<EngineState | null> {
  const record = (await listCheckpoints(runId)).find((one) => one.step === step);
  if (record === undefined) return null;
  return readCheckpoint(record, partsOf(record));
}

function partsOf({ runId, id, where }: CheckpointRecord): OpenPart {
  return (file) => places[where].open(runId, id, file);
}

/**
 * Removes one checkpoint. The run then has the weights of the newest that is left, or none; so it does where it was the
 * step that was taken.
 * @throws StorageError where it is the newest of a run at work, whose worker names it in every record that it writes.
 */
export async function removeCheckpoint(runId: string, id: string): Promise<void> {
  const [newest] = await listCheckpoints(runId);
  const remove = () => removeNow(runId, id);
  if (newest?.id === id) await whileAtRest(runId, 'Its newest checkpoint cannot be removed now.', remove);
  else await remove();
}

async function removeNow(runId: string, id: string): Promise<void> {
  const records = await listCheckpoints(runId);
  const record = records.find((one) => one.id === id);
  if (record === undefined) return;
  await writing(async (database) => {
    const transaction = database.transaction(['checkpoints', 'runs'], 'readwrite', { durability: 'strict' });
    const runs = transaction.objectStore('runs');
    const run = await runs.get(runId);
    await allOrNothing(transaction, (add) => {
      add(transaction.objectStore('checkpoints').delete([runId, id]));
      if (run === undefined) return;
      const { takenStep, ...untaken } = run;
      const isTaken = takenStep === record.step;
      const savedStep = record === records[0] ? (records[1]?.step ?? null) : run.savedStep;
      if (isTaken || savedStep !== run.savedStep) add(runs.put({ ...(isTaken ? untaken : run), savedStep }));
    });
  });
  // What cannot be removed now is swept when the run continues.
  await places[record.where].remove(runId, id).catch(() => undefined);
}

/** Removes what no record names. Only whoever holds the run may do this: another may be writing. */
async function sweep(runId: string, records: readonly CheckpointRecord[]): Promise<void> {
  for (const where of ['files', 'database'] as const) {
    try {
      const named = new Set(records.filter((one) => one.where === where).map(({ id }) => id));
      for (const id of await places[where].ids(runId)) {
        if (!named.has(id)) await places[where].remove(runId, id);
      }
    } catch {
      // Only room is at stake.
    }
  }
}

/**
 * Makes a run what it was at a step, in one transaction: later points, evaluations, answers and checkpoints go. So no point is
 * doubled when the steps are taken again.
 */
export async function trimRun(run: RunRecord, step: number): Promise<RunRecord> {
  const later = (await listCheckpoints(run.id)).filter((one) => one.step > step);
  const { takenStep: _, ...untaken } = run;
  const record: RunRecord = {
    ...untaken,
    step,
    savedStep: step > 0 ? step : null,
    evaluations: run.evaluations.filter((one) => one.step <= step),
    ...(run.watched && {
      watched: { ...run.watched, moments: run.watched.moments.filter((one) => one.step <= step) },
    }),
    comparison: run.comparison !== null && run.comparison.step > step ? null : run.comparison,
  };
  await writing(async (database) => {
    const transaction = database.transaction(['checkpoints', 'metrics', 'predictions', 'runs'], 'readwrite', {
      durability: 'strict',
    });
    const metrics = transaction.objectStore('metrics');
    const runs = transaction.objectStore('runs');
    const chunks = await metrics.getAll(keysOf(run.id));
    const stored = await runs.get(run.id);
    await allOrNothing(transaction, (add) => {
      for (const { runId, firstStep, points } of chunks) {
        if (points.at(-1)!.step <= step) continue;
        const left = points.filter((point) => point.step <= step);
        add(
          left.length === 0
            ? metrics.delete([runId, firstStep])
            : metrics.put({ runId, firstStep, points: left }),
        );
      }
      for (const { id } of later) add(transaction.objectStore('checkpoints').delete([run.id, id]));
      if (record.comparison === null) add(transaction.objectStore('predictions').delete(keysOf(run.id)));
      add(runs.put(overStored(record, stored)));
    });
  });
  for (const { where, id } of later) await places[where].remove(run.id, id).catch(() => undefined);
  return record;
}
