import { expect, it } from 'vitest';
import { notebookRecipe, recipeSchema, smallRecipe } from '../distill/recipe.ts';
import { pythonLiteral, pythonRecipe } from './python-recipe.ts';
import type { TrainJob } from './train-job.ts';

const bundled: TrainJob = {
  recipe: smallRecipe,
  student: null,
  studentIsReduced: false,
  data: null,
  testRows: null,
  engine: null,
  backend: null,
};

/** The assignments between the imports and the first function. */
function settingsOf(program: string): Record<string, string> {
  const head = program.slice(program.indexOf('STUDENT ='), program.indexOf('\ndef '));
  return Object.fromEntries(
    head.split('\n').flatMap((line) => {
      const [, name, value] = /^([A-Z_]+) = ([^#]*?)\s*(?:#.*)?$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value!]];
    }),
  );
}

it('has every setting of the recipe, and each is used', () => {
  const program = pythonRecipe({
    ...bundled,
    recipe: { ...notebookRecipe, alpha: 0.8, freeze: ['encoder'] },
  });
  const settings = settingsOf(program);
  expect(settings).toMatchObject({
    METHOD: '"step-by-step"',
    ALPHA: '0.8',
    LEARNING_RATE: '0.00005',
    FREEZE: '["encoder"]',
    SHUFFLE: 'True',
    SEED: '0',
    STEPS: '4000',
    TEST_ROWS: 'None',
    STUDENT: '"public/students/nano"',
  });
  // Nine names of files and rows, one of the program's own.
  expect(Object.keys(settings)).toHaveLength(Object.keys(recipeSchema.shape).length + 10);
  const body = program.slice(program.indexOf('\ndef '));
  for (const name of Object.keys(settings)) expect(body).toMatch(new RegExp(`\\b${name}\\b`));
  expect(program).not.toContain('<settings>');
});

it('names files as they are called, also where they look like code', () => {
  const name = 'a "b" \\ $& \n c.json';
  const program = pythonRecipe({
    ...bundled,
    student: 'flan',
    testRows: 20,
    data: { train: name, trainRationales: 'why.json', test: null, testRationales: null },
  });
  expect(program).toContain(`TRAIN = ${JSON.stringify(name)}\n`);
  expect(settingsOf(program)).toMatchObject({ TEST: 'None', TEST_ROWS: '20', STUDENT: '"flan"' });
  expect(program).not.toContain('comes with Stillroom');
  expect(pythonRecipe({ ...bundled, student: 'x', studentIsReduced: true })).toContain('headless -- reduce');
});

it('writes values as Python reads them', () => {
  expect([null, true, false, 5e-324, [], ['a', 'b']].map(pythonLiteral)).toEqual([
    'None',
    'True',
    'False',
    '5e-324',
    '[]',
    '["a", "b"]',
  ]);
});
