import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointError } from '../base/errors.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { EngineState } from '../engine/engine.ts';
import { readState } from '../engine/state-source.ts';
import { parseT5Config } from '../student/config.ts';
import { tinyConfig, tinyTensors } from '../student/testing/tiny-student.ts';
import { places } from './checkpoint-places.ts';
import {
  bestOf,
  checkpointState,
  checkpointWeights,
  kept,
  listCheckpoints,
  newestCheckpoint,
  removeCheckpoint,
  tellAccuracy,
  trimRun,
  writeCheckpoint,
} from './checkpoints.ts';
import { openDatabase } from './database.ts';
import { weightsStep, type CheckpointRecord, type RunRecord } from './records.ts';
import {
  appendMetrics,
  deleteRun,
  readMetrics,
  readPredictions,
  readRun,
  writePredictions,
  writeRun,
} from './runs.ts';

// IndexedDB in memory, and no files: the way of a browser without OPFS. e2e/interrupted.spec.ts goes the other way.
const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const floats = (seed: number) =>
  new Map([...tinyTensors(tinyConfig(), seed)].map(([name, { data }]) => [name, data]));
const stateAt = (step: number): EngineState => ({
  weights: floats(step),
  expAvg: floats(step + 100),
  expAvgSq: floats(step + 200),
  step,
});
const engine = { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as const;

let run: RunRecord;
let count = 0;
beforeEach(async () => {
  count += 1;
  run = {
    id: `run-${count}`,
    step: 0,
    savedStep: null,
    evaluations: [],
    recipe: notebookRecipe,
    comparison: null,
  } as unknown as RunRecord;
  await writeRun(run);
});

async function save(
  step: number,
  accuracy: CheckpointRecord['accuracy'] = null,
  loss = 1,
): Promise<CheckpointRecord> {
  const told = { elapsedMs: step * 10, engine, accuracy, loss };
  return writeCheckpoint(run.id, stateAt(step), config, told, () => (run = { ...run, savedStep: step }));
}

async function damage(record: CheckpointRecord, how: 'change' | 'cut' | 'delete'): Promise<void> {
  const database = await openDatabase();
  const key = [run.id, record.id, 'optimizer.safetensors', 0] as [string, string, string, number];
  const slice = (await database.get('checkpointSlices', key))!;
  if (how === 'delete') return database.delete('checkpointSlices', key);
  const bytes = how === 'cut' ? slice.bytes.slice(0, -8) : slice.bytes.slice(0);
  if (how === 'change') new Uint8Array(bytes)[bytes.byteLength >> 1]! ^= 4;
  await database.put('checkpointSlices', { ...slice, bytes });
}

describe('checkpoints', () => {
  it('come back whole, with the run that names them', async () => {
    const record = await save(4);
    expect(record.where).toBe('database');
    expect((await readRun(run.id))?.savedStep).toBe(4);
    const found = await newestCheckpoint(run.id, () => expect.unreachable());
    expect(found).toMatchObject({ elapsedMs: 40, engine });
    expect(await readState(found!.state)).toEqual(stateAt(4));
    expect(await checkpointWeights(run.id, 4)).toEqual(floats(4));
    expect(await checkpointWeights(run.id, 3)).toBeNull();
  });

  it('of each run the two newest and the best are kept, and nothing of the others', async () => {
    await save(1, { correct: 3, total: 4 }, 0.5);
    await save(2, { correct: 3, total: 4 }, 0.4);
    await save(3, { correct: 2, total: 4 }, 0.1);
    for (const step of [4, 5]) await save(step);
    const steps = (await listCheckpoints(run.id)).map(({ step }) => step);
    expect(steps).toEqual([5, 4, 2]);
    expect((await places.database.ids(run.id)).map((id) => Number(id.split('-')[0])).sort()).toEqual([
      2, 4, 5,
    ]);
  });

  it('one that is measured after it was written counts as measured', async () => {
    await save(1);
    await tellAccuracy(run.id, { step: 1, correct: 3, total: 4 });
    await tellAccuracy(run.id, { step: 7, correct: 4, total: 4 });
    for (const step of [2, 3, 4]) await save(step);
    const records = await listCheckpoints(run.id);
    expect(records.map(({ step }) => step)).toEqual([4, 3, 1]);
    expect(records.at(-1)?.accuracy).toEqual({ correct: 3, total: 4 });
    expect(await checkpointWeights(run.id, 1)).toEqual(floats(1));
  });

  it.each(['change', 'cut', 'delete'] as const)(
    'the one before is used after a %s of the newest',
    async (how) => {
      await save(5);
      await damage(await save(9), how);
      const told: CheckpointError[] = [];
      const found = await newestCheckpoint(run.id, (error) => told.push(error));
      expect(await readState(found!.state)).toEqual(stateAt(5));
      expect(told.map(({ problem }) => problem)).toEqual([
        expect.stringContaining('step 9 is damaged: optimizer'),
      ]);
    },
  );

  it('a write that was cut off counts for nothing, and goes', async () => {
    await save(5);
    const [slice] = await (await openDatabase()).getAll('checkpointSlices');
    await (await openDatabase()).put('checkpointSlices', { ...slice!, runId: run.id, id: '9-half' });
    expect((await newestCheckpoint(run.id, () => expect.unreachable()))?.state.step).toBe(5);
    expect(await places.database.ids(run.id)).toEqual([expect.stringMatching(/^5-/)]);
  });

  it('are unharmed where the browser refuses the next', async () => {
    await save(5);
    const refusal = writeCheckpoint(
      run.id,
      stateAt(6),
      config,
      { elapsedMs: 1, engine, accuracy: null, loss: null },
      () => run,
      'files',
    );
    await expect(refusal).rejects.toThrow(/would not store/);
    expect((await newestCheckpoint(run.id, () => expect.unreachable()))?.state.step).toBe(5);
  });

  it('trimming a run leaves what it was at the step, each point once', async () => {
    const points = Array.from({ length: 12 }, (_, index) => ({ step: index + 1 }) as MetricsPoint);
    for (const [from, to] of [[0, 5], [5, 7], [7, 12]] as const) await appendMetrics(run.id, points.slice(from, to)); // prettier-ignore
    for (const step of [3, 6, 10]) await save(step);
    run = {
      ...run,
      step: 12,
      evaluations: [3, 6, 9].map((step) => ({ step, correct: 1, total: 2 })),
      watched: { questions: [], moments: [0, 3, 6, 9].map((step) => ({ step, answers: [] })) },
    };
    run = await trimRun(run, 6);
    expect(run.watched?.moments.map(({ step }) => step)).toEqual([0, 3, 6]);
    expect(await readRun(run.id)).toEqual(run);
    expect(run).toMatchObject({ step: 6, savedStep: 6, evaluations: [{ step: 3 }, { step: 6 }] });
    expect((await listCheckpoints(run.id)).map(({ step }) => step)).toEqual([6]);
    await appendMetrics(run.id, points.slice(6, 8));
    expect((await readMetrics(run.id)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    run = await trimRun(run, 0);
    expect([run.savedStep, await readMetrics(run.id), await listCheckpoints(run.id)]).toEqual([null, [], []]);
  });

  it('one can be removed: the run then has the weights of the newest that is left', async () => {
    for (const step of [5, 9]) await save(step);
    const [newest, older] = await listCheckpoints(run.id);
    await removeCheckpoint(run.id, newest!.id);
    expect((await readRun(run.id))?.savedStep).toBe(5);
    expect(await places.database.ids(run.id)).toEqual([older!.id]);
    expect(await checkpointWeights(run.id, 5)).toEqual(floats(5));
    await removeCheckpoint(run.id, older!.id);
    expect([(await readRun(run.id))?.savedStep, await listCheckpoints(run.id)]).toEqual([null, []]);
  });

  it('an older one goes without a word about the newest', async () => {
    for (const step of [5, 9]) await save(step);
    await removeCheckpoint(run.id, (await listCheckpoints(run.id))[1]!.id);
    expect((await readRun(run.id))?.savedStep).toBe(9);
    const found = await newestCheckpoint(run.id, () => expect.unreachable());
    expect(await readState(found!.state)).toEqual(stateAt(9));
  });

  it('of the step that was taken leaves the run with its newest', async () => {
    for (const step of [5, 9]) await save(step);
    await writeRun({ ...run, takenStep: 5 });
    await removeCheckpoint(run.id, (await listCheckpoints(run.id))[1]!.id);
    const left = (await readRun(run.id))!;
    expect([left.takenStep, left.savedStep, weightsStep(left)]).toEqual([undefined, 9, 9]);
    expect(await checkpointWeights(run.id, weightsStep(left))).toEqual(floats(9));
  });

  it('of one step gives its whole state, and of another none', async () => {
    await save(5);
    expect(await checkpointState(run.id, 5)).toEqual(stateAt(5));
    expect(await checkpointState(run.id, 6)).toBeNull();
  });

  it('a comparison stays as long as its step does, and its answers with it', async () => {
    await save(6);
    run = { ...run, step: 6, takenStep: 3, comparison: { step: 6 } as RunRecord['comparison'] };
    await writePredictions(run.id, [{ row: 0 }] as never);
    run = await trimRun(run, 6);
    expect([run.comparison?.step, run.takenStep]).toEqual([6, undefined]);
    expect(await readPredictions(run.id)).toHaveLength(1);
    expect((await trimRun(run, 5)).comparison).toBeNull();
    expect(await readPredictions(run.id)).toEqual([]);
  });

  it('go with their run', async () => {
    await save(5);
    await deleteRun(run.id);
    expect(await places.database.ids(run.id)).toEqual([]);
    expect(await listCheckpoints(run.id)).toEqual([]);
  });
});

it('a file in the database has its size, also none or one byte, and is missing where it is not stored', async () => {
  const place = places.database;
  const name = 'model.safetensors';
  const open = async (sizeBytes: number) => {
    const file = { sizeBytes, chunks: () => (sizeBytes === 0 ? [] : [new Uint8Array(sizeBytes).fill(7)]) };
    const written = await place.write(run.id, `of ${sizeBytes}`, name, file);
    return place.open(run.id, `of ${sizeBytes}`, written);
  };
  expect((await open(0)).size).toBe(0);
  const one = await open(1);
  expect([one.size, ...new Uint8Array(await one.slice(0).arrayBuffer())]).toEqual([1, 7]);
  const gone = { name, sizeBytes: 1, sha256: [] } as const;
  await expect(place.open(run.id, 'none', gone as never)).rejects.toThrow('it is not stored');
});

it('the best is the most accurate, then the one of least loss', () => {
  const record = (step: number, correct: number | null, loss: number | null): CheckpointRecord =>
    ({
      id: String(step),
      step,
      loss,
      createdAt: step,
      accuracy: correct === null ? null : { correct, total: 10 },
    }) as CheckpointRecord;
  const records = [
    record(1, 5, 0.3),
    record(2, 5, 0.2),
    record(3, 4, 0.1),
    record(4, null, 0),
    record(5, null, 0),
  ];
  expect(bestOf(records)?.step).toBe(2);
  expect(bestOf([record(4, null, 0)])).toBeNull();
  expect([...kept(records)].sort()).toEqual(['2', '4', '5']);
});

it('of equal accuracy the least loss is best, and one that was measured on no rows is none', () => {
  const record = (step: number, correct: number, total: number, loss: number | null) =>
    ({ id: String(step), step, loss, createdAt: step, accuracy: { correct, total } }) as CheckpointRecord;
  expect(bestOf([record(1, 0, 0, 0)])).toBeNull();
  expect(bestOf([record(1, 1, 2, null), record(2, 2, 4, 9)])?.step).toBe(2);
  expect(bestOf([record(1, 0, 3, 1)])?.step).toBe(1);
  expect(bestOf([record(1, 0, 1, 1), record(2, 1, 1, 8)])?.step).toBe(2);
  // The newest are those of the latest steps, and of one step those that were written last.
  const written = ([step, createdAt]: readonly [number, number]) => ({
    ...record(step, 0, 0, 1),
    id: `${step} ${createdAt}`,
    createdAt,
  });
  const repeated = (
    [
      [3, 1],
      [2, 9],
      [3, 5],
      [1, 8],
      [3, 4],
    ] as const
  ).map(written);
  expect([...kept(repeated)].toSorted()).toEqual(['3 4', '3 5']);
  const early = (
    [
      [1, 8],
      [2, 2],
      [3, 1],
    ] as const
  ).map(written);
  expect([...kept(early)].toSorted()).toEqual(['2 2', '3 1']);
  // Steps that may yet be taken stay, also old ones.
  const five = [1, 2, 3, 4, 5].map((step) => record(step, 0, 0, 1));
  expect([...kept(five, [2, 9])].toSorted()).toEqual(['2', '4', '5']);
});
