import 'fake-indexeddb/auto';
import { beforeEach, expect, it, vi } from 'vitest';
import { UnreadableError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { digestRows } from '../distill/checkpoint.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import { places } from '../store/checkpoint-places.ts';
import { listCheckpoints, writeCheckpoint } from '../store/checkpoints.ts';
import { openDatabase } from '../store/database.ts';
import type { RunRecord } from '../store/records.ts';
import { appendMetrics, readMetrics, readRun, writeRun } from '../store/runs.ts';
import { parseT5Config } from '../student/config.ts';
import { tinyConfig, tinyTensors } from '../student/testing/tiny-student.ts';
import { NothingWholeError, prepareResumption } from './resumption.ts';

// IndexedDB in memory: the way of a browser without files of its own.
const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const floats = (seed: number) =>
  new Map([...tinyTensors(tinyConfig(), seed)].map(([name, { data }]) => [name, data]));
const examples = [{ row: 0, input: 'a', label: 'b' }] as unknown as Example[];

let run: RunRecord;
let count = 0;
beforeEach(async () => {
  count += 1;
  const database = await openDatabase();
  const splits = { train: { rows: 1 }, test: null };
  await database.put('datasets', { id: `data-${count}`, name: 'mine', files: [], splits } as never);
  await database.put('examples', {
    datasetId: `data-${count}`,
    split: 'train',
    chunk: 0,
    examples,
  } as never);
  run = {
    id: `run-${count}`,
    name: 'copper-heron',
    datasetId: `data-${count}`,
    datasetName: 'mine',
    step: 6,
    savedStep: null,
    evaluations: [],
    recipe: notebookRecipe,
    comparison: null,
    rowsSha256: await digestRows(examples),
  } as unknown as RunRecord;
  await writeRun(run);
  await appendMetrics(
    run.id,
    [1, 2, 3, 4, 5, 6].map((step) => ({ step }) as MetricsPoint),
  );
  const told = {
    elapsedMs: 1,
    accuracy: null,
    loss: 1,
    engine: { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as const,
  };
  for (const step of [2, 4]) {
    const state = { weights: floats(step), expAvg: floats(7), expAvgSq: floats(8), step };
    await writeCheckpoint(run.id, state, config, told, () => (run = { ...run, savedStep: step }));
  }
});

/** Curve and checkpoints as the store has them. */
async function kept(): Promise<unknown> {
  return {
    points: (await readMetrics(run.id)).map(({ step }) => step),
    checkpoints: (await listCheckpoints(run.id)).map(({ step }) => step),
    savedStep: (await readRun(run.id))?.savedStep,
  };
}

it('removes nothing where checkpoints cannot be read now, and resumes when they can', async () => {
  const before = await kept();
  const reading = vi.spyOn(places.database, 'open');
  reading.mockRejectedValue(new RangeError('Array buffer allocation failed'));
  try {
    await expect(prepareResumption(run)).rejects.toBeInstanceOf(UnreadableError);
  } finally {
    reading.mockRestore();
  }
  expect(await kept()).toEqual(before);
  expect((await prepareResumption(run)).from?.state.step).toBe(4);
});

it('asks before it begins again with step 1 where every checkpoint is damaged', async () => {
  const before = await kept();
  const database = await openDatabase();
  for (const slice of await database.getAll('checkpointSlices')) {
    await database.put('checkpointSlices', { ...slice, bytes: slice.bytes.slice(0, -8) });
  }
  const refusal = await prepareResumption(run).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(NothingWholeError);
  expect(String(refusal)).toMatch(/copper-heron.*step 4 is damaged.*step 2 is damaged.*Nothing was removed/);
  expect(await kept()).toEqual(before);
  const agreed = await prepareResumption(run, true);
  expect(agreed.from).toBeNull();
  expect(await kept()).toEqual({ points: [], checkpoints: [], savedStep: null });
});

it('is refused where there is nothing to resume from, each time with the reason', async () => {
  const refused = async (changes: Partial<RunRecord>) => {
    await writeRun({ ...run, ...changes });
    return prepareResumption(run);
  };
  await expect(prepareResumption({ id: 'gone' })).rejects.toThrow('That run is no longer stored.');
  const imported = { fileName: 'a.zip', at: 1 };
  await expect(refused({ imported })).rejects.toThrow('came as a file, with its weights alone');
  await expect(refused({ rowsSha256: null })).rejects.toThrow('begun by an earlier version');
  await expect(refused({ datasetId: 'gone' })).rejects.toThrow(
    'copper-heron was trained on are no longer stored',
  );
  await expect(refused({ rowsSha256: 'ab' })).rejects.toThrow(
    'The rows of mine are not those that copper-heron',
  );
  // An imported run whose archive has the optimiser's averages can be resumed.
  expect((await refused({ imported: { ...imported, goesOn: true } })).from?.state.step).toBe(4);
});

it('is refused where the dataset has no training rows any more', async () => {
  const database = await openDatabase();
  const dataset = (await database.get('datasets', run.datasetId))!;
  await database.put('datasets', { ...dataset, splits: { train: { rows: 0 }, test: null } } as never);
  await expect(prepareResumption(run)).rejects.toThrow('are no longer stored');
});

it('begins with step 1 where no checkpoint was made yet, and where they are gone asks first', async () => {
  const database = await openDatabase();
  await database.clear('checkpoints');
  const asked = await prepareResumption(run).catch((error: unknown) => error);
  expect(String(asked)).toContain('They are no longer stored. Its curve up to step 6 is still there.');
  await writeRun({ ...run, savedStep: null });
  const begun = await prepareResumption(run);
  expect(begun).toMatchObject({ from: null, damaged: [], record: { step: 0 } });
});
