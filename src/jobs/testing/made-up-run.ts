/**
 * A run without a real engine: its only weight is the number of the step that made it, and the student answers with that
 * number. So an answer says whose weights were on the engine.
 */
import type { Example } from '../../data/example.ts';
import type { Resumption } from '../../distill/checkpoint.ts';
import type { CompareResult } from '../../distill/compare.ts';
import type { CheckpointStore, RunSink } from '../../distill/ports.ts';
import type { Evaluation, MetricsPoint, RunState } from '../../distill/run-state.ts';
import { stateOf, type Engine, type EngineState, type Update } from '../../engine/engine.ts';
import { puttingBack } from '../../engine/stand-in.ts';
import { readState, sourceOf, weightsAlone, type StateSource } from '../../engine/state-source.ts';
import type { Weights } from '../../student/config.ts';
import type { Student } from '../../student/folder.ts';

export const weightsOf = (value: number): Weights => new Map([['w', Float32Array.of(value)]]);

/** What the base student answers. */
export const baseAnswer = 900;

/** Reads a text as the number at its end, and writes numbers. */
export const student = {
  tokenizer: {
    encode: (text: string) => Int32Array.of(Number(/\d+$/.exec(text)?.[0] ?? 1)),
    decode: (ids: Int32Array) => ids.join(' '),
  },
  weights: weightsOf(baseAnswer),
} as unknown as Student;

/** Rows with this label. */
export const rowsWith = (label: string, count: number): Example[] =>
  Array.from({ length: count }, (_, row) => ({
    row,
    input: `thing ${row}`,
    label,
    rationale: 'it is 7',
    teacherLabel: label,
    question: null,
    choices: null,
  }));

export interface MadeUpEngine {
  engine: Engine;
  /** What was asked of it: `step 1`, `answer 2`, `stand in`, `put back`, `restore 2`, `dispose`. */
  done: string[];
  updates: Update[];
  /** Called before each of these; throws what goes wrong. */
  before: (what: string) => void;
}

export function madeUpEngine(): MadeUpEngine {
  let state = stateOf(weightsOf(0));
  const does = (what: string): Promise<void> => {
    made.done.push(what);
    // What goes wrong does so as with a real engine: the promise fails.
    return Promise.resolve().then(() => made.before(what));
  };
  const value = () => state.weights.get('w')![0]!;
  const made: MadeUpEngine = { done: [], updates: [], before: () => undefined, engine: null! };
  made.engine = {
    describe: () => ({ engine: 'wgsl', backend: 'webgpu', adapter: 'made up', reason: '', parameters: 1 }),
    step: async (_: unknown, update: Update) => {
      await does(`step ${update.step}`);
      made.updates.push(update);
      state = stateOf(weightsOf(update.step), update.step);
      return { answerLoss: 1, rationaleLoss: 1, loss: 1, gradNorm: 1, tokens: 4 };
    },
    evaluate: ({ inputs }: { inputs: readonly unknown[] }) =>
      Promise.resolve({ loss: value(), tokens: inputs.length }),
    generate: async (inputs: readonly unknown[]) => {
      await does(`answer ${value()}`);
      return inputs.map(() => ({ ids: Int32Array.of(value()), score: null }));
    },
    source: () => sourceOf(state),
    standIn: async (weights: Weights) => {
      await does('stand in');
      const { weights: before } = state;
      state = { ...state, weights };
      return puttingBack(async () => {
        await does('put back');
        state = { ...state, weights: before };
      });
    },
    restore: (to: EngineState) => {
      state = to;
      made.done.push(`restore ${value()}`);
    },
    restoreFrom: async (source: StateSource) => made.engine.restore(await readState(source)),
    dispose: () => void made.done.push('dispose'),
  } as unknown as Engine;
  return made;
}

/** Where a run is written down, in memory. */
export class Memory implements RunSink, CheckpointStore {
  readonly points: MetricsPoint[] = [];
  readonly evaluations: Evaluation[] = [];
  readonly states: RunState[] = [];
  readonly told: RunState[] = [];
  readonly comparisons: [step: number, answers: string[], base: string[]][] = [];
  readonly takenSteps: number[] = [];
  readonly saves: number[] = [];
  readonly kept = new Map<number, EngineState>();
  onState: (state: RunState) => void = () => undefined;
  /** Called before a checkpoint is kept. */
  onSave: (step: number) => void = () => undefined;
  onMetrics: (step: number) => void = () => undefined;

  get soFar() {
    return {
      step: this.points.at(-1)?.step ?? 0,
      savedStep: this.saves.at(-1) ?? null,
      evaluations: this.evaluations,
    };
  }
  state(state: RunState): Promise<void> {
    this.states.push(state);
    this.onState(state);
    return Promise.resolve();
  }
  tell(state: RunState): void {
    this.told.push(state);
  }
  engine(): Promise<void> {
    return Promise.resolve();
  }
  metrics(point: MetricsPoint): Promise<void> {
    this.points.push(point);
    this.onMetrics(point.step);
    return Promise.resolve();
  }
  evaluation(evaluation: Evaluation): Promise<void> {
    this.evaluations.push(evaluation);
    return Promise.resolve();
  }
  watched(): Promise<void> {
    return Promise.resolve();
  }
  taken(step: number): Promise<void> {
    this.takenSteps.push(step);
    return Promise.resolve();
  }
  comparison({ predictions }: CompareResult, step: number): Promise<void> {
    const answers = predictions.map(({ distilled }) => distilled);
    this.comparisons.push([step, answers, predictions.map(({ base }) => base)]);
    return Promise.resolve();
  }
  async save({ step, state }: Parameters<CheckpointStore['save']>[0]): Promise<void> {
    this.onSave(step);
    this.saves.push(step);
    this.kept.set(step, await readState(state));
  }
  rewind(): Promise<Resumption | null> {
    const state = this.kept.get(this.saves.at(-1) ?? -1);
    return Promise.resolve(state === undefined ? null : { state: sourceOf(state), elapsedMs: 0 });
  }
  openWeights(step: number): Promise<StateSource | null> {
    const state = this.kept.get(step);
    return Promise.resolve(state === undefined ? null : weightsAlone(sourceOf(state)));
  }
}
