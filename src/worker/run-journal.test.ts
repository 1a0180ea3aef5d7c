import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { notebookRecipe, parseRecipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { EngineDescription } from '../engine/engine.ts';
import { parseTiny } from '../engine/plan/testing/tiny-engine.ts';
import { sourceOf } from '../engine/state-source.ts';
import { listCheckpoints } from '../store/checkpoints.ts';
import type { RunRecord } from '../store/records.ts';
import { readMetrics, readPredictions, readRun, writeRun } from '../store/runs.ts';
import type { RunEvent } from './protocol.ts';
import { RunJournal, talliedAt } from './run-journal.ts';
import { stateAt } from './testing/tiny-store.ts';
import { Wire } from './wire.ts';

const description = {} as EngineDescription;
const point = (step: number) => ({ step, loss: 1 / step }) as MetricsPoint;

const run = {
  id: 'run',
  step: 0,
  savedStep: null,
  evaluations: [],
  recipe: notebookRecipe,
  comparison: null,
  state: { phase: 'training', step: 0, steps: 9 },
} as unknown as RunRecord;

it('keeps every point once where a pause falls within a flush', async () => {
  const told: number[] = [];
  const wire = new Wire((message) => {
    if (message.type === 'run' && message.event.type === 'metrics') {
      told.push(...message.event.points.map(({ step }) => step));
    }
  });
  await writeRun(run);
  const journal = new RunJournal(run, wire);
  // The first is flushed at once; the second comes meanwhile, and then the pause.
  const first = journal.metrics(point(1), description);
  const flushing = journal.flush();
  const second = journal.metrics(point(2), description);
  const pause = journal.state({ phase: 'paused', step: 2 });
  await journal.metrics(point(3), description);
  await Promise.all([first, flushing, second, pause]);
  await journal.flush();
  expect((await readMetrics('run')).map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(told).toEqual([1, 2, 3]);
});

it('keeps the points that are taken again where the run goes back to its checkpoint within a flush', async () => {
  await writeRun(run);
  const journal = new RunJournal(run, new Wire(() => undefined));
  await journal.metrics(point(1), description);
  await journal.metrics(point(2), description);
  const flushing = journal.flush();
  // The flush has taken its points, and is not done.
  await Promise.resolve();
  journal.rewind({ ...run, step: 0 });
  await journal.metrics({ ...point(1), loss: 9 }, description);
  await flushing;
  await journal.metrics({ ...point(2), loss: 9 }, description);
  await journal.flush();
  const stored = await readMetrics('run');
  expect(stored.filter(({ loss }) => loss === 9).map(({ step }) => step)).toEqual([1, 2]);
});

describe('a journal', () => {
  let nowMs = 0;
  beforeEach(() => {
    nowMs = 10_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function opened(changes: Partial<RunRecord> = {}) {
    const record = { ...run, id: crypto.randomUUID(), ...changes };
    await writeRun(record);
    const told: RunEvent[] = [];
    let signs = 0;
    const wire = new Wire((message) => {
      if (message.type === 'run') told.push(message.event);
      if (message.type === 'sign') signs += 1;
    });
    const journal = new RunJournal(record, wire);
    const types = () => told.splice(0).map(({ type }) => type);
    const storedSteps = async () => (await readMetrics(record.id)).map(({ step }) => step);
    const stored = async () => (await readRun(record.id))!;
    return { journal, told, types, storedSteps, stored, signs: () => signs };
  }

  it('stores points some at a time: after 400 ms, or where the phase is another', async () => {
    const { journal, storedSteps, stored } = await opened();
    nowMs = 20_000;
    await journal.metrics(point(1), description);
    expect(await storedSteps()).toEqual([1]);
    nowMs += 400;
    await journal.metrics(point(2), description);
    expect(await storedSteps()).toEqual([1]);
    nowMs += 1;
    await journal.metrics(point(3), description);
    expect(await storedSteps()).toEqual([1, 2, 3]);
    expect((await stored()).step).toBe(3);
    await journal.metrics(point(4), description);
    // The same one is told again where there was no room.
    await journal.metrics(point(4), description);
    await journal.state({ phase: 'training', step: 4, steps: 9 });
    expect(await storedSteps()).toEqual([1, 2, 3]);
    await journal.state({ phase: 'pausing', step: 4 });
    expect(await storedSteps()).toEqual([1, 2, 3, 4]);
  });

  it('stores a state where its phase is another, else with the heartbeat, and tells each', async () => {
    const { journal, types, stored } = await opened();
    const training = (step: number) => journal.state({ phase: 'training', step, steps: 9 });
    nowMs = 20_000;
    await training(1);
    expect((await stored()).state).toMatchObject({ step: 1 });
    nowMs += 2000;
    await training(2);
    expect((await stored()).state).toMatchObject({ step: 1 });
    nowMs += 1;
    await training(3);
    expect((await stored()).state).toMatchObject({ step: 3 });
    await journal.state({ phase: 'pausing', step: 3 });
    expect((await stored()).state).toEqual({ phase: 'pausing', step: 3 });
    expect(types()).toEqual(['state', 'state', 'state', 'state']);
  });

  it('says that the worker lives, and stores that every two seconds', async () => {
    const { journal, stored, signs } = await opened();
    const at = vi.spyOn(Date, 'now');
    nowMs = 20_000;
    at.mockReturnValue(111);
    await journal.beat();
    expect((await stored()).heartbeatAt).toBe(111);
    at.mockReturnValue(222);
    nowMs += 2000;
    await journal.beat();
    expect((await stored()).heartbeatAt).toBe(111);
    nowMs += 1;
    await journal.beat();
    expect((await stored()).heartbeatAt).toBe(222);
    expect(signs()).toBe(3);
  });

  it('knows when the run is at rest: paused, done or failed', async () => {
    const { journal } = await opened();
    const rests: string[] = [];
    const waiting = journal.atRest().then(() => rests.push('paused'));
    await journal.state({ phase: 'pausing', step: 1 });
    expect(rests).toEqual([]);
    await journal.state({ phase: 'paused', step: 1 });
    await waiting;
    await journal.atRest();
    await journal.state({ phase: 'training', step: 1, steps: 9 });
    const ended = journal.atRest().then(() => rests.push('failed'));
    await journal.fail(new Error('The GPU is gone.'));
    await ended;
    expect(rests).toEqual(['paused', 'failed']);
    expect(journal.record.state).toMatchObject({ phase: 'failed', error: { message: 'The GPU is gone.' } });
    await journal.state({ phase: 'done', step: 1, stopped: false });
    await journal.atRest();
  });

  it('keeps what was measured, and how answers were chosen where that is not as the recipe has it', async () => {
    const { journal, types, stored } = await opened();
    const evaluation = { step: 2, correct: 1, total: 4 };
    await journal.evaluation(evaluation);
    expect(types()).toEqual(['record', 'evaluation']);
    expect((await stored()).evaluations).toEqual([evaluation]);
    expect(talliedAt([evaluation], 2)).toEqual({ correct: 1, total: 4 });
    expect(talliedAt([evaluation], 3)).toBeNull();
    const tally = { correct: 1, total: 2 };
    const accuracy = { base: tally, distilled: tally, teacher: null };
    await journal.comparison({ predictions: [], accuracy, generation: null }, 5);
    expect((await stored()).comparison).toEqual({ ...accuracy, step: 5 });
    const generation = parseRecipe('{"generation": {"numBeams": 3}}', 'run.json').generation;
    await journal.comparison({ predictions: [], accuracy, generation }, 5);
    expect((await stored()).comparison).toEqual({ ...accuracy, step: 5, generation });
  });

  it('keeps figures and answers of a comparison together, or neither', async () => {
    const { journal, stored } = await opened();
    const tally = { correct: 1, total: 2 };
    const accuracy = { base: tally, distilled: tally, teacher: null };
    await journal.comparison({ predictions: [{ row: 1 }] as never, accuracy, generation: null }, 5);
    const { comparison } = await stored();
    // Another tab has taken over the run since.
    await writeRun({ ...(await stored()), revision: 9 });
    const late = journal.comparison({ predictions: [{ row: 2 }] as never, accuracy, generation: null }, 6);
    await expect(late).rejects.toThrow('was taken over by another tab');
    expect((await stored()).comparison).toEqual(comparison);
    expect(journal.record.comparison).toEqual(comparison);
    expect(await readPredictions(journal.record.id)).toEqual([{ row: 1 }]);
  });

  it('keeps a checkpoint once, with averages as long as steps are left, and the loss of its step', async () => {
    const { journal, types, stored } = await opened({ recipe: { ...notebookRecipe, steps: 4 } });
    const engine = { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as EngineDescription;
    const save = (step: number) =>
      journal.save(
        { type: 'save', step, elapsedMs: 7, state: sourceOf(stateAt(step)), last: false },
        parseTiny(),
        engine,
      );
    await journal.metrics(point(2), engine);
    types();
    await save(2);
    await save(2);
    expect(types()).toEqual(['record']);
    expect((await stored()).savedStep).toBe(2);
    await save(4);
    const [last, first, ...more] = await listCheckpoints(journal.record.id);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      step: 2,
      loss: 0.5,
      elapsedMs: 7,
      accuracy: null,
      engine: { adapter: 'a test' },
    });
    expect(first!.files.map(({ name }) => name)).toEqual(['model.safetensors', 'optimizer.safetensors']);
    // After the last step nothing asks for them; the loss of an earlier step says nothing of it.
    expect(last).toMatchObject({ step: 4, loss: null });
    expect(last!.files.map(({ name }) => name)).toEqual(['model.safetensors']);
  });
});
