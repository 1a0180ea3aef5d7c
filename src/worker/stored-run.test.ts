import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { EngineError, InputError } from '../base/errors.ts';
import { digestRows } from '../distill/checkpoint.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { createTwinEngine } from '../engine/plan/twin/twin-engine.ts';
import { readDataset, readExamples, writeDatasetRecord } from '../store/datasets.ts';
import { writeRun } from '../store/runs.ts';
import type { NewRun } from './protocol.ts';
import {
  newRecord,
  openTrainRows,
  rehearseStored,
  stored,
  storedAtRest,
  taken,
  testRatesOfStored,
} from './stored-run.ts';
import { bringRows, emptyStore, newRun, watch } from './testing/tiny-store.ts';

withWebLocks();
vi.mock('./machine.ts', () => ({
  openEngine: (student: EngineStudent) => Promise.resolve(createTwinEngine(student)),
}));

let run: NewRun;
beforeEach(async () => {
  await emptyStore();
  run = await newRun();
});

describe('the record of a run that begins', () => {
  it('names its rows and its student, and knows the rows again', async () => {
    const record = await newRecord(run);
    expect(record).toMatchObject({
      revision: 1,
      datasetId: run.datasetId,
      datasetName: 'mine',
      studentId: run.studentId,
      studentName: 'tiny',
      recipe: run.recipe,
      testRows: null,
      engineChoice: null,
      backend: null,
      state: { phase: 'idle' },
      engine: null,
      evaluations: [],
      comparison: null,
      step: 0,
      trainRows: 4,
      savedStep: null,
      rowsSha256: await digestRows(await readExamples(run.datasetId, 'train')),
    });
    expect(record.name).toMatch(/^\w+-\w+/);
    for (const key of ['ownQuestions', 'fraction', 'experimentId', 'tags', 'reading'])
      expect(record).not.toHaveProperty(key);
    expect((await newRecord(run)).id).not.toBe(record.id);
  });

  it('has what was asked for: questions, a metric, an engine, a share of the rows, an experiment', async () => {
    const asked: NewRun = {
      ...run,
      metric: 'normalised',
      ownQuestions: ['gg'],
      testRows: 1,
      engine: 'wasm',
      backend: 'wasm',
      experiment: { id: 'x', name: 'alpha', fraction: 0.5 },
    };
    expect(await newRecord(asked)).toMatchObject({
      reading: { metric: 'normalised' },
      ownQuestions: ['gg'],
      testRows: 1,
      engineChoice: 'wasm',
      backend: 'wasm',
      trainRows: 2,
      fraction: 0.5,
      experimentId: 'x',
      tags: ['alpha'],
    });
    const whole = await newRecord({
      ...asked,
      ownQuestions: [],
      experiment: { id: 'x', name: 'alpha', fraction: null },
    });
    expect(whole).toMatchObject({ trainRows: 4, experimentId: 'x' });
    expect(whole).not.toHaveProperty('fraction');
    expect(whole).not.toHaveProperty('ownQuestions');
  });

  it('is refused without rows, without a student, and where a person has to decide on the rows first', async () => {
    await expect(newRecord({ ...run, datasetId: 'gone' })).rejects.toThrow('There are no training rows.');
    const testAlone = await bringRows({ test: ['ee'] });
    const only = (await readDataset(testAlone))!;
    await writeDatasetRecord({ ...only, splits: { ...only.splits, train: null } });
    await expect(newRecord({ ...run, datasetId: testAlone })).rejects.toThrow(InputError);
    await expect(newRecord({ ...run, studentId: 'gone' })).rejects.toThrow('There is no student.');
    const dataset = (await readDataset(run.datasetId))!;
    const alarm = { text: 'They seem to belong to other rows.' } as never;
    const test = { ...dataset.splits.test!, alarm };
    await writeDatasetRecord({ ...dataset, splits: { ...dataset.splits, test } });
    await expect(newRecord(run)).rejects.toThrow(
      'They seem to belong to other rows. Say on Data what is to be done with them.',
    );
  });
});

describe('a stored run', () => {
  it('is at rest, where there are no locks, unless it is at work and gave a sign in the last six seconds', async () => {
    const record = await newRecord(run);
    const { locks } = navigator;
    Reflect.set(navigator, 'locks', undefined);
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    try {
      const at = (heartbeatAt: number, phase: 'training' | 'done') => ({
        ...record,
        heartbeatAt,
        state: phase === 'done' ? { phase, step: 1, stopped: true } : { phase, step: 1, steps: 4 },
      });
      await writeRun(at(994_001, 'training'));
      await expect(storedAtRest(record.id)).rejects.toThrow(EngineError);
      await expect(storedAtRest(record.id)).rejects.toThrow('is still at work');
      for (const rest of [at(994_000, 'training'), at(1_000_000, 'done')]) {
        await writeRun(rest);
        expect((await storedAtRest(record.id)).id).toBe(record.id);
      }
    } finally {
      now.mockRestore();
      Reflect.set(navigator, 'locks', locks);
    }
  });

  it('that is gone is said to be gone', async () => {
    for (const find of [stored, taken, storedAtRest])
      await expect(find('gone')).rejects.toThrow('That run is no longer stored. Choose another.');
  });

  it('is trained on the rows of its fraction, the same for a seed, or on all', async () => {
    const datasetId = await bringRows({ train: Array.from({ length: 40 }, (_, at) => `row ${at}`) });
    const rowsOf = async (seed: number, fraction?: number) => {
      const rows = await openTrainRows({
        datasetId,
        recipe: { ...run.recipe, seed },
        ...(fraction !== undefined && { fraction }),
      });
      const read = await rows.read(Array.from({ length: rows.length }, (_, at) => at));
      return read.map(({ row }) => row);
    };
    expect(await rowsOf(1)).toEqual(Array.from({ length: 40 }, (_, at) => at));
    const quarter = await rowsOf(1, 0.25);
    expect(new Set(quarter).size).toBe(10);
    expect(await rowsOf(1, 0.25)).toEqual(quarter);
    expect(await rowsOf(2, 0.25)).not.toEqual(quarter);
  });
});

describe('steps of a run to come', () => {
  it('are timed, and rates are tried, with nothing kept of them', async () => {
    const timed = await rehearseStored(
      { ...run, recipe: { ...run.recipe, steps: 2, evalEvery: 1 }, testRows: 1 },
      watch,
    );
    expect(timed).toMatchObject({ timedSteps: 1 });
    expect(timed.stepMs).toBeGreaterThan(0);
    expect(timed.rowMs).toBeGreaterThan(0);
  });

  it('need rows', async () => {
    const empty = { ...run, datasetId: 'gone' };
    await expect(rehearseStored(empty, watch)).rejects.toThrow('There are no training rows.');
    await expect(testRatesOfStored(empty, watch)).rejects.toThrow('There are no training rows.');
  });
});
