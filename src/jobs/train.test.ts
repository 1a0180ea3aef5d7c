import { describe, expect, it, vi } from 'vitest';
import { DeviceLostError, NoRoomError } from '../base/errors.ts';
import { Control } from '../distill/control.ts';
import { recipeSchema, type Recipe } from '../distill/recipe.ts';
import type { EngineRequest } from '../engine/choose.ts';
import { stateOf } from '../engine/engine.ts';
import { sourceOf, type StateSource } from '../engine/state-source.ts';
import type { EngineOwner } from './engine-owner.ts';
import { baseAnswer, madeUpEngine, Memory, rowsWith, student, weightsOf } from './testing/made-up-run.ts';
import { trainRun, type TrainJob } from './train.ts';

// On the real engine: `train.gpu.test.ts`.
const lost = new DeviceLostError('The GPU is gone.', 'Go on.');
const noRoom = new NoRoomError('No room.', 'Make some.');

/** The base and the distilled student are asked by answers alone; the label is what the weights of step 2 answer. */
function scene(keys: Partial<Recipe> = {}, changes: Partial<TrainJob> = {}) {
  const memory = new Memory();
  const control = new Control();
  const waits: number[] = [];
  vi.spyOn(control, 'sleep').mockImplementation((ms) => {
    waits.push(ms);
    return Promise.resolve();
  });
  const made = madeUpEngine();
  const recipe = recipeSchema.parse({
    method: 'standard',
    steps: 4,
    batchSize: 2,
    evalEvery: 2,
    saveEvery: 0,
    ...keys,
  });
  let opened = 0;
  const owners: (EngineOwner | null)[] = [];
  const job: TrainJob = {
    student,
    recipe,
    train: rowsWith('2', 6),
    test: rowsWith('2', 2),
    metric: 'exact',
    watched: [],
    sink: memory,
    checkpoints: memory,
    open: (_, tellCompiling) => {
      opened += 1;
      tellCompiling(opened, 3);
      return Promise.resolve(made.engine);
    },
    request: { engine: null, backend: null },
    control,
    from: null,
    policy: { comparesWhenStopped: false, waitsForRoom: true, keepsBest: false },
    ...changes,
  };
  const start = () => trainRun(job, (owner) => owners.push(owner));
  return { memory, control, made, waits, owners, opened: () => opened, start };
}

