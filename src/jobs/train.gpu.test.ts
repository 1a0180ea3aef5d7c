/** The job that trains, on the real engine, with a store in memory. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openBundledStudent, sampleExamples } from '../../tests/support/sample.ts';
import { LostWeightsError, NoRoomError } from '../base/errors.ts';
import type { Asked } from '../distill/ask.ts';
import { meanLoss } from '../distill/mean-loss.ts';
import { taskRow } from '../distill/tasks.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import { Control } from '../distill/control.ts';
import type { CheckpointStore, RunSink } from '../distill/ports.ts';
import { recipeSchema } from '../distill/recipe.ts';
import type { Evaluation, MetricsPoint, RunState } from '../distill/run-state.ts';
import { stateOf, type Engine, type EngineState } from '../engine/engine.ts';
import { readState, sourceOf, type StateSource } from '../engine/state-source.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import type { Weights } from '../student/config.ts';
import type { Student } from '../student/folder.ts';
import { askRun } from './ask.ts';
import { compareRun } from './compare.ts';
import type { EngineOwner } from './engine-owner.ts';
import { trainRun, type TrainJob } from './train.ts';

// Dropout and moments are what a question could disturb.
const asking = { numBeams: 1, maxNewTokens: null, rationale: true, base: true };
const recipe = recipeSchema.parse({
  steps: 4,
  batchSize: 4,
  learningRate: 3e-2,
  dropout: 0.1,
  seed: 4,
  generationMaxTokens: 6,
  evalEvery: 2,
  saveEvery: 0,
});
const train = sampleExamples('train').slice(0, 12);
const test = sampleExamples('test').slice(0, 2);

/** A run in memory. */
class Memory implements RunSink, CheckpointStore {
  points: MetricsPoint[] = [];
  evaluations: Evaluation[] = [];
  states: RunState[] = [];
  comparisons: number[] = [];
  saved: Resumption | null = null;
  savedState: EngineState | null = null;
  /** Called at each state that is stored. */
  onState: (state: RunState) => Promise<void> | void = () => undefined;
  /** Called before a point is stored. */
  onMetrics: (point: MetricsPoint) => void = () => undefined;

  get soFar() {
    return {
      step: this.points.at(-1)?.step ?? 0,
      savedStep: this.saved?.state.step ?? null,
      evaluations: this.evaluations,
    };
  }

  async state(state: RunState): Promise<void> {
    this.states.push(state);
    await this.onState(state);
  }
  tell(): void {
    // Not stored.
  }
  engine(): Promise<void> {
    return Promise.resolve();
  }
  metrics(point: MetricsPoint): Promise<void> {
    this.onMetrics(point);
    this.points.push(point);
    return Promise.resolve();
  }
  evaluation(evaluation: Evaluation): Promise<void> {
    this.evaluations.push(evaluation);
    return Promise.resolve();
  }
  watched(): Promise<void> {
    return Promise.resolve();
  }
  takenStep: number | null = null;
  taken(step: number): Promise<void> {
    this.takenStep = step;
    return Promise.resolve();
  }
  comparison(_: unknown, step: number): Promise<void> {
    this.comparisons.push(step);
    return Promise.resolve();
  }
  readonly kept = new Map<number, Weights>();
  openWeights(step: number): Promise<StateSource | null> {
    const weights = this.kept.get(step);
    return Promise.resolve(weights === undefined ? null : sourceOf(stateOf(weights, step)));
  }
  async save({ state, elapsedMs }: { state: StateSource; elapsedMs: number }): Promise<void> {
    const whole = await readState(state);
    this.saved = { state: sourceOf(whole), elapsedMs };
    this.savedState = whole;
    this.kept.set(state.step, whole.weights);
  }
  rewind(): Promise<Resumption | null> {
    const step = this.saved?.state.step ?? 0;
    this.points = this.points.filter((point) => point.step <= step);
    this.evaluations = this.evaluations.filter((one) => one.step <= step);
    return Promise.resolve(this.saved);
  }
}

let student: Student;
beforeAll(async () => {
  student = await openBundledStudent();
});

const openWasm = (): Promise<Engine> =>
  createWasmEngine(student, { threads: 2, startThread: startNodeThread, reason: 'a test' });

function jobFor(memory: Memory, changes: Partial<TrainJob> = {}): TrainJob {
  return {
    student,
    recipe,
    train,
    test,
    watched: [],
    sink: memory,
    checkpoints: memory,
    open: openWasm,
    request: { engine: 'wasm', backend: null },
    control: new Control(),
    from: null,
    policy: { comparesWhenStopped: true, waitsForRoom: true, keepsBest: false },
    ...changes,
  };
}

