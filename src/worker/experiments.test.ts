import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, it, vi } from 'vitest';
import { asOtherTab, withWebLocks } from '../../tests/support/web-locks.ts';
import { EngineError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { RunState } from '../distill/run-state.ts';
import type { DatasetRecord, ExperimentRecord, RunRecord } from '../store/records.ts';
import type { NewExperiment, NewRun } from './protocol.ts';

withWebLocks();

/** A machine that has never seen the studio. */
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  vi.resetModules();
});

const tally = (correct: number) => ({ correct, total: 10 });
const done: RunState = { phase: 'done', step: 4, stopped: false };
const endedEarly: RunState = { phase: 'done', step: 2, stopped: false, early: true };

/** What becomes of a run, in the order in which runs begin; `held` waits for a word. */
type Fate = 'done' | 'early' | 'fails' | 'stopped' | 'unmeasured' | 'held' | 'refused' | 'nothing whole';

/** Stands for the one owner of the engine: stores a run, and ends it as it is told. */
async function keeperOf(fates: Fate[]) {
  const { writeRun, readRun } = await import('../store/runs.ts');
  const began: NewRun[] = [];
  const resumed: string[] = [];
  let end = Promise.resolve();
  let atWork: string | null = null;
  let release = (): void => undefined;
  const work = async (run: RunRecord): Promise<void> => {
    const fate = fates.shift() ?? 'done';
    atWork = run.id;
    await writeRun({ ...run, state: { phase: 'training', step: 2, steps: 4 }, savedStep: 2 });
    const at = (state: RunState, comparison: RunRecord['comparison'] = null) =>
      writeRun({ ...run, state, comparison, savedStep: 4 });
    end = (async () => {
      if (fate === 'held') await new Promise<void>((resolve) => (release = resolve));
      if (fate === 'fails')
        await at({
          phase: 'failed',
          step: 2,
          error: { name: 'E', message: 'No memory.', file: null, line: null },
        });
      else if (fate === 'unmeasured') {
        await new Promise<void>((resolve) => (release = resolve));
        await at(done);
      } else if (fate === 'stopped') await at({ phase: 'done', step: 2, stopped: true });
      else
        await at(fate === 'early' ? endedEarly : done, {
          base: tally(1),
          distilled: tally(began.length),
          teacher: null,
          step: 4,
        });
      atWork = null;
    })();
  };
  return {
    began,
    resumed,
    release: () => release(),
    start: async (run: NewRun) => {
      if (fates[0] === 'refused') {
        fates.shift();
        throw new EngineError('There is no student.', 'Choose one.');
      }
      began.push(run);
      const id = `run ${began.length}`;
      const { fraction, id: experimentId } = run.experiment!;
      const record = { id, name: id, recipe: run.recipe, experimentId, savedStep: null, comparison: null };
      await work({ ...record, ...(fraction === null ? {} : { fraction }) } as RunRecord);
      return { runId: id };
    },
    resumeRun: async (runId: string) => {
      resumed.push(runId);
      if (fates[0] === 'nothing whole') {
        fates.shift();
        return { kind: 'nothing-whole' as const, words: 'No checkpoint is whole.' };
      }
      await work((await readRun(runId))!);
      return { kind: 'resumed' as const, step: 2, damaged: [] };
    },
    compare: async ({ runId }: { runId: string }) => {
      const run = (await readRun(runId))!;
      await writeRun({ ...run, comparison: { base: tally(1), distilled: tally(7), teacher: null, step: 4 } });
      return null;
    },
    pause: () => Promise.resolve(null),
    resume: () => null,
    stop: () => null,
    isAtWork: (runId: string) => runId === atWork,
    get end() {
      return end;
    },
    isBeginning: false,
    get busy() {
      return atWork !== null;
    },
  };
}

const example = (row: number): Example => ({
  row,
  input: `i ${row}`,
  label: 'l',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
});

async function storedRows(): Promise<void> {
  const { writeDataset } = await import('../store/datasets.ts');
  const rows = { rows: 2 };
  const record = { id: 'd', name: 'rows', files: [], splits: { train: rows, test: rows } };
  await writeDataset(record as unknown as DatasetRecord, new Map(), {
    train: [example(0), example(1)],
    validation: [],
    test: [example(2), example(3)],
  });
}

