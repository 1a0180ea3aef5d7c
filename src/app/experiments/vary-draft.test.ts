import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import { parseSpec, plannedRuns } from '../../experiment/spec.ts';
import { choicesOf, firstRows, firstText, nameOf, planOf, varyKeys, type VaryRow } from './vary-draft.ts';

const recipe = { ...smallRecipe, steps: 6, warmupSteps: 2 };
const plan = (rows: readonly VaryRow[], of = recipe) => planOf([rows], of, 'nano');

it('makes every combination of what varies, of the recipe at hand', () => {
  const found = plan([
    { key: 'alpha', text: '0.1, 0.5 0.9' },
    { key: 'seed', text: '0;1' },
  ]);
  if (!('runs' in found)) throw new Error(found.problem);
  expect(found.runs).toHaveLength(6);
  expect(found.runs[0]).toMatchObject({ student: 'nano', fraction: null });
  // Measured at the end alone; saved on the way as the recipe has it, so that a crash costs little.
  expect(found.runs[0]!.recipe).toEqual({ ...recipe, alpha: 0.1, seed: 0, evalEvery: 0 });
  // What is stored says the same.
  expect(plannedRuns(parseSpec(found.spec, 'f'), 'f')).toEqual(found.runs);
});

it('measures on the way where that decides whose weights are taken', () => {
  const found = plan([{ key: 'seed', text: '0' }], { ...recipe, take: 'best', evalEvery: 3 });
  expect('runs' in found && found.runs[0]!.recipe.evalEvery).toBe(3);
});

it('varies shares of the rows, students, and words', () => {
  const found = plan([
    { key: 'fraction', text: '12.5% 1' },
    { key: 'student', text: 'nano, other' },
    { key: 'shuffle', text: 'true, false' },
  ]);
  expect(
    'runs' in found &&
      found.runs.map(({ fraction, student, recipe: { shuffle } }) => [fraction, student, shuffle]),
  ).toEqual([
    [0.125, 'nano', true],
    [0.125, 'nano', false],
    [0.125, 'other', true],
    [0.125, 'other', false],
    [1, 'nano', true],
    [1, 'nano', false],
    [1, 'other', true],
    [1, 'other', false],
  ]);
});

it.each<[VaryRow, RegExp]>([
  [{ key: 'alpha', text: ' ' }, /at least one value/],
  [{ key: 'alpha', text: '0.1, x' }, /“x” is no number/],
  [{ key: 'seed', text: '0 0' }, /named twice/],
  [{ key: 'alpha', text: '2' }, /^Alpha must be at most 1 \(alpha 2\)/],
  [{ key: 'fraction', text: '0' }, /above 0 and up to 1/],
])('says what is wrong with %j', (row, words) => {
  const found = plan([row]);
  expect('problem' in found && found.key).toBe(row.key);
  expect('problem' in found && found.problem).toMatch(words);
});

it('has something to try for every key, and a name of its own', () => {
  for (const key of varyKeys) {
    const found = plan([{ key, text: firstText(key, recipe, 'nano') }]);
    expect('runs' in found, `${key}: ${'problem' in found ? found.problem : ''}`).toBe(true);
  }
  expect(choicesOf('labels', [])?.map(({ value }) => value)).toEqual(['gold', 'teacher']);
  expect(choicesOf('steps', [])).toBeNull();
  expect(nameOf([firstRows], [])).toBe('alpha, seed');
  expect(nameOf([firstRows], ['alpha, seed', 'alpha, seed 2'])).toBe('alpha, seed 3');
});

it('puts several sets of runs together, each key as the recipe has it where only another set varies it', () => {
  const found = planOf(
    [
      [
        { key: 'alpha', text: '0.1, 0.5' },
        { key: 'seed', text: '0, 1' },
      ],
      [
        { key: 'method', text: 'standard' },
        { key: 'seed', text: '0, 1' },
        { key: 'steps', text: '12' },
      ],
      // Trained once: the first set has it.
      [{ key: 'alpha', text: '0.5' }],
    ],
    { ...recipe, alpha: 0.3, seed: 0 },
    'nano',
    'number',
  );
  if (!('runs' in found)) throw new Error(found.problem);
  expect(
    found.runs.map(({ recipe: { alpha, seed, method, steps } }) => [method, alpha, seed, steps]),
  ).toEqual([
    ['step-by-step', 0.1, 0, 6],
    ['step-by-step', 0.5, 0, 6],
    ['step-by-step', 0.1, 1, 6],
    ['step-by-step', 0.5, 1, 6],
    ['standard', 0.3, 0, 12],
    ['standard', 0.3, 1, 12],
  ]);
  expect(parseSpec(found.spec, 'f')).toMatchObject({ metric: 'number' });
  expect(found.runs.map(({ varied }) => Object.keys(varied))).toEqual(
    found.runs.map(() => ['alpha', 'seed', 'method', 'steps']),
  );
});

it('says in which set what is wrong', () => {
  const grids: VaryRow[][] = [[{ key: 'alpha', text: '0.1' }], [{ key: 'alpha', text: '3' }]];
  const found = planOf(grids, recipe, 'nano');
  expect(found).toMatchObject({ grid: 1, key: 'alpha' });
  expect(planOf([grids[0]!, [{ key: 'seed', text: '' }]], recipe, 'nano')).toMatchObject({
    grid: 1,
    key: 'seed',
  });
});
