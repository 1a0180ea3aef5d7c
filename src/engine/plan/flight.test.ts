import { expect, test } from 'vitest';
import { expectSameState } from '../../../tests/support/same-state.ts';
import { EngineError, NonFiniteError } from '../../base/errors.ts';
import type { Engine, EngineState, StepResult } from '../engine.ts';
import { PlanEngine } from './plan-engine.ts';
import type { Floats } from './executor.ts';
import type { SlabLayout } from './slab-layout.ts';
import type { Tensor } from './tensors.ts';
import { randomBatch, tinyEngineStudent, tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { TwinExecutor } from './twin/twin-executor.ts';

const student = tinyEngineStudent();
const { config } = student;

/** Reads are told late, as a GPU's are, and not in the order of asking. */
class LateExecutor extends TwinExecutor {
  override readonly runsAhead = true;
  #reads = 0;

  override async readTensor(tensor: Tensor, length: number): Promise<Floats> {
    const found = await super.readTensor(tensor, length);
    this.#reads += 1;
    for (let turn = 0; turn < (this.#reads % 2 === 0 ? 5 : 40); turn += 1) await Promise.resolve();
    return found;
  }
}

const open = (createExecutor: (layout: SlabLayout) => TwinExecutor) =>
  new PlanEngine(student, { createExecutor, reason: 'A test.' });
const late = () => open((layout) => new LateExecutor(layout));

// Rows of the third step are longer, so that it takes another plan.
const batches = (step: number) => [
  step === 3 ? { answer: randomBatch(config, 9, [[60, 40]]), rationale: null } : tinyMicroBatch(config, step),
];
const update = (step: number) => ({ ...tinyUpdate, step });

async function oneByOne(steps: number): Promise<{ results: StepResult[]; state: EngineState }> {
  const engine = open((layout) => new TwinExecutor(layout));
  const results: StepResult[] = [];
  for (let step = 1; step <= steps; step += 1) results.push(await engine.step(batches(step), update(step)));
  return { results, state: await engine.read() };
}

async function queueAll(engine: Engine, steps: number, change: object = {}): Promise<Promise<StepResult>[]> {
  const results: Promise<StepResult>[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const begun = await engine.begin!(batches(step), { ...update(step), ...(step === 4 ? change : {}) });
    results.push(begun.result);
  }
  return results;
}

test('queued steps have the numbers of steps that are waited for', async () => {
  const { results, state } = await oneByOne(6);
  const engine = late();
  expect(await Promise.all(await queueAll(engine, 6))).toEqual(results);
  expectSameState(await engine.read(), state);
});

test('what comes after queued steps sees all of them', async () => {
  const { state } = await oneByOne(3);
  const engine = late();
  const results = await queueAll(engine, 3);
  expect(() => engine.source()).toThrow(EngineError);
  expect(() => engine.restore(state)).toThrow(EngineError);
  const same = open((layout) => new TwinExecutor(layout));
  same.restore(state);
  const batch = tinyMicroBatch(config).answer;
  // A state is kept in single precision, the twin computes in double.
  expect(results).toHaveLength(3);
  expect((await engine.evaluate(batch)).loss).toBeCloseTo((await same.evaluate(batch)).loss, 5);
  expectSameState(await engine.read(), state);
});

test('behind a step that fails nothing changes, and later steps fail with its error', async () => {
  const { state } = await oneByOne(4);
  const engine = late();
  // The fourth step is taken; what it makes of the weights gives no finite loss in the fifth.
  const results = await queueAll(engine, 7, { learningRate: 1e300 });
  const found = await Promise.allSettled(results);
  expect(found.map(({ status }) => status)).toEqual([
    ...Array<string>(4).fill('fulfilled'),
    ...Array<string>(3).fill('rejected'),
  ]);
  for (const one of found.slice(4)) {
    const error = (one as { reason: unknown }).reason;
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as NonFiniteError).message).toContain('step 5');
  }
  expect((await engine.read()).step).toBe(4);
  // It continues from a state that is whole.
  engine.restore(state);
  const next = await engine.step(batches(5), update(5));
  expect(Number.isFinite(next.loss)).toBe(true);
});
