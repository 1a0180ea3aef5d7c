import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { PlannedRun } from '../../experiment/spec.ts';
import { timingKey } from '../state/forecast.ts';
import type { RememberedTime } from '../state/remembered-times.ts';
import { expectedMs, kindsOf, roughTrainingMs, type Around } from './plan-forecast.ts';

const around: Around = { datasetId: 'rows', testRows: 10, engine: null, backend: null };
const recipe = { ...smallRecipe, steps: 20, evalEvery: 0 };
const runs = [0.1, 0.5].map((alpha): PlannedRun => ({
  name: `alpha-${alpha}`,
  varied: { alpha },
  recipe: { ...recipe, alpha },
  fraction: null,
  student: 'nano',
}));
const [key] = kindsOf(runs, around).keys();
const time = (rowMs: number | null): RememberedTime => ({
  stepMs: 5,
  rowMs,
  source: { kind: 'measured', engine: 'wasm' },
  work: 100,
});

it('takes runs whose steps are alike for one kind, and adds answers and rationales of the distilled and the base', () => {
  expect(kindsOf(runs, around).size).toBe(1);
  expect(expectedMs(runs, around, 10, new Map())).toBeNull();
  // 2 x (20 steps of 5 ms + 3 x 10 texts of 2 ms).
  expect(expectedMs(runs, around, 10, new Map([[key!, time(2)]]))).toBe(320);
});

it('takes a step without an answer for not measured', () => {
  expect(expectedMs(runs, around, 10, new Map([[key!, time(null)]]))).toBeNull();
});

it('knows steps of a run like these, and roughly those of others', () => {
  const workOf = () => 300;
  expect(roughTrainingMs(runs, around, new Map(), workOf)).toBeNull();
  expect(roughTrainingMs(runs, around, new Map([['other', time(null)]]), workOf)).toBe(2 * 20 * 15);
  const like = timingKey({ ...around, studentId: 'nano', recipe: runs[0]!.recipe });
  expect(roughTrainingMs(runs, around, new Map([[like, time(null)]]), workOf)).toBe(2 * 20 * 5);
  expect(roughTrainingMs(runs, around, new Map(), () => null)).toBeNull();
});
