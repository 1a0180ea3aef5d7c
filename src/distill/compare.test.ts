import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { accuracyOf, compare, type CompareOptions, type CompareResult } from './compare.ts';
import { recipeSchema } from './recipe.ts';
import type { Prediction, RunState } from './run-state.ts';
import { base, letters, toldStudent } from './testing/told-student.ts';

const example = (row: number, label: string, changes: Partial<Example> = {}): Example => ({
  row,
  input: `q${row}`,
  label,
  rationale: `so ${label}`,
  teacherLabel: label,
  question: null,
  choices: null,
  ...changes,
});
const test = [
  example(3, 'tea'),
  example(5, 'milk', { teacherLabel: 'tea' }),
  example(8, 'tea', { rationale: null }),
];

/** The distilled student is right on all but the second row, its base on the last alone. */
function scene(changes: Partial<CompareOptions> = {}) {
  const told = toldStudent((text, isBase) => {
    if (text.startsWith('explain: ')) return 'so tea';
    return isBase ? (text === 'q8' ? 'tea' : 'no') : 'tea';
  });
  const states: RunState[] = [];
  const run = async (skipAfter = Infinity): Promise<CompareResult | null> => {
    const work = compare({
      engine: told.engine,
      tokenizer: letters,
      recipe: recipeSchema.parse({}),
      test,
      baseWeights: base,
      step: 40,
      skipped: () => states.length >= skipAfter,
      ...changes,
    });
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      states.push(next.value);
    }
  };
  return { ...told, states, run };
}

describe('a comparison', () => {
  it('has what everybody said of each row, how often it was right, and the trained weights on the engine', async () => {
    const { run, states, asked, weight } = scene();
    const found = await run();
    expect(
      found?.predictions.map(({ row, base: before, distilled, teacher, rationale, teacherRationale }) => [
        row,
        before,
        distilled,
        teacher,
        rationale,
        teacherRationale,
      ]),
    ).toEqual([
      [3, 'no', 'tea', 'tea', 'so tea', 'so tea'],
      [5, 'no', 'tea', 'tea', 'so tea', 'so milk'],
      [8, 'tea', 'tea', 'tea', 'so tea', null],
    ]);
    expect(found?.accuracy).toMatchObject({
      base: { correct: 1, total: 3 },
      distilled: { correct: 2, total: 3 },
      teacher: { correct: 2, total: 3 },
      metrics: { main: 'exact', rationales: { rows: 2 } },
    });
    expect(found?.predictions[0]).not.toHaveProperty('judgedBy');
    expect(found?.generation).toBeNull();
    expect(asked.map(({ texts, isBase }) => [texts[0], isBase])).toEqual([
      ['predict: q3', false],
      ['explain: q3', false],
      ['q3', true],
    ]);
    expect(weight()).toBe(2);
    // Of each purpose where it begins, and each batch.
    const told = (purpose: string) =>
      [0, 3].map((done) => ({ phase: 'evaluating', purpose, step: 40, done, total: 3 }));
    expect(states).toEqual(['distilled', 'rationales', 'base'].flatMap(told));
  });

  it('asks the base student not again where its answers to these rows are known', async () => {
    const { run, asked } = scene({ baseAnswers: ['tea', 'milk', 'tea'] });
    expect((await run())?.accuracy.base).toEqual({ correct: 3, total: 3 });
    expect(asked.some(({ isBase }) => isBase)).toBe(false);
    // Of other rows they say nothing.
    const other = scene({ baseAnswers: ['tea', 'milk'] });
    expect((await other.run())?.accuracy.base).toEqual({ correct: 1, total: 3 });
  });

  it('asks for no rationales where they are no task of the method', async () => {
    const { run, asked } = scene({ recipe: recipeSchema.parse({ method: 'standard' }) });
    const found = await run();
    expect(found?.predictions.map(({ rationale }) => rationale)).toEqual([null, null, null]);
    expect(found?.accuracy.metrics?.rationales).toBeNull();
    expect(asked).toHaveLength(2);
  });

  // States: the beginning of each purpose, and its only batch.
  it.each([2, 4, 6])(
    'skipped at its state %d gives nothing, with the trained weights on the engine',
    async (count) => {
      const { run, states, weight } = scene();
      expect(await run(count)).toBeNull();
      expect(states).toHaveLength(count);
      expect(weight()).toBe(2);
    },
  );

  it('says by what it judged where that is not equality', async () => {
    const numbers = [example(0, '1,200'), example(1, '7')];
    const { run } = scene({ test: numbers });
    const found = await run();
    expect(found?.predictions.map(({ judgedBy }) => judgedBy)).toEqual(['number', 'number']);
    const asked = await scene({ test: numbers, metric: 'exact' }).run();
    expect(asked?.predictions[0]).not.toHaveProperty('judgedBy');
    expect(asked?.accuracy.metrics?.because).toBe('it was asked for');
  });
});

describe('accuracyOf', () => {
  const row = (label: string, said: string, changes: Partial<Prediction> = {}): Prediction => ({
    row: 0,
    input: '',
    label,
    teacher: said,
    base: said,
    distilled: said,
    rationale: null,
    teacherRationale: null,
    ...changes,
  });

  it('has the mean F1 of few labels, of everybody who answered', () => {
    const rows = Array.from({ length: 10 }, (_, at) =>
      row(at % 2 === 0 ? 'yes' : 'no', 'yes', { distilled: at % 2 === 0 ? 'yes' : 'no' }),
    );
    // "yes" is right in 5 of 10: F1 is 2/3; of "no", 0.
    expect(accuracyOf(rows).metrics?.macroF1).toEqual({
      base: expect.closeTo(1 / 3, 12) as number,
      distilled: 1,
      teacher: expect.closeTo(1 / 3, 12) as number,
    });
    const untaught = rows.map((one) => ({ ...one, teacher: null }));
    expect(accuracyOf(untaught).metrics?.macroF1?.teacher).toBeNull();
    const different = rows.map((one, at) => ({ ...one, label: `label ${at}` }));
    expect(accuracyOf(different).metrics?.macroF1).toBeNull();
  });

  it('has how near rationales are to the teacher’s, as means over the rows that have both', () => {
    const both = { rationale: 'a b', teacherRationale: 'a b' };
    const rows = [
      row('x', 'x', both),
      row('x', 'x', { ...both, teacherRationale: 'c d' }),
      row('x', 'x', { ...both, teacherRationale: null }),
      row('x', 'x', { ...both, rationale: null }),
    ];
    expect(accuracyOf(rows).metrics?.rationales).toEqual({ rows: 2, tokenF1: 0.5, rougeL: 0.5 });
  });
});
