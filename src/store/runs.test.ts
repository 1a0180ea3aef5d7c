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
  readRun,
  removeDeleted,
  undoLeftMs,
  undoMs,
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
