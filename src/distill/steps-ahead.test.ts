import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NonFiniteError } from '../base/errors.ts';
import type { Engine, StepResult, Update } from '../engine/engine.ts';
import { StepsAhead } from './steps-ahead.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const result: StepResult = { answerLoss: 1, rationaleLoss: null, loss: 1, gradNorm: 1, tokens: 1 };
const after = (elapsedMs: number) => new Promise<void>((resolve) => setTimeout(resolve, elapsedMs));
const guard = <T>(_: number, work: Promise<T>) => work;

/** A GPU that computes steps one after the other, and tells of each so much later. */
function slowEngine(computeMs: number, wayBackMs: number): { engine: Engine; mostUnderWay: () => number } {
  let freeAt = 0;
  let underWay = 0;
  let most = 0;
  const begin = () => {
    freeAt = Math.max(freeAt, performance.now()) + computeMs;
    underWay += 1;
    most = Math.max(most, underWay);
    const done = after(freeAt + wayBackMs - performance.now()).then(() => {
      underWay -= 1;
      return result;
    });
    return Promise.resolve({ result: done });
  };
  return { engine: { begin } as unknown as Engine, mostUnderWay: () => most };
}

/** Milliseconds of so many steps. */
async function train(engine: Engine, steps: number): Promise<number> {
  const ahead = new StepsAhead(engine, 0);
  const startedAt = performance.now();
  const work = (async () => {
    let done = 0;
    while (done < steps) {
      while (ahead.wantsMore && ahead.lastStep < steps) {
        const update = { step: ahead.lastStep + 1, learningRate: 1 } as Update;
        await ahead.queue([], update, performance.now(), guard);
      }
      done = (await ahead.next(guard)).step;
    }
  })();
  // Together, so that a failure has somebody who waits for it.
  await Promise.all([work, vi.runAllTimersAsync()]);
  return performance.now() - startedAt;
}

test.each([
  [5, 10],
  [2, 10],
  [15, 10],
  [40, 10],
  [45, 30],
  [70, 40],
])(
  'of steps of %d ms, a way back of %d ms takes less than a fifth of what is done in a second',
  async (computeMs, wayBackMs) => {
    const without = await train(slowEngine(computeMs, 0).engine, 200);
    const delayed = await train(slowEngine(computeMs, wayBackMs).engine, 200);
    expect(without / delayed).toBeGreaterThan(0.8);
  },
);

test('steps that last long are not queued: a pause comes after the current step', async () => {
  const { engine, mostUnderWay } = slowEngine(400, 10);
  await train(engine, 10);
  expect(mostUnderWay()).toBe(1);
});

test('an engine without `begin` takes one step at a time', async () => {
  const steps: number[] = [];
  const step = (_: unknown, update: Update) => {
    steps.push(update.step);
    return after(1).then(() => result);
  };
  await train({ step } as unknown as Engine, 5);
  expect(steps).toEqual([1, 2, 3, 4, 5]);
});

test('a step that cannot be queued is told in its turn, and nothing is queued behind it', async () => {
  const { engine } = slowEngine(1, 5);
  const { begin } = engine;
  let count = 0;
  engine.begin = (...given) => {
    count += 1;
    return count === 4 ? Promise.reject(new NonFiniteError(4, 'answer loss')) : begin!(...given);
  };
  await expect(train(engine, 20)).rejects.toThrow(NonFiniteError);
  expect(count).toBe(4);
});
