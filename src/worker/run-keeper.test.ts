/** The keeper of runs on the real store and the real jobs; the exact reference computes. */
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, it, vi } from 'vitest';
import { otherTab, withWebLocks } from '../../tests/support/web-locks.ts';
import { parseRecipe } from '../distill/recipe.ts';
import type { Asking } from '../distill/ask.ts';
import type { RunState } from '../distill/run-state.ts';
import type { Engine, EngineStudent } from '../engine/engine.ts';
import { createTwinEngine } from '../engine/plan/twin/twin-engine.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import type { NewRun, RunEvent } from './protocol.ts';

type Told = Extract<RunEvent, { type: 'state' }>;

withWebLocks();

/** Engines that are open now. */
let open = 0;
vi.mock('./machine.ts', () => ({
  openEngine: (student: EngineStudent): Promise<Engine> => {
    const engine = createTwinEngine(student);
    open += 1;
    const dispose = engine.dispose.bind(engine);
    engine.dispose = () => {
      open -= 1;
      dispose();
    };
    return Promise.resolve(engine);
  },
}));

const watch = { report: () => undefined, signal: new AbortController().signal };
const steps = 4;
const recipe = parseRecipe(
  JSON.stringify({ steps, batchSize: 2, evalEvery: 0, saveEvery: 2, warmupSteps: 0, dropout: 0.1 }),
  'run.json',
);

/** A machine that has never seen the studio, with a student and rows. */
async function scene() {
  globalThis.indexedDB = new IDBFactory();
  vi.resetModules();
  open = 0;
  const { RunKeeper } = await import('./run-keeper.ts');
  const { MachineUse } = await import('./machine-use.ts');
  const { Wire } = await import('./wire.ts');
  const { importFiles } = await import('./import-data.ts');
  const { importStudent } = await import('./import-student.ts');
  const { readMetrics, readRun, readPredictions } = await import('../store/runs.ts');
  const { storedWeights } = await import('./stored-weights.ts');

  const states: RunState[] = [];
  const events: RunEvent[] = [];
  let onTold = (_event: Told): void => undefined;
  let onPoint = (_step: number): void => undefined;
  const wire = new Wire((message) => {
    if (message.type !== 'run') return;
    events.push(message.event);
    if (message.event.type === 'state') states.push(message.event.state);
    if (message.event.type === 'state') onTold(message.event);
    if (message.event.type === 'metrics') for (const { step } of message.event.points) onPoint(step);
  });
  const keeper = new RunKeeper(wire, new MachineUse(() => false));
  const rows = (name: string, inputs: string[]): { file: File; split: null } => {
    const lines = inputs.map((input) => JSON.stringify({ input, label: 'ab', rationale: `${input} c` }));
    return { file: new File([lines.join('\n')], name), split: null };
  };
  const files = [rows('train.jsonl', ['aa', 'bb', 'cc', 'dd']), rows('test.jsonl', ['ee', 'ff'])];
  const { datasetId } = await importFiles({ type: 'import-files', datasetId: null, files }, () => undefined);
  const folder = [...tinyFolder()].map(([path, bytes]) => ({
    path: `tiny/${path}`,
    file: new File([bytes.slice()], path),
  }));
  const command = { type: 'import-student', files: folder, baseId: null } as const;
  const { studentId } = await importStudent(command, () => undefined);
  const run: NewRun = { datasetId, studentId, recipe, testRows: null, engine: null, backend: null };
  const now = async (runId: string) => (await readRun(runId))!;
  return {
    keeper,
    states,
    events,
    /** Told each state as it is told to the page. */
    onTold: (act: (event: Told) => void) => (onTold = act),
    run,
    now,
    readMetrics,
    readPredictions,
    atPoint: (step: number, act: () => void) => (onPoint = (at) => at === step && act()),
    phase: (runId: string, phase: RunState['phase']) =>
      vi.waitFor(async () => expect((await now(runId)).state.phase).toBe(phase), { timeout: 20_000 }),
    weights: async (runId: string) => {
      const weights = await storedWeights(await now(runId));
      return [...weights.values()].flatMap((values) => [...values]);
    },
  };
}

let own: Awaited<ReturnType<typeof scene>>;
let runId: string;

