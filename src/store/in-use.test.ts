import 'fake-indexeddb/auto';
import { expect, it, vi } from 'vitest';
import { otherTab, withWebLocks } from '../../tests/support/web-locks.ts';
import { StorageError } from '../base/errors.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { parseSpec, plannedRuns } from '../experiment/spec.ts';
import { listCheckpoints, removeCheckpoint } from './checkpoints.ts';
import { openDatabase } from './database.ts';
import { deleteDataset, readDataset, writeDataset } from './datasets.ts';
import { refuseOfRunAtWork, runsAtWorkOn, whileAtRest } from './in-use.ts';
import { holdExperiment, holding, holdRun, withRun } from './locks.ts';
import { deleteExperiment, writeExperiment } from './experiments.ts';
import type { DatasetRecord, ExperimentRecord, RunRecord, StudentRecord } from './records.ts';
import { readRun, takeRun, writeRun } from './runs.ts';
import { deleteStudent, readStudentRecord, writeStudent } from './students.ts';

withWebLocks();

const run = {
  id: 'run',
  name: 'copper-heron',
  datasetId: 'data',
  studentId: 'student',
  step: 1,
  recipe: notebookRecipe,
} as RunRecord;

it('a run at work keeps its dataset and its student', async () => {
  await writeRun(run);
  await writeDataset({ id: 'data', name: 'mine' } as DatasetRecord, new Map(), {
    train: [],
    validation: [],
    test: [],
  });
  await writeStudent({ id: 'student', name: 'nano' } as StudentRecord, new Map());
  await withRun('run', async () => {
    expect((await runsAtWorkOn({ datasetId: 'data' })).map(({ id }) => id)).toEqual(['run']);
    expect(await runsAtWorkOn({ datasetId: 'other' })).toEqual([]);
    await expect(deleteDataset('data')).rejects.toThrow('copper-heron is at work. Its dataset cannot be');
    await expect(deleteStudent('student')).rejects.toBeInstanceOf(StorageError);
  });
  expect(await readDataset('data')).not.toBeNull();
  expect(await readStudentRecord('student')).not.toBeNull();
  await deleteDataset('data');
  await deleteStudent('student');
  expect(await readDataset('data')).toBeNull();
  expect(await readStudentRecord('student')).toBeNull();
});

it('an experiment at work keeps its dataset and the students of runs to come, also between two of its runs', async () => {
  const spec = JSON.stringify({ recipe: { steps: 4 }, vary: { student: ['early', 'late'] } });
  await writeExperiment({
    id: 'x',
    name: 'seeds',
    datasetId: 'rows',
    spec,
    runs: ['early', 'late'].map((student, index) => ({
      name: plannedRuns(parseSpec(spec, 'x'), 'x')[index]!.name,
      varied: { student },
      runId: null,
      standing: { kind: student === 'early' ? 'ended' : 'waiting' },
      tookMs: 0,
      tries: { count: 0, savedStep: 0 },
    })),
  } as unknown as ExperimentRecord);
  const letGo = await holdExperiment('x');
  await expect(deleteDataset('rows')).rejects.toThrow('seeds is at work. Its dataset cannot be removed now.');
  await expect(deleteStudent('late')).rejects.toThrow('seeds is at work. Its student');
  await deleteStudent('early');
  await deleteDataset('other');
  letGo();
  await Promise.resolve();
  await deleteDataset('rows');
  await deleteStudent('late');
});

it('a run that trains is not deleted, nor its newest checkpoint, nor an experiment at work; what has ended is', async () => {
  const training: RunRecord = { ...run, state: { phase: 'training', step: 1, steps: 2 } };
  await writeRun(training);
  const refused = () => refuseOfRunAtWork('run', 'It cannot be deleted now.');
  const checkpoint = (step: number) => ({ runId: 'run', id: `c${step}`, step, where: 'database', files: [] });
  const database = await openDatabase();
  for (const step of [1, 2]) await database.put('checkpoints', checkpoint(step) as never);
  await withRun('run', async () => {
    await expect(refused()).rejects.toThrow('copper-heron is at work. It cannot be deleted now.');
    await expect(removeCheckpoint('run', 'c2')).rejects.toThrow('Its newest checkpoint');
    await removeCheckpoint('run', 'c1');
    // Its worker holds it for a moment longer.
    await writeRun({ ...training, state: { phase: 'done', step: 2, stopped: false } });
    await refused();
  });
  // Another tab is about to resume it, and reads its checkpoint.
  await writeRun({ ...training, state: { phase: 'done', step: 1, stopped: true } });
  const resumed = await otherTab('stillroom-run-run', { lives: true });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const removing = [removeCheckpoint('run', 'c2'), whileAtRest('run', '', () => Promise.resolve())];
  const refusals = removing.map((one) => expect(one).rejects.toThrow('This run is at work in another tab.'));
  await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(1));
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  await Promise.all(refusals);
  resumed();
  expect(await listCheckpoints('run')).toHaveLength(1);
  await writeRun(training);
  // Interrupted.
  await refused();
  await removeCheckpoint('run', 'c2');
  await refuseOfRunAtWork('gone', 'It cannot be deleted now.');

  const letGo = await holdExperiment('x');
  await expect(deleteExperiment('x')).rejects.toBeInstanceOf(StorageError);
  letGo();
  await Promise.resolve();
  await deleteExperiment('x');
});

it('work on one dataset is done one after the other, and who has to wait is told', async () => {
  const order: string[] = [];
  let begun = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const first = holding('dataset', 'data', async () => {
    order.push('first reads');
    begun();
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push('first writes');
  });
  await hasBegun;
  const waits: string[] = [];
  const second = holding(
    'dataset',
    'data',
    () => Promise.resolve(order.push('second')),
    () => waits.push('told'),
  );
  const other = holding(
    'dataset',
    'other',
    () => Promise.resolve(order.push('other')),
    () => waits.push('no'),
  );
  await Promise.all([first, second, other]);
  expect(order).toEqual(['first reads', 'other', 'first writes', 'second']);
  expect(waits).toEqual(['told']);
});

it('a worker that was replaced cannot write over what its successor wrote', async () => {
  const first = { ...run, id: 'taken', revision: 1, step: 3 };
  await writeRun(first);
  const letGo = await holdRun('taken');
  const second = await takeRun('taken');
  expect(second).toMatchObject({ revision: 2, step: 3 });
  await writeRun({ ...second!, step: 9 });
  await expect(writeRun({ ...first, step: 4 })).rejects.toThrow('was taken over by another tab');
  expect(await readRun('taken')).toMatchObject({ revision: 2, step: 9 });
  letGo();
  expect(await takeRun('not there')).toBeNull();
});
