import { expect, it } from 'vitest';
import { LostWeightsError } from '../base/errors.ts';
import { recipeSchema } from '../distill/recipe.ts';
import type { RunState } from '../distill/run-state.ts';
import { stateOf } from '../engine/engine.ts';
import { readState } from '../engine/state-source.ts';
import { compareRun, type Comparison } from './compare.ts';
import { baseAnswer, madeUpEngine, Memory, rowsWith, student, weightsOf } from './testing/made-up-run.ts';

function scene(method: 'standard' | 'step-by-step' = 'step-by-step', changes: Partial<Comparison> = {}) {
  const made = madeUpEngine();
  made.engine.restore(stateOf(weightsOf(3), 3));
  made.done.length = 0;
  const sink = new Memory();
  const said: RunState[] = [];
  const comparison: Comparison = {
    engine: made.engine,
    student,
    recipe: recipeSchema.parse({ method }),
    test: rowsWith('3', 2),
    metric: 'exact',
    step: 3,
    sink,
    say: (state) => Promise.resolve(void said.push(state)),
    skipped: () => false,
    ...changes,
  };
  /** The weights on the engine now. */
  const held = async () => {
    const { weights } = await readState(made.engine.source());
    return weights.get('w')![0];
  };
  return { made, sink, said, held, run: () => compareRun(comparison) };
}

it('answers with the trained weights and with the base ones, says how far it is, and writes the result down', async () => {
  const { made, sink, said, held, run } = scene();
  const result = await run();
  expect(
    result?.predictions.map(({ row, distilled, rationale, base }) => [row, distilled, rationale, base]),
  ).toEqual([
    [0, '3', '3', `${baseAnswer}`],
    [1, '3', '3', `${baseAnswer}`],
  ]);
  expect(result?.accuracy).toMatchObject({
    distilled: { correct: 2, total: 2 },
    base: { correct: 0, total: 2 },
  });
  expect(said).toEqual(
    ['distilled', 'rationales', 'base'].flatMap((purpose) =>
      [0, 2].map((done) => ({ phase: 'evaluating', purpose, step: 3, done, total: 2 })),
    ),
  );
  expect(sink.comparisons.map(([step]) => step)).toEqual([3]);
  expect(made.done).toEqual(['answer 3', 'answer 3', 'stand in', `answer ${baseAnswer}`, 'put back']);
  expect(await held()).toBe(3);
});

it('asks for no rationales where the method has none, and not for base answers that do not fit the rows', async () => {
  const { said, run } = scene('standard', { baseAnswers: ['one alone'] });
  const result = await run();
  expect(result?.predictions[0]).toMatchObject({ rationale: null, base: `${baseAnswer}` });
  expect(said.map((state) => state.phase === 'evaluating' && state.purpose)).not.toContain('rationales');
});

it('that is skipped, at whatever point, leaves nothing behind and the trained weights on the engine', async () => {
  for (const after of [1, 2, 3]) {
    let asked = 0;
    const { sink, held, run } = scene('step-by-step', { skipped: () => (asked += 1) === after });
    expect(await run()).toBeNull();
    expect([sink.comparisons, asked, await held()]).toEqual([[], after, 3]);
  }
});

it('puts the trained weights back also where telling fails', async () => {
  let said = 0;
  const say = () => ((said += 1) === 5 ? Promise.reject(new Error('the page is gone')) : Promise.resolve());
  const { sink, held, run } = scene('step-by-step', { say });
  await expect(run()).rejects.toThrow('the page is gone');
  expect([sink.comparisons, await held()]).toEqual([[], 3]);
});

it('says that the trained weights are lost where they cannot be put back', async () => {
  const { made, run } = scene('standard');
  made.before = (what) => {
    if (what === 'put back') throw new Error('out of memory.');
  };
  const failure = await run().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(LostWeightsError);
  expect(String(failure)).toContain('(out of memory)');
});