const wanted: NewExperiment = {
  name: 'alpha',
  datasetId: 'd',
  spec: '{"student": "nano", "recipe": {"steps": 4}, "vary": {"alpha": [0.1, 0.5, 0.9]}}',
  testRows: null,
  engine: null,
  backend: null,
};

async function experimentsOf(fates: Fate[]) {
  const { Experiments } = await import('./experiments.ts');
  const { readExperiment } = await import('../store/experiments.ts');
  const keeper = await keeperOf(fates);
  const experiments = new Experiments(keeper);
  const stored = async (id: string): Promise<ExperimentRecord> => (await readExperiment(id))!;
  const standings = async (id: string): Promise<string[]> =>
    (await stored(id)).runs.map(({ standing }) => standing.kind);
  return { experiments, keeper, stored, standings };
}

it('trains one after the other, and goes on after one that failed', async () => {
  await storedRows();
  const { experiments, keeper, stored, standings } = await experimentsOf(['done', 'fails', 'refused']);
  const { experimentId } = await experiments.start(wanted);
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'failed', 'failed']));
  const { runs } = await stored(experimentId);
  expect(runs.map(({ runId }) => runId)).toEqual(['run 1', 'run 2', null]);
  expect(runs[0]!.standing).toEqual({
    kind: 'ended',
    accuracy: { base: tally(1), distilled: tally(1), teacher: null },
  });
  expect(runs[1]!.standing).toEqual({ kind: 'failed', words: 'No memory.' });
  expect(runs[2]!.standing).toMatchObject({
    words: expect.stringContaining('There is no student') as string,
  });
  expect(keeper.began.map(({ recipe, experiment }) => [recipe.alpha, experiment?.name])).toEqual([
    [0.1, 'alpha'],
    [0.5, 'alpha'],
  ]);
});

it('tries a run that failed once more: it resumes from where it was, after those that wait', async () => {
  await storedRows();
  const { experiments, keeper, stored, standings } = await experimentsOf(['fails', 'done', 'held']);
  const { changeExperiment } = await import('../store/experiments.ts');
  const { again } = await import('../experiment/queue.ts');
  const { experimentId } = await experiments.start(wanted);
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['failed', 'ended', 'at work']));
  const failed = (await stored(experimentId)).runs[0]!;
  await changeExperiment(experimentId, (record) => ({ ...record, runs: again(record.runs, failed.name) }));
  expect(await standings(experimentId)).toEqual(['ended', 'at work', 'waiting']);
  keeper.release();
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect(keeper.resumed).toEqual([failed.runId]);

  // Once more where all have ended: a person says so, and it is at work again.
  await changeExperiment(experimentId, (record) => ({
    ...record,
    phase: 'paused',
    runs: again(
      record.runs.map((run) =>
        run.name === failed.name ? { ...run, standing: { kind: 'failed', words: 'No memory.' } } : run,
      ),
      failed.name,
    ),
  }));
  await vi.waitFor(() => experiments.resume(experimentId));
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect(keeper.began).toHaveLength(3);
});

it('begins no run again unasked where none of its checkpoints is whole, and another one where a person tries again', async () => {
  await storedRows();
  const { experiments, keeper, stored, standings } = await experimentsOf(['stopped', 'nothing whole']);
  const { changeExperiment } = await import('../store/experiments.ts');
  const { again } = await import('../experiment/queue.ts');
  const { experimentId } = await experiments.start(wanted);
  await vi.waitFor(async () => expect((await stored(experimentId)).phase).toBe('paused'));
  await vi.waitFor(() => experiments.resume(experimentId));
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['failed', 'ended', 'ended']));
  const { runs } = await stored(experimentId);
  const words = 'No checkpoint is whole.';
  expect(runs[0]).toMatchObject({ runId: 'run 1', standing: { kind: 'failed', words, beginsAgain: true } });
  expect(keeper.began).toHaveLength(3);

  await changeExperiment(experimentId, (record) => ({
    ...record,
    phase: 'paused',
    runs: again(record.runs, runs[0]!.name),
  }));
  await vi.waitFor(() => experiments.resume(experimentId));
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect((await stored(experimentId)).runs.at(-1)!.runId).toBe('run 4');
  expect(keeper.resumed).toEqual(['run 1']);
});

