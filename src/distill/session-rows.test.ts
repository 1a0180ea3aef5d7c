/** When a session reads its rows, where they are too many to be kept. */
import { afterEach, expect, it, vi } from 'vitest';
import type { Example } from '../data/example.ts';
import type { RowSource } from '../data/row-source.ts';
import type { Engine } from '../engine/engine.ts';
import { sourceOf, type StateSource } from '../engine/state-source.ts';
import { BatchPlan } from './batches.ts';
import { recipeSchema } from './recipe.ts';
import { Session } from './session.ts';
import { letters } from './testing/told-student.ts';
import { keptRows } from './train-rows.ts';

const example = (row: number): Example => ({
  row,
  input: `q${row}`,
  label: 'a',
  rationale: 'so',
  teacherLabel: null,
  question: null,
  choices: null,
});

afterEach(() => {
  vi.restoreAllMocks();
});

it('reads the rows of each step once, those of the next while one is taken, and none after the last', async () => {
  const length = keptRows + 1;
  const asked: number[][] = [];
  const train: RowSource = {
    length,
    rationales: length,
    firstUntaught: null,
    read: (places) => {
      asked.push([...places]);
      return Promise.resolve(places.map(example));
    },
  };
  const askedAtStep: number[] = [];
  const engine = {
    step: () => {
      askedAtStep.push(asked.length);
      return Promise.resolve({ answerLoss: 1, rationaleLoss: 1, loss: 1, gradNorm: 1, tokens: 4 });
    },
    source: (): StateSource =>
      sourceOf({ weights: new Map(), expAvg: new Map(), expAvgSq: new Map(), step: 0 }),
  } as unknown as Engine;
  const recipe = recipeSchema.parse({ steps: 4, batchSize: 2, evalEvery: 0, saveEvery: 0 });
  // A clock that stands still: a run has taken no time when it begins.
  vi.spyOn(performance, 'now').mockReturnValue(7);
  const times: number[] = [];
  const said: string[] = [];
  for await (const event of new Session({ engine, tokenizer: letters, recipe, train, test: [] }).run())
    if (event.type === 'state') said.push(event.state.phase);
    else if (event.type === 'metrics') times.push(event.point.elapsedMs);
  expect(times).toEqual([0, 0, 0, 0]);
  // None are tokenised beforehand.
  expect(said[0]).toBe('compiling');
  const plan = new BatchPlan(recipe, length);
  expect(asked).toEqual([1, 2, 3, 4].map((step) => plan.rowsOfStep(step).flat()));
  expect(askedAtStep).toEqual([2, 3, 4, 4]);
});
