import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { notebookRecipe } from '../distill/recipe.ts';
import { openDatabase } from './database.ts';
import type { RunRecord } from './records.ts';
import {
  appendMetrics,
  labelRun,
  listDeletedRuns,
  listRuns,
  readMetrics,
  readPredictions,
  readRun,
  readWeights,
  removeDeleted,
  takeRun,
  undoLeftMs,
  undoMs,
  writePredictions,
  writeRun,
} from './runs.ts';

let run: RunRecord;
let count = 0;
beforeEach(async () => {
  count += 1;
  run = { id: `run-${count}`, name: 'copper-heron', step: 0, recipe: notebookRecipe } as RunRecord;
  await writeRun(run);
});

it('what a person writes on a run stays while a worker writes the rest', async () => {
  const labels = {
    name: 'first',
    note: 'alpha 0.5',
    pinned: true,
    tags: ['paper'],
    about: { licence: 'mit' },
  };
  await labelRun(run.id, labels);
  // The worker's own copy has the name of the beginning.
  await writeRun({ ...run, step: 7 });
  expect(await readRun(run.id)).toMatchObject({ ...labels, step: 7 });
  await labelRun(run.id, { pinned: false });
  expect(await readRun(run.id)).toMatchObject({ name: 'first', note: 'alpha 0.5', pinned: false, step: 7 });
});

it('a deleted run is hidden, can be had back whole, and goes for good only while it is deleted', async () => {
  await appendMetrics(run.id, [{ step: 1 }] as never);
  await labelRun(run.id, { deletedAt: 5 });
  await writeRun({ ...run, step: 8 });
  expect(await readRun(run.id)).toBeNull();
  expect((await listRuns()).map(({ id }) => id)).not.toContain(run.id);
  expect((await listDeletedRuns()).map(({ id, deletedAt }) => [id, deletedAt])).toEqual([[run.id, 5]]);

  await labelRun(run.id, { deletedAt: null });
  await removeDeleted(run.id);
  expect(await readRun(run.id)).toEqual({ ...run, step: 8 });
  expect(await readMetrics(run.id)).toEqual([{ step: 1 }]);

  await labelRun(run.id, { deletedAt: 6 });
  await removeDeleted(run.id);
  expect(await (await openDatabase()).get('runs', run.id)).toBeUndefined();
  expect(await readMetrics(run.id)).toEqual([]);
});

it('labelling a run that is gone brings nothing back', async () => {
  await labelRun('nobody', { name: 'ghost' });
  expect(await (await openDatabase()).get('runs', 'nobody')).toBeUndefined();
});

it('a deleted run is never waited for longer than a timer can count, whatever the clock did', () => {
  expect(undoLeftMs(1000, 1000)).toBe(undoMs);
  expect(undoLeftMs(1000, 1000 + undoMs)).toBe(0);
  // The clock was put back by a year.
  expect(undoLeftMs(365 * 86_400_000, 0)).toBe(0);
  fc.assert(
    fc.property(fc.double(), fc.double(), (deletedAt, now) => {
      const left = undoLeftMs(deletedAt, now);
      expect(left >= 0 && left <= 2 * undoMs).toBe(true);
    }),
  );
});

it('a worker that was replaced writes no record any more, and each taking over counts', async () => {
  const first = (await takeRun(run.id))!;
  expect(first.revision).toBe(1);
  await writeRun({ ...first, step: 3 });
  const second = (await takeRun(run.id))!;
  expect([second.revision, second.step]).toEqual([2, 3]);
  await expect(writeRun({ ...first, step: 9 })).rejects.toThrow('taken over by another tab');
  expect((await readRun(run.id))?.step).toBe(3);
  await labelRun(run.id, { deletedAt: 1 });
  expect([await takeRun(run.id), await takeRun('nobody')]).toEqual([null, null]);
  await labelRun(run.id, { deletedAt: null });
  expect((await readRun(run.id))?.revision).toBe(3);
});

it('runs are listed the newest first', async () => {
  await writeRun({ ...run, id: 'old', createdAt: 1 });
  await writeRun({ ...run, id: 'new', createdAt: 3 });
  await writeRun({ ...run, id: 'between', createdAt: 2 });
  const ids = (await listRuns()).map(({ id }) => id);
  expect(ids.filter((id) => ['old', 'new', 'between'].includes(id))).toEqual(['new', 'between', 'old']);
});

it('answers come back whole and in order, and take the place of those before', async () => {
  const answers = (count: number) => Array.from({ length: count }, (_, row) => ({ row })) as never[];
  await writePredictions(run.id, answers(1203));
  expect(await readPredictions(run.id)).toEqual(answers(1203));
  expect((await (await openDatabase()).getAllKeys('predictions')).map(([, chunk]) => chunk)).toEqual([
    0, 1, 2,
  ]);
  await writePredictions(run.id, answers(500));
  expect(await readPredictions(run.id)).toEqual(answers(500));
  await writePredictions(run.id, []);
  expect(await readPredictions(run.id)).toEqual([]);
});

it('weights of an early run are one file again, and other runs have none', async () => {
  expect(await readWeights(run.id)).toBeNull();
  const database = await openDatabase();
  for (const [slice, bytes] of [[1, 2, 3], [4], [5, 6]].entries())
    await database.put('weights', { runId: run.id, slice, bytes: Uint8Array.from(bytes).buffer });
  expect(await readWeights(run.id)).toEqual(Uint8Array.from([1, 2, 3, 4, 5, 6]));
});