// The modules are read again each time, which takes a busy machine long.
beforeEach(async () => {
  own = await scene();
}, 60_000);

const begin = async () => ({ runId } = await own.keeper.start(own.run));
const asking: Asking = { rationale: true, base: true, numBeams: 1, maxNewTokens: 4 };
const question = { question: 'gg', asking };

/** The reference computes with 64 bits, and what is stored or put aside has 32: that much may differ. */
function expectClose(weights: readonly number[], expected: readonly number[]): void {
  expect(weights).toHaveLength(expected.length);
  const differences = weights.map((value, index) => Math.abs(value - expected[index]!));
  expect(Math.max(...differences)).toBeLessThan(2e-6);
}

/** The weights of a run that is left alone. */
async function leftAlone() {
  await begin();
  await own.keeper.end;
  const weights = await own.weights(runId);
  own = await scene();
  return weights;
}

it('trains a run to its end and compares it; no second one begins meanwhile', async () => {
  await begin();
  expect(own.keeper.busy).toBe(true);
  expect(own.keeper.isAtWork(runId)).toBe(true);
  await expect(own.keeper.start(own.run)).rejects.toThrow('A run is at work');
  await expect(own.keeper.rehearse(own.run, watch)).rejects.toThrow('A run is at work');
  await own.keeper.end;
  const run = await own.now(runId);
  expect(run).toMatchObject({ state: { phase: 'done', stopped: false }, step: steps });
  expect(run.comparison).toMatchObject({ base: { total: 2 }, distilled: { total: 2 }, step: steps });
  expect((await own.readMetrics(runId)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  expect(own.keeper.busy).toBe(false);
  expect(open).toBe(0);
  expect(() => own.keeper.resume()).toThrow('No run is at work');
});

it('paused, asked and compared, then resumed: the weights of a run left alone', async () => {
  const expected = await leftAlone();
  own.atPoint(2, () => void own.keeper.pause());
  await begin();
  await own.phase(runId, 'paused');
  const asked = await own.keeper.ask({ type: 'ask', runId, ...question }, watch);
  expect(asked).toMatchObject({ question: 'gg', step: 2 });
  const during: Promise<RunState>[] = [];
  own.onTold(({ state }) => {
    if (state.phase === 'evaluating') during.push(own.now(runId).then((run) => run.state));
  });
  await own.keeper.compare({ type: 'compare', runId, testRows: 1 }, watch);
  // Whatever ends the worker meanwhile, a person had paused it.
  expect(new Set((await Promise.all(during)).map(({ phase }) => phase))).toEqual(new Set(['paused']));
  expect(await own.now(runId)).toMatchObject({
    state: { phase: 'paused' },
    comparison: { distilled: { total: 1 }, step: 2 },
  });
  own.keeper.resume();
  await own.keeper.end;
  expect((await own.now(runId)).state).toMatchObject({ phase: 'done', stopped: false });
  expectClose(await own.weights(runId), expected);
  expect(open).toBe(0);
});

it('a run that trains is not compared, and answers questions between its steps', async () => {
  const expected = await leftAlone();
  const met: Promise<unknown>[] = [];
  own.atPoint(1, () => {
    met.push(
      expect(own.keeper.compare({ type: 'compare', runId, testRows: null }, watch)).rejects.toThrow(
        'Pause it first',
      ),
      own.keeper.ask({ type: 'ask', runId, ...question }, watch),
    );
  });
  await begin();
  await own.keeper.end;
  expect(met).toHaveLength(2);
  await Promise.all(met);
  expectClose(await own.weights(runId), expected);
});

it('a stopped run keeps what it learned and is not compared; resumed, it ends as if never stopped', async () => {
  const expected = await leftAlone();
  own.atPoint(2, () => void own.keeper.stop());
  await begin();
  await own.keeper.end;
  const stopped = await own.now(runId);
  expect(stopped).toMatchObject({ state: { phase: 'done', stopped: true }, comparison: null });
  expect(stopped.savedStep).toBe(stopped.step);
  own.atPoint(0, () => undefined);
  expect(await own.keeper.resumeRun(runId, null, false)).toMatchObject({
    kind: 'resumed',
    step: stopped.step,
  });
  await own.keeper.end;
  expect((await own.now(runId)).state).toMatchObject({ phase: 'done', stopped: false });
  expectClose(await own.weights(runId), expected);
});

it('a stored run is asked and compared with its weights, and stays as it was', async () => {
  await begin();
  await own.keeper.end;
  const { state, step, savedStep } = await own.now(runId);
  const asked = await own.keeper.ask({ type: 'ask', runId, ...question }, watch);
  expect(asked.step).toBe(steps);
  await own.keeper.compare({ type: 'compare', runId, testRows: 1 }, watch);
  const after = await own.now(runId);
  expect(after).toMatchObject({ state, step, savedStep, comparison: { distilled: { total: 1 } } });
  expect(await own.readPredictions(runId)).toHaveLength(1);
  expect(own.states.at(-1)).toEqual(state);
  expect(open).toBe(0);
  await expect(own.keeper.ask({ type: 'ask', runId: 'gone', ...question }, watch)).rejects.toThrow(
    'no longer stored',
  );
});

it('a run that a reload interrupted is asked and compared at once; one that another tab holds is not', async () => {
  await begin();
  await own.keeper.end;
  const { writeRun } = await import('../store/runs.ts');
  const run = await own.now(runId);
  await writeRun({ ...run, state: { phase: 'training', step: steps, steps }, heartbeatAt: Date.now() });
  expect((await own.keeper.ask({ type: 'ask', runId, ...question }, watch)).step).toBe(steps);
  await own.keeper.compare({ type: 'compare', runId, testRows: 1 }, watch);
  expect((await own.now(runId)).comparison).toMatchObject({ distilled: { total: 1 } });
  // Nobody is at work on it: the page is not told that it trains.
  expect(own.events.at(-1)).toEqual({ type: 'left' });

  const letGo = await otherTab(`stillroom-run-${runId}`, { lives: true });
  await expect(own.keeper.ask({ type: 'ask', runId, ...question }, watch)).rejects.toThrow('in another tab');
  letGo();
  expect(open).toBe(0);
});

it('a pause that is asked at the end of a run comes too late', async () => {
  let pausing: Promise<null> | undefined;
  own.onTold(({ state }) => {
    if (state.phase === 'done') pausing ??= own.keeper.pause();
  });
  await begin();
  await own.keeper.end;
  expect(await pausing).toBeNull();
  expect((await own.now(runId)).state).toMatchObject({ phase: 'done', stopped: false });
  expect(own.states.at(-1)).toMatchObject({ phase: 'done' });
});

it('a run that was asked to stop does not pause any more', async () => {
  own.atPoint(1, () => {
    void own.keeper.stop();
    void own.keeper.pause();
  });
  await begin();
  await own.keeper.end;
  expect((await own.now(runId)).state).toMatchObject({ phase: 'done', stopped: true });
  expect(own.states.some(({ phase }) => phase === 'paused')).toBe(false);
});

it('a run that has ended meanwhile is not left as stopped', async () => {
  await begin();
  await own.keeper.end;
  const { state } = await own.now(runId);
  await own.keeper.leaveStopped(runId);
  expect((await own.now(runId)).state).toEqual(state);
});

it('what is asked of a run at work is not done to a stored one that is compared', async () => {
  await interrupted();
  const { state } = await own.now(runId);
  let resting: Promise<void> | undefined;
  own.onTold(({ state: told }) => {
    if (told.phase !== 'evaluating') return;
    void own.keeper.pause();
    resting ??= own.keeper.saveAndRest();
  });
  await own.keeper.compare({ type: 'compare', runId, testRows: 1 }, watch);
  // The run is not being trained, so a newer version does not wait for it.
  await resting;
  expect(resting).toBeDefined();
  expect((await own.now(runId)).state).toEqual(state);
});

it('a newer version waits until the run is saved and paused', async () => {
  const rest = new Promise<void>((resolve, reject) =>
    own.atPoint(1, () => void own.keeper.saveAndRest().then(resolve, reject)),
  );
  await begin();
  await rest;
  const run = await own.now(runId);
  expect(run.state.phase).toBe('paused');
  expect(run.savedStep).toBe(run.step);
  own.keeper.stop();
  await own.keeper.end;
  expect(own.keeper.busy).toBe(false);
});

it('of one experiment asks the base student once for the same rows, and again for others', async () => {
  const experiment = { id: 'x', name: 'alpha', fraction: null };
  const trained = async (changes: Partial<NewRun>) => {
    own.states.length = 0;
    ({ runId } = await own.keeper.start({ ...own.run, experiment, ...changes }));
    await own.keeper.end;
    const { comparison } = await own.now(runId);
    const asked = own.states.some((state) => state.phase === 'evaluating' && state.purpose === 'base');
    return { asked, base: comparison!.base };
  };
  const first = await trained({});
  expect(first.asked).toBe(true);
  const second = await trained({ recipe: { ...recipe, seed: 5 } });
  expect(second).toEqual({ asked: false, base: first.base });
  expect((await trained({ testRows: 1 })).asked).toBe(true);
  expect((await trained({ experiment: { ...experiment, id: 'y' } })).asked).toBe(true);
});

it('says that it opens the student before anything else', async () => {
  await begin();
  expect(own.states[0]).toEqual({ phase: 'preparing', what: 'opening the student', done: 0, total: 1 });
  await own.keeper.end;
});

/** A run as a worker leaves it that was taken away in the middle, with a checkpoint of its second step. */
async function interrupted() {
  own.atPoint(1, () => void own.keeper.stop());
  await begin();
  await own.keeper.end;
  own.atPoint(0, () => undefined);
  const { writeRun } = await import('../store/runs.ts');
  const run = await own.now(runId);
  await writeRun({ ...run, state: { phase: 'training', step: run.step, steps } });
  return run;
}

it('a pause that is asked while a checkpoint is read counts before the next step', async () => {
  const { step } = await interrupted();
  const resuming = own.keeper.resumeRun(runId, null, false);
  expect(own.keeper.isBeginning).toBe(true);
  await own.keeper.pause();
  await resuming;
  await own.phase(runId, 'paused');
  expect((await own.now(runId)).step).toBe(step);
  own.keeper.resume();
  await own.keeper.end;
  expect((await own.now(runId)).state).toMatchObject({ phase: 'done', stopped: false });
});

it('a stop while a checkpoint is read ends that: what was interrupted is stopped, what had ended stays', async () => {
  const run = await interrupted();
  const stopped = async () => {
    const resuming = own.keeper.beginning(() => own.keeper.resumeRun(runId, null, false));
    own.keeper.stop();
    await expect(resuming).rejects.toThrow('The run was stopped.');
    expect(own.events.at(-1)).toEqual({ type: 'left' });
    expect([own.keeper.busy, own.keeper.isBeginning]).toEqual([false, false]);
    return (await own.now(runId)).state;
  };
  // Before anything of it is read: as where it is read.
  expect(await stopped()).toEqual({ phase: 'done', step: run.savedStep, stopped: true });
  const { writeRun } = await import('../store/runs.ts');
  // Another tab is at work on it, or may be: its record stays as it is.
  await writeRun({ ...(await own.now(runId)), state: { phase: 'training', step: run.step, steps } });
  const letGo = await otherTab(`stillroom-run-${runId}`, { lives: true });
  expect(await stopped()).toEqual({ phase: 'training', step: run.step, steps });
  letGo();
  // Once the run is taken over.
  own.onTold(({ state }) => {
    if (state.phase === 'preparing' && state.what.startsWith('checking')) own.keeper.stop();
  });
  await expect(own.keeper.resumeRun(runId, null, false)).rejects.toThrow('The run was stopped.');
  expect((await own.now(runId)).state).toEqual({ phase: 'done', step: run.savedStep, stopped: true });
  expect(own.events.at(-1)).toEqual({ type: 'left' });
  await expect(own.keeper.resumeRun(runId, null, false)).rejects.toThrow('The run was stopped.');
  expect((await own.now(runId)).state).toEqual({ phase: 'done', step: run.savedStep, stopped: true });
  expect(open).toBe(0);
});

it('a run that is stopped before it exists is not stored', async () => {
  const starting = own.keeper.start(own.run);
  own.keeper.stop();
  await expect(starting).rejects.toThrow('The run was stopped.');
  const { listRuns } = await import('../store/runs.ts');
  expect(await listRuns()).toEqual([]);
  expect(() => own.keeper.stop()).toThrow('No run is at work');
  await begin();
  await own.keeper.end;
});