it('waits where a person stops its run, and resumes that run first', async () => {
  await storedRows();
  const { experiments, keeper, stored, standings } = await experimentsOf(['done', 'stopped']);
  const { experimentId } = await experiments.start(wanted);
  await vi.waitFor(async () => expect((await stored(experimentId)).phase).toBe('paused'));
  await vi.waitFor(async () =>
    expect(await standings(experimentId)).toEqual(['ended', 'waiting', 'waiting']),
  );
  await vi.waitFor(() => experiments.resume(experimentId));
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect(keeper.resumed).toEqual(['run 2']);
  expect(keeper.began).toHaveLength(3);
});

it('stopped while its run is compared it waits, and only compares that run when it is resumed', async () => {
  await storedRows();
  const { experiments, keeper, stored, standings } = await experimentsOf(['unmeasured']);
  const { experimentId } = await experiments.start(wanted);
  await experiments.halt(experimentId, 'stop');
  keeper.release();
  await vi.waitFor(async () =>
    expect(await standings(experimentId)).toEqual(['waiting', 'waiting', 'waiting']),
  );
  expect((await stored(experimentId)).phase).toBe('paused');
  await vi.waitFor(() => experiments.resume(experimentId));
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect(keeper.resumed).toEqual([]);
  expect((await stored(experimentId)).runs[0]!.standing).toMatchObject({
    accuracy: { distilled: { correct: 7 } },
  });
});

it('is found by the next worker, which resumes the run in hand from where it was, once', async () => {
  await storedRows();
  const { experiments, keeper, standings } = await experimentsOf(['held']);
  const back = await asOtherTab({ lives: true });
  const { experimentId } = await experiments.start(wanted);
  back();
  expect(await standings(experimentId)).toEqual(['at work', 'waiting', 'waiting']);
  await expect(experiments.start(wanted)).rejects.toThrow(/An experiment is at work/);

  // Its tab lives: another one leaves it alone, and says where it is at work.
  const other = await experimentsOf([]);
  await expect(other.experiments.resume(experimentId)).rejects.toThrow(/in another tab/);
  expect(other.keeper.resumed).toEqual([]);

  // Another order of what waits counts from the next run on; after this run nothing begins.
  const { changeExperiment } = await import('../store/experiments.ts');
  const { moved } = await import('../experiment/queue.ts');
  await changeExperiment(experimentId, (record) => ({
    ...record,
    runs: moved(record.runs, record.runs[2]!.name, -1),
  }));
  await experiments.halt(experimentId, 'after this run');
  keeper.release();
  await vi.waitFor(async () =>
    expect(await standings(experimentId)).toEqual(['ended', 'waiting', 'waiting']),
  );
  await vi.waitFor(() => experiments.resume(experimentId));
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect(keeper.began.map(({ recipe }) => recipe.alpha)).toEqual([0.1, 0.9, 0.5]);
});

/** As a worker leaves an experiment that was taken away in the middle of the second run. */
async function brokenOff(state: RunState) {
  await storedRows();
  const { writeExperiment } = await import('../store/experiments.ts');
  const { writeRun } = await import('../store/runs.ts');
  const first = await experimentsOf(['done', 'done', 'done']);
  const { experimentId } = await first.experiments.start(wanted);
  await vi.waitFor(async () =>
    expect(await first.standings(experimentId)).toEqual(['ended', 'ended', 'ended']),
  );
  const whole = await first.stored(experimentId);
  const [one, two, three] = whole.runs;
  await writeRun({
    id: two!.runId,
    recipe: first.keeper.began[1]!.recipe,
    experimentId,
    state,
    savedStep: 2,
    comparison: null,
  } as unknown as RunRecord);
  await vi.waitFor(async () => {
    const { heldExperiments } = await import('../store/locks.ts');
    expect((await heldExperiments())?.size).toBe(0);
  });
  await writeExperiment({
    ...whole,
    runs: [
      one!,
      { ...two!, standing: { kind: 'at work' } },
      { ...three!, runId: null, standing: { kind: 'waiting' } },
    ],
  });
  return { experimentId, runId: two!.runId! };
}