describe('a run', () => {
  it('trains, measures, saves its last weights, compares, and lets its engine go', async () => {
    const { memory, made, owners, start } = scene();
    const { end, comparison } = await start();
    expect(end).toEqual({ phase: 'done', step: 4, stopped: false });
    expect(memory.states[0]).toEqual({ phase: 'preparing', what: 'opening the engine', done: 0, total: 1 });
    expect(memory.states.at(-1)).toEqual(end);
    expect(memory.told).toEqual([{ phase: 'compiling', done: 1, total: 3 }]);
    expect(memory.points.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(memory.evaluations).toMatchObject([
      { step: 2, correct: 2, total: 2 },
      { step: 4, correct: 0, total: 2 },
    ]);
    expect(memory.saves.at(-1)).toBe(4);
    expect(memory.comparisons).toEqual([[4, ['4', '4'], [`${baseAnswer}`, `${baseAnswer}`]]]);
    expect(comparison?.accuracy).toMatchObject({ distilled: { correct: 0 }, teacher: { correct: 2 } });
    expect(made.done.filter((what) => what === 'dispose')).toHaveLength(1);
    expect(made.updates.map(({ parts }) => parts)).toEqual([1, 1, 1, 1]);
    expect(owners).toHaveLength(2);
    expect(owners[1]).toBeNull();
    await expect(owners[0]!.use(() => Promise.resolve())).rejects.toThrow('The run ended');
  });

  it('stopped before its checkpoint is on the engine ends with what was saved, whatever it would compare', async () => {
    const policy = { comparesWhenStopped: true, waitsForRoom: true, keepsBest: false };
    const state = sourceOf(stateOf(weightsOf(2), 2));
    const end = { phase: 'done', step: 2, stopped: true };
    const before = scene({}, { policy, from: { state, elapsedMs: 0 } });
    before.memory.saves.push(2);
    before.control.stop();
    expect(await before.start()).toEqual({ end, comparison: null });
    expect([before.opened(), before.memory.states]).toEqual([0, [end]]);
    const during: StateSource = {
      ...state,
      async *pieces(tensor) {
        yield* state.pieces(tensor);
        reading.control.stop();
        yield* state.pieces(tensor);
      },
    };
    const reading = scene({}, { policy, from: { state: during, elapsedMs: 0 } });
    reading.memory.saves.push(2);
    expect(await reading.start()).toEqual({ end, comparison: null });
    expect(reading.made.done).toEqual(['dispose']);
    expect(reading.memory.saves).toEqual([2]);
  });

  it('stopped while its engine opens ends at once', async () => {
    const opening = scene(
      {},
      {
        open: (_request, _tell, signal) =>
          new Promise((_, reject) => {
            signal!.addEventListener('abort', () => reject(signal!.reason as Error));
            opening.control.stop();
          }),
      },
    );
    const end = { phase: 'done', step: 0, stopped: true };
    expect(await opening.start()).toEqual({ end, comparison: null });
    expect([opening.owners, opening.memory.states.at(-1)]).toEqual([[], end]);
  });

  it('says how many bytes of its checkpoint are on the engine', async () => {
    const { memory, start } = scene(
      {},
      { from: { state: sourceOf(stateOf(weightsOf(2), 2)), elapsedMs: 0 } },
    );
    await start();
    const what = 'putting the checkpoint on the engine';
    expect(memory.told).toContainEqual({ phase: 'preparing', what, done: 4, total: 4, inBytes: true });
  });

  it('does not compare where there are no test rows, nor, unless it should, where a person stopped it', async () => {
    const without = scene({}, { test: [] });
    expect((await without.start()).comparison).toBeNull();
    expect((await scene({}, { test: rowsWith('2', 1) }).start()).comparison).not.toBeNull();
    for (const comparesWhenStopped of [false, true]) {
      // What was kept is no problem, whether or not somebody is there to make room.
      const policy = { comparesWhenStopped, waitsForRoom: !comparesWhenStopped, keepsBest: false };
      const { memory, control, start } = scene({}, { policy });
      memory.onMetrics = (step) => step === 3 && control.stop();
      expect((await start()).end).toEqual({ phase: 'done', step: 3, stopped: true });
      expect(memory.comparisons.map(([step]) => step)).toEqual(comparesWhenStopped ? [3] : []);
    }
  });

  it('stopped in its last step or its last measurement it is not compared; stopped while it compares it ends', async () => {
    const end = { phase: 'done', step: 4, stopped: false };
    const last = scene({ evalEvery: 0 });
    last.memory.onMetrics = (step) => step === 4 && last.control.stop();
    expect(await last.start()).toEqual({ end, comparison: null });
    expect(last.memory.states.some(({ phase }) => phase === 'evaluating')).toBe(false);

    const measuring = scene();
    measuring.memory.onState = (state) =>
      state.phase === 'evaluating' && state.step === 4 && measuring.control.stop();
    expect(await measuring.start()).toEqual({ end, comparison: null });

    const comparing = scene({ evalEvery: 0 });
    comparing.memory.onState = ({ phase }) => phase === 'evaluating' && comparing.control.stop();
    expect(await comparing.start()).toEqual({ end, comparison: null });
    expect(comparing.memory.saves.at(-1)).toBe(4);
  });

  it('asks a base student whose answers are known not again', async () => {
    const { memory, made, start } = scene({}, { baseAnswers: () => Promise.resolve(['a', 'b']) });
    await start();
    expect(memory.comparisons[0]![2]).toEqual(['a', 'b']);
    expect(made.done).not.toContain('stand in');
  });

  it('compares also where a request to skip came too late for a measurement; one that comes in time counts', async () => {
    const late = scene({ evalEvery: 0 });
    late.memory.onMetrics = (step) => step === 4 && late.control.skipEvaluation();
    expect((await late.start()).comparison).not.toBeNull();
    const skipping = scene({ evalEvery: 0 });
    skipping.memory.onState = ({ phase }) => phase === 'evaluating' && skipping.control.skipEvaluation();
    expect(await skipping.start()).toEqual({
      end: { phase: 'done', step: 4, stopped: false },
      comparison: null,
    });
    expect(skipping.memory.comparisons).toEqual([]);
  });

  it('makes up the measurement that a kill cut off, and repeats none', async () => {
    for (const isMeasured of [false, true]) {
      const from = { state: sourceOf(stateOf(weightsOf(2), 2)), elapsedMs: 5 };
      const { memory, made, start } = scene({}, { from });
      if (isMeasured) memory.evaluations.push({ step: 2, correct: 2, total: 2 });
      await start();
      expect(memory.evaluations.map(({ step }) => step)).toEqual([2, 4]);
      expect(made.done.filter((what) => what === 'answer 2')).toHaveLength(isMeasured ? 0 : 1);
      expect(made.updates.map(({ step }) => step)).toEqual([3, 4]);
    }
    const from = { state: sourceOf(stateOf(weightsOf(1), 1)), elapsedMs: 5 };
    const { memory, start } = scene({ evalEvery: 1, steps: 2 }, { from });
    await start();
    expect(memory.evaluations.map(({ step }) => step)).toEqual([1, 2]);
  });
});

it.each([
  ['WebAssembly relaxed SIMD, 4 threads', 'relaxed'],
  ['WebAssembly SIMD, 4 threads', 'plain'],
  [null, null],
])('asks for the kernels that its checkpoint was computed by (%s)', async (adapter, kernels) => {
  const stamp = adapter === null ? {} : { engine: { engine: 'wasm', backend: 'wasm', adapter } as const };
  const asked: EngineRequest[] = [];
  const { made, start } = scene(
    {},
    {
      from: { state: sourceOf(stateOf(weightsOf(2), 2)), elapsedMs: 5, ...stamp },
      open: (request) => {
        asked.push(request);
        return Promise.resolve(made.engine);
      },
    },
  );
  await start();
  expect(asked).toEqual([{ engine: null, backend: null, kernels }]);
});

describe('the weights that are taken', () => {
  const policy = { comparesWhenStopped: false, waitsForRoom: true, keepsBest: true };

  it('are those of the best measurement, which are kept for that', async () => {
    const { memory, made, start } = scene({ take: 'best', evalEvery: 1 }, { policy });
    await start();
    expect(memory.takenSteps).toEqual([2]);
    expect(memory.comparisons.map(([step, answers]) => [step, answers])).toEqual([[2, ['2', '2']]]);
    expect(made.done).toContain('restore 2');
    // Not the third step's: it was no better.
    expect([...new Set(memory.saves)]).toEqual([1, 2, 4]);
  });

  it('are the last ones where those were not kept, and where the recipe says so', async () => {
    const gone = scene({ take: 'best' });
    await gone.start();
    expect(gone.memory.takenSteps).toEqual([]);
    expect(gone.memory.comparisons.map(([step]) => step)).toEqual([4]);
    const last = scene({ take: 'last', saveEvery: 1 });
    await last.start();
    expect([last.memory.takenSteps, last.memory.comparisons[0]![0]]).toEqual([[], 4]);
  });

  it('are not kept for being the best where the place does not want that', async () => {
    const { memory, start } = scene({ take: 'last', steps: 5 });
    await start();
    expect(memory.saves).toEqual([5]);
  });
});

describe('without room', () => {
  it('waits, paused, and keeps the same when a person resumes', async () => {
    const { memory, control, start } = scene();
    let refusals = 1;
    memory.onSave = () => {
      if (refusals-- > 0) throw noRoom;
    };
    memory.onState = ({ phase }) => phase === 'paused' && queueMicrotask(() => control.resume());
    expect((await start()).end).toEqual({ phase: 'done', step: 4, stopped: false });
    expect(memory.states.filter(({ phase }) => phase === 'paused')).toHaveLength(1);
    expect(memory.saves.at(-1)).toBe(4);
  });

  it('ends with words where the person gives the last weights up', async () => {
    const { memory, control, start } = scene({ evalEvery: 0 });
    memory.onSave = () => {
      throw noRoom;
    };
    memory.onState = ({ phase }) => phase === 'paused' && queueMicrotask(() => control.stop());
    const { end } = await start();
    expect(end).toMatchObject({ phase: 'done', problem: { name: 'NoRoomError' } });
    expect(JSON.stringify(end)).toContain('last weights');
  });

  it('a checkpoint on the way that is given up is no loss where the last weights are kept', async () => {
    const { memory, control, start } = scene({ evalEvery: 0, saveEvery: 2 });
    let refusals = 1;
    memory.onSave = () => {
      if (refusals-- > 0) throw noRoom;
    };
    memory.onState = ({ phase }) => phase === 'paused' && queueMicrotask(() => control.stop());
    expect((await start()).end).toEqual({ phase: 'done', step: 2, stopped: true });
    expect(memory.saves).toEqual([2]);
  });

  it('ends with the error where no one waits for the run', async () => {
    const policy = { comparesWhenStopped: false, waitsForRoom: false, keepsBest: false };
    const { memory, made, owners, start } = scene({}, { policy });
    memory.onSave = () => {
      throw noRoom;
    };
    await expect(start()).rejects.toBe(noRoom);
    expect([made.done.at(-1), owners.at(-1)]).toEqual(['dispose', null]);
    expect(memory.states.some(({ phase }) => phase === 'paused')).toBe(false);
  });
});

describe('what fails', () => {
  it('after a lost engine it resumes from the checkpoint, the second time with smaller micro-batches', async () => {
    const { memory, made, waits, opened, start } = scene({ saveEvery: 1, evalEvery: 0 });
    let failures = 2;
    made.before = (what) => {
      if (what === 'step 3' && failures-- > 0) throw lost;
    };
    expect((await start()).end).toEqual({ phase: 'done', step: 4, stopped: false });
    expect([waits, opened()]).toEqual([[1000, 5000], 3]);
    expect(made.updates.map(({ step, parts }) => [step, parts])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
    ]);
    expect(memory.states.filter(({ phase }) => phase === 'recovering')).toHaveLength(2);
  });

  it('a comparison: the student is kept, with words; a lost engine is recovered', async () => {
    const failing = scene({ evalEvery: 0 });
    failing.made.before = (what) => {
      if (what === `answer ${baseAnswer}`) throw new Error('no memory');
    };
    const { end, comparison } = await failing.start();
    expect(end).toMatchObject({ phase: 'done', step: 4, problem: { message: 'no memory' } });
    expect([comparison, failing.made.done.slice(-2)]).toEqual([null, ['put back', 'dispose']]);

    const losing = scene({ evalEvery: 0 });
    let failures = 1;
    losing.made.before = (what) => {
      if (what === `answer ${baseAnswer}` && failures-- > 0) throw lost;
    };
    expect(await losing.start()).toMatchObject({ end: { phase: 'done', step: 4, stopped: false } });
    expect([losing.opened(), losing.memory.comparisons.length]).toEqual([2, 1]);
  });

  it('rows that the recipe cannot train on: nothing is trained', async () => {
    const { made, start } = scene(
      { labels: 'teacher' },
      { train: rowsWith('2', 4).map((row) => ({ ...row, teacherLabel: null })) },
    );
    await expect(start()).rejects.toThrow(/teacher/);
    expect(made.done).toEqual(['dispose']);
  });
});

describe('whoever wants the engine meanwhile', () => {
  it('has it between two steps, in a pause, and before a run that compares has ended', async () => {
    const { memory, control, owners, made, start } = scene();
    const asked: string[] = [];
    const ask = (name: string) =>
      void owners[0]!.use(() => {
        asked.push(`${name} at ${memory.soFar.step}, ${made.done.at(-1)}`);
        return Promise.resolve();
      });
    let isPaused = false;
    memory.onMetrics = (step) => {
      if (step === 1) ask('between');
      if (step === 2) control.pause();
    };
    memory.onState = (state) => {
      if (state.phase === 'paused' && !isPaused) {
        isPaused = true;
        ask('paused');
        queueMicrotask(() => control.resume());
      }
      if (state.phase === 'evaluating' && state.purpose === 'base' && state.done === 0) ask('comparing');
      if (state.phase === 'done') asked.push('done');
    };
    await start();
    expect(asked).toEqual([
      'between at 1, step 1',
      'paused at 2, answer 2',
      // With the trained weights back.
      'comparing at 4, put back',
      'done',
    ]);
  });
});
