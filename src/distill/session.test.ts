import { expect, test } from 'vitest';
import type { Example } from '../data/example.ts';
import type { Engine, Update } from '../engine/engine.ts';
import { Control } from './control.ts';
import { recipeSchema, type Recipe } from './recipe.ts';
import { Session, type SessionEvent } from './session.ts';

const tokenizer = { encode: () => Int32Array.of(1), decode: () => 'one' };
const rows = Array.from({ length: 8 }, (_, row) => ({
  row,
  input: 'one and one',
  label: 'two',
  rationale: 'they add up',
  teacherLabel: null,
})) as unknown as Example[];

/** Its weights are one number, which each step changes by what came before. @param ahead Whether steps are queued. */
function makeEngine(ahead: boolean): { engine: Engine; mostUnderWay: () => number } {
  let weight = 1;
  let steps = 0;
  let underWay = 0;
  let most = 0;
  const take = ({ step }: Update) => {
    expect(step).toBe(steps + 1);
    steps = step;
    weight = (weight * 31 + step) % 1009;
    return { answerLoss: weight, rationaleLoss: weight, loss: weight, gradNorm: 1, tokens: 4 };
  };
  const idle = () => expect(underWay, 'steps under way while the engine is looked at').toBe(0);
  const engine = {
    restoreFrom: () => {
      idle();
      return Promise.resolve();
    },
    generate: (inputs: readonly unknown[]) => {
      idle();
      return Promise.resolve(inputs.map(() => ({ ids: Int32Array.of(weight), score: null })));
    },
    source: () => {
      idle();
      return { step: steps, tensors: [], pieces: () => weight };
    },
    step: (_: unknown, update: Update) => Promise.resolve(take(update)),
    begin: (_: unknown, update: Update) => {
      const found = take(update);
      underWay += 1;
      most = Math.max(most, underWay);
      const result = new Promise((resolve) => setTimeout(resolve, 0)).then(() => {
        underWay -= 1;
        return found;
      });
      return Promise.resolve({ result });
    },
  };
  if (!ahead) Reflect.deleteProperty(engine, 'begin');
  return { engine: engine as unknown as Engine, mostUnderWay: () => most };
}

/** What a run says, without times; a pause and a save are asked for while it goes. */
async function run(
  ahead: boolean,
  keys: Partial<Recipe>,
  act?: (control: Control, event: SessionEvent) => void,
) {
  const { engine, mostUnderWay } = makeEngine(ahead);
  const control = new Control();
  const recipe = recipeSchema.parse({ steps: 60, batchSize: 2, evalEvery: 0, saveEvery: 0, ...keys });
  const session = new Session({ engine, tokenizer, recipe, train: rows, test: rows.slice(0, 2), control });
  const events: unknown[] = [];
  for await (const event of session.run()) {
    if (event.type === 'metrics') events.push({ ...event.point, elapsedMs: 0 });
    else if (event.type === 'save') {
      const { step, last, state } = event;
      expect(state.step).toBe(step);
      events.push({ step, last, weight: (state.pieces as () => unknown)() });
    } else events.push(event);
    act?.(control, event);
  }
  return { events, mostUnderWay: mostUnderWay() };
}

test('a run whose steps are queued ahead says what one says that waits for each', async () => {
  for (const keys of [{}, { saveEvery: 7 }, { evalEvery: 20, saveEvery: 12 }, { evalEvery: 1 }]) {
    const waiting = await run(false, keys);
    const ahead = await run(true, keys);
    expect(ahead.events).toEqual(waiting.events);
    if (keys.evalEvery !== 1) expect(ahead.mostUnderWay).toBeGreaterThan(2);
  }
});

test('a pause, a save and a stop come between steps, of which none is lost', async () => {
  const act = (control: Control, event: SessionEvent) => {
    if (event.type === 'metrics' && event.point.step === 20) control.pause();
    if (event.type === 'state' && event.state.phase === 'paused') control.resume();
    if (event.type === 'metrics' && event.point.step === 35) control.save();
    if (event.type === 'metrics' && event.point.step === 50) control.stop();
  };
  const { events } = await run(true, {}, act);
  const steps = events.flatMap((event) =>
    (event as { learningRate?: number; step: number }).learningRate === undefined
      ? []
      : [(event as { step: number }).step],
  );
  expect(steps).toEqual(steps.map((_, index) => index + 1));
  // What was under way is finished first: eight steps at most.
  const saves = events.filter((event) => 'last' in (event as object)) as {
    step: number;
    last: boolean;
    weight: number;
  }[];
  expect(saves).toHaveLength(3);
  for (const [index, asked] of [20, 35, 50].entries()) {
    expect(saves[index]!.step).toBeGreaterThanOrEqual(asked);
    expect(saves[index]!.step).toBeLessThanOrEqual(asked + 8);
  }
  expect(steps.at(-1)).toBe(saves[2]!.step);
});

test('a micro-batch passes in one part by default', async () => {
  for (const parts of [undefined, 3]) {
    const told: unknown[] = [];
    const { engine } = makeEngine(false);
    const step = engine.step.bind(engine);
    engine.step = (batches, update) => {
      told.push(update.parts);
      return step(batches, update);
    };
    const recipe = recipeSchema.parse({ steps: 2, batchSize: 2, evalEvery: 0, saveEvery: 0 });
    const session = new Session({
      engine,
      tokenizer,
      recipe,
      train: rows,
      test: [],
      ...(parts && { parts }),
    });
    for await (const event of session.run()) expect(event).toBeDefined();
    expect(told).toEqual([parts ?? 1, parts ?? 1]);
  }
});