it('goes on by itself after a crash, also where the page asks for the same run', async () => {
  const { experimentId, runId } = await brokenOff({ phase: 'training', step: 3, steps: 4 });
  const next = await experimentsOf(['held']);
  next.experiments.wake();
  const asked = await next.experiments.resumeRun({
    type: 'resume-run',
    runId,
    engine: null,
    fromStart: false,
  });
  expect(asked).toEqual({ kind: 'resumed', step: 2, damaged: [] });
  expect(next.keeper.resumed).toEqual([runId]);
  next.keeper.release();
  await vi.waitFor(async () =>
    expect(await next.standings(experimentId)).toEqual(['ended', 'ended', 'ended']),
  );
  expect(next.keeper.began).toHaveLength(1);
});

it('waits after a crash where a person had paused its run, until it is resumed', async () => {
  const { experimentId, runId } = await brokenOff({ phase: 'paused', step: 3 });
  const { experiments, keeper, stored, standings } = await experimentsOf([]);
  experiments.wake();
  await vi.waitFor(async () => expect((await stored(experimentId)).phase).toBe('paused'));
  expect([keeper.began, keeper.resumed]).toEqual([[], []]);
  await experiments.resume(experimentId);
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
  expect(keeper.resumed).toEqual([runId]);
});

it('has every run judged as its spec says, over all of its sets of runs', async () => {
  await storedRows();
  const { experiments, keeper, standings } = await experimentsOf([]);
  const vary = [{ alpha: [0.1] }, { method: ['standard'], alpha: [0.5] }];
  const spec = JSON.stringify({ student: 'nano', metric: 'number', recipe: { steps: 4 }, vary });
  const { experimentId } = await experiments.start({ ...wanted, spec });
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended']));
  expect(keeper.began.map(({ metric, recipe: { method, alpha } }) => [metric, method, alpha])).toEqual([
    ['number', 'step-by-step', 0.1],
    ['number', 'standard', 0.5],
  ]);
});

it('refuses rows that are others by now, in words, and trains none on them', async () => {
  await storedRows();
  const { experiments, keeper, stored } = await experimentsOf(['held']);
  const { experimentId } = await experiments.start(wanted);
  const { writeDataset, readDataset } = await import('../store/datasets.ts');
  await writeDataset((await readDataset('d'))!, new Map(), {
    train: [example(7)],
    validation: [],
    test: [example(2), example(3)],
  });
  keeper.release();
  await vi.waitFor(async () => expect((await stored(experimentId)).phase).toBe('paused'));
  expect((await stored(experimentId)).problem).toMatch(/not those that this experiment began with/);
  expect(keeper.began).toHaveLength(1);
});

it('is refused where there are no rows to train on, or none to compare runs by', async () => {
  await storedRows();
  const { experiments, keeper } = await experimentsOf([]);
  await expect(experiments.start({ ...wanted, datasetId: 'gone' })).rejects.toThrow(
    'There are no training rows.',
  );
  const { writeDataset, readDataset } = await import('../store/datasets.ts');
  await writeDataset((await readDataset('d'))!, new Map(), { train: [example(0)], validation: [], test: [] });
  await expect(experiments.start(wanted)).rejects.toThrow(
    'The dataset has no test rows, by which runs are compared. Add a test file on Data.',
  );
  expect(keeper.began).toEqual([]);
});

it('takes a run that ended early by itself as one that is done', async () => {
  await storedRows();
  const { experiments, standings } = await experimentsOf(['early', 'done', 'early']);
  const { experimentId } = await experiments.start(wanted);
  await vi.waitFor(async () => expect(await standings(experimentId)).toEqual(['ended', 'ended', 'ended']));
});