function expectSameState(one: EngineState, other: EngineState): void {
  expect(one.step).toBe(other.step);
  for (const part of ['weights', 'expAvg', 'expAvgSq'] as const) {
    expect(one[part].size).toBe(other[part].size);
    for (const [name, values] of other[part]) {
      const [a, b] = [one[part].get(name)!, values].map((floats) => Buffer.from(floats.slice().buffer));
      expect(Buffer.compare(a!, b!), `${part} ${name}`).toBe(0);
    }
  }
}

describe('a run', () => {
  let undisturbed: Memory;
  beforeAll(async () => {
    undisturbed = new Memory();
    const { end, comparison } = await trainRun(jobFor(undisturbed));
    expect(end).toEqual({ phase: 'done', step: 4, stopped: false });
    expect(comparison?.predictions).toHaveLength(2);
    expect(undisturbed.comparisons).toEqual([4]);
    expect(undisturbed.evaluations.map(({ step }) => step)).toEqual([2, 4]);
  });

  it('answers questions between its steps, and ends with every byte as it would have been', async () => {
    const memory = new Memory();
    const answers: Promise<Asked>[] = [];
    const said: string[] = [];
    let owner: EngineOwner | null = null;
    memory.onState = (state) => {
      if (owner === null || state.phase !== 'training') return;
      const { step } = memory.soFar;
      answers.push(
        askRun(owner, {
          text: test[0]!.input,
          options: () => ({
            tokenizer: student.tokenizer,
            recipe,
            baseWeights: student.weights,
            step,
            asking,
          }),
          report: (what) => said.push(what),
          signal: new AbortController().signal,
        }),
      );
    };
    await trainRun(jobFor(memory), (held) => (owner = held));
    const asked = await Promise.all(answers);
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(said.slice(0, 5)).toEqual([
      'waiting for the current step',
      'distilled student answers',
      'distilled student explains',
      'base student answers',
      'base student explains',
    ]);
    // The base student never learns: it says the same each time; the other one does learn.
    expect(asked.every(({ base }) => base !== null)).toBe(true);
    expect(new Set(asked.map(({ base }) => JSON.stringify([base?.answer, base?.rationale]))).size).toBe(1);
    expect(new Set(asked.map(({ distilled }) => distilled.rationale)).size).toBeGreaterThan(1);
    expectSameState(memory.savedState!, undisturbed.savedState!);
  });

  it('waits, when it is resumed from a pause, until a question and a comparison are over', async () => {
    const memory = new Memory();
    const control = new Control();
    const job = jobFor(memory, { control });
    let owner: EngineOwner | null = null;
    const meanwhile: Promise<unknown>[] = [];
    memory.onMetrics = ({ step }) => {
      if (step === 2) control.pause();
    };
    memory.onState = (state) => {
      if (state.phase !== 'paused' || meanwhile.length > 0) return;
      const options = { tokenizer: student.tokenizer, recipe, baseWeights: student.weights, step: 2, asking };
      const { signal } = new AbortController();
      const question = { text: 'Where are palms?', options: () => options, report: () => undefined, signal };
      meanwhile.push(askRun(owner!, question));
      meanwhile.push(
        owner!.use(({ engine }) =>
          compareRun({
            engine,
            student,
            recipe,
            test,
            step: 2,
            sink: memory,
            say: () => Promise.resolve(),
            skipped: () => false,
          }),
        ),
      );
      control.resume();
    };
    await trainRun(job, (held) => (owner = held));
    await Promise.all(meanwhile);
    expect(memory.comparisons).toEqual([2, 4]);
    expectSameState(memory.savedState!, undisturbed.savedState!);
  });

  it('recovers from its checkpoint where a question loses the trained weights, also out of a pause', async () => {
    const memory = new Memory();
    const control = new Control();
    let owner: EngineOwner | null = null;
    let opened = 0;
    const open = async (): Promise<Engine> => {
      opened += 1;
      return openWasm();
    };
    let lost = 0;
    memory.onMetrics = ({ step }) => {
      if (step === 3 && opened === 1) control.pause();
    };
    memory.onState = (state) => {
      if (state.phase === 'recovering') control.resume();
      if (state.phase !== 'paused' || opened > 1) return;
      owner!
        .use(() => Promise.reject(new LostWeightsError('They are gone.', 'Resume.')))
        .catch(() => (lost += 1));
    };
    const { end } = await trainRun(jobFor(memory, { control, open }), (held) => (owner = held));
    expect([end.phase, opened, lost]).toEqual(['done', 2, 1]);
    expect(memory.points.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expectSameState(memory.savedState!, undisturbed.savedState!);
  });

  it('is not compared where a person stopped it, unless the place wants that', async () => {
    for (const comparesWhenStopped of [false, true]) {
      const memory = new Memory();
      const control = new Control();
      memory.onMetrics = () => control.stop();
      const policy = { comparesWhenStopped, waitsForRoom: true, keepsBest: false };
      const { end, comparison } = await trainRun(jobFor(memory, { control, policy }));
      expect(end).toEqual({ phase: 'done', step: 1, stopped: true });
      expect([comparison !== null, memory.comparisons]).toEqual([
        comparesWhenStopped,
        comparesWhenStopped ? [1] : [],
      ]);
      expect(memory.saved!.state.step).toBe(1);
    }
  });

  it('can be stopped before its engine is open', async () => {
    const memory = new Memory();
    const control = new Control();
    control.stop();
    const policy = { comparesWhenStopped: false, waitsForRoom: true, keepsBest: false };
    const { end } = await trainRun(jobFor(memory, { control, policy }));
    expect([end, memory.points]).toEqual([{ phase: 'done', step: 0, stopped: true }, []]);
  });

  it('without room waits for a person where one is there, and ends where none is', async () => {
    for (const waitsForRoom of [true, false]) {
      const memory = new Memory();
      const control = new Control();
      let refusals = 1;
      memory.onMetrics = ({ step }) => {
        if (step === 2 && refusals-- > 0) throw new NoRoomError('No room.', 'Make some.');
      };
      memory.onState = (state) => {
        if (state.phase === 'paused') setTimeout(() => control.resume());
      };
      const policy = { comparesWhenStopped: false, waitsForRoom, keepsBest: false };
      const running = trainRun(jobFor(memory, { control, policy }));
      if (waitsForRoom) {
        await running;
        expectSameState(memory.savedState!, undisturbed.savedState!);
      } else await expect(running).rejects.toBeInstanceOf(NoRoomError);
      expect(memory.states.some(({ phase }) => phase === 'paused')).toBe(waitsForRoom);
    }
  });
});

// So high a rate makes the student worse with each step: the first measurement stays the best.
describe('a run with validation rows', () => {
  const spoilt = recipeSchema.parse({
    ...recipe,
    steps: 6,
    learningRate: 0.3,
    schedule: 'constant',
    evalEvery: 1,
    saveEvery: 1,
    patience: 2,
    take: 'best',
  });
  const validation = sampleExamples('test').slice(5, 9);
  const changes = { recipe: spoilt, validation };

  it('measures both losses, ends early, and compares the best; resumed, it does the same to the byte', async () => {
    const memory = new Memory();
    const { end } = await trainRun(jobFor(memory, changes));
    expect(end).toEqual({ phase: 'done', step: 3, stopped: false, early: true });
    expect([memory.takenStep, memory.comparisons]).toEqual([1, [1]]);
    expect(memory.evaluations).toHaveLength(3);

    // Held against the weights of that step, outside any run.
    const engine = await openWasm();
    engine.restore(stateOf(memory.kept.get(1)!));
    const rows = validation.map((example) => taskRow(spoilt, example, student.tokenizer));
    const { answer, rationale } = await endOf(meanLoss(engine, rows));
    engine.dispose();
    const first = memory.evaluations[0]!;
    expect(first).toMatchObject({
      split: 'validation',
      total: 4,
      answerLoss: answer,
      rationaleLoss: rationale,
    });
    expect(first.loss).toBeCloseTo((answer + rationale!) / 2, 12);

    const resumed = new Memory();
    const atTwo = new Control();
    resumed.onMetrics = ({ step }) => {
      if (step === 2) atTwo.stop();
    };
    const stopped = { comparesWhenStopped: false, waitsForRoom: true, keepsBest: false };
    await trainRun(jobFor(resumed, { ...changes, control: atTwo, policy: stopped }));
    resumed.onMetrics = () => undefined;
    const from = await resumed.rewind();
    await trainRun(jobFor(resumed, { ...changes, from }));
    expect(resumed.evaluations).toEqual(memory.evaluations);
    expect(resumed.takenStep).toBe(1);
    expectSameState(resumed.savedState!, memory.savedState!);
  });
});

async function endOf<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}
