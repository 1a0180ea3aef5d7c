import { expect, it } from 'vitest';
import {
  again,
  begun,
  countsOf,
  ended,
  leftMs,
  mostTries,
  moved,
  named,
  nextRun,
  queueOf,
  resultsOf,
  without,
  type Accuracy,
  type Queue,
} from './queue.ts';
import { parseSpec, plannedRuns } from './spec.ts';

const plan = plannedRuns(
  parseSpec('{"vary": {"alpha": [0.1, 0.5], "seed": [0, 1]}}', 'sweep.json'),
  'sweep.json',
);
const names = plan.map(({ name }) => name);
const order = (queue: Queue): string[] => queue.map(({ name }) => name);
const accuracy = (correct: number): Accuracy => ({
  base: { correct: 1, total: 10 },
  distilled: { correct, total: 10 },
  teacher: null,
});

it('leaves a run for failed after three tries', () => {
  expect(mostTries).toBe(3);
});

it('trains one after the other, and one that was begun before any other', () => {
  let queue = queueOf(plan);
  expect(nextRun(queue)?.name).toBe(names[0]);
  queue = named(begun(queue, names[0]!, { savedStep: 0 }), names[0]!, 'r');
  queue = moved(queue, names[3]!, -9);
  // The one at work keeps its place; the last one is the first of those that wait.
  expect(order(queue)).toEqual([names[0], names[3], names[1], names[2]]);
  expect(nextRun(queue)).toMatchObject({ name: names[0], runId: 'r' });
  queue = ended(queue, names[0]!, { kind: 'ended', accuracy: accuracy(7) }, 100);
  expect(nextRun(queue)?.name).toBe(names[3]);
  for (const name of names.slice(1)) queue = ended(queue, name, { kind: 'failed', words: 'no' }, 5);
  expect(nextRun(queue)).toBeNull();
  expect(countsOf(queue)).toEqual({ total: 4, waiting: 0, atWork: 0, ended: 1, failed: 3 });
});

it('moves and leaves out only what has not begun', () => {
  let queue = begun(queueOf(plan), names[1]!, { savedStep: 0 });
  expect(order(without(queue, names[1]!))).toEqual(names);
  expect(order(moved(queue, names[1]!, 1))).toEqual(names);
  queue = ended(queue, names[1]!, { kind: 'ended', accuracy: accuracy(5) }, 1);
  expect(order(without(queue, names[1]!))).toEqual(names);
  expect(order(without(queue, names[0]!))).toEqual(names.slice(1));
  // Places of others stay where they are.
  expect(order(moved(queue, names[0]!, 1))).toEqual([names[2], names[1], names[0], names[3]]);
  expect(order(moved(queue, 'none', 1))).toEqual(names);
});

it('gives up a run whose worker goes again and again at the same step, and goes on', () => {
  let queue = queueOf(plan);
  for (let start = 0; start < mostTries; start += 1) queue = begun(queue, names[0]!, { savedStep: 0 });
  expect(nextRun(queue)?.name).toBe(names[0]);
  // It got further: it is counted from there.
  queue = begun(queue, names[0]!, { savedStep: 20 });
  expect(queue[0]!.tries).toEqual({ count: 1, savedStep: 20 });
  for (let start = 0; start < mostTries; start += 1) queue = begun(queue, names[0]!, { savedStep: 20 });
  expect(queue[0]!.standing).toMatchObject({ kind: 'failed' });
  expect(nextRun(queue)?.name).toBe(names[1]);
  // Tried again, it comes after those that wait, with all its tries.
  queue = again(queue, names[0]!);
  expect(order(queue)).toEqual([...names.slice(1), names[0]]);
  queue = begun(queue, names[0]!, { savedStep: 20 });
  expect(queue.at(-1)!.standing).toEqual({ kind: 'at work' });
});

it('says what is left by what the runs that ended took', () => {
  let queue = queueOf(plan);
  expect(leftMs(queue, 0)).toBeNull();
  queue = ended(queue, names[0]!, { kind: 'ended', accuracy: accuracy(7) }, 100);
  expect(leftMs(queue, 0)).toBe(300);
  queue = begun(queue, names[1]!, { savedStep: 0 });
  expect(leftMs(queue, 0.5)).toBe(250);
});

it('has its results in the order of the plan, whatever the order of the queue', () => {
  let queue = queueOf(plan);
  for (const [index, name] of [...names].reverse().entries()) {
    queue = ended(queue, name, { kind: 'ended', accuracy: accuracy(index) }, 1);
  }
  expect(
    resultsOf([...queue].reverse(), plan).map(({ run, varied, accuracy: { distilled } }) => [
      run,
      varied['alpha'],
      distilled.correct,
    ]),
  ).toEqual(plan.map(({ name, varied }, index) => [name, varied['alpha'], 3 - index]));
});
