import { describe, expect, it } from 'vitest';
import { recipeSchema } from '../distill/recipe.ts';
import { pythonLiteral, pythonOf } from './python-run.ts';

const student = './nano';
const data = {
  train: './my "rows"\\new $& .jsonl',
  trainRationales: './reasons.json',
  test: null,
  testRationales: './lonely.json',
};

describe('pythonOf', () => {
  it('carries every setting of the run as a constant', () => {
    const recipe = recipeSchema.parse({ alpha: 0.8, schedule: 'constant', freeze: ['encoder'], seed: 7 });
    const lines = pythonOf({ recipe, student, data, testRows: 20 }).split('\n');
    for (const line of [
      'ALPHA = 0.8',
      'STEPS = 4000',
      // "constant" of the Trainer would leave out the warm-up.
      'SCHEDULE = "constant_with_warmup"',
      'FREEZE = ["encoder"]',
      'SEED = 7',
      'SHUFFLE = True',
      'TEST_ROWS = 20',
      'TEST_RATIONALES = None',
      'ANSWER_PREFIX = "predict: "',
      'RATIONALE_PREFIX = "explain: "',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines).toContain(String.raw`TRAIN = "./my \"rows\"\\new $& .jsonl"`);
    expect(lines).not.toContain('# CONSTANTS');
  });

  it('asks with the bare input and has one task for the standard method', () => {
    const text = pythonOf({
      recipe: recipeSchema.parse({ method: 'standard' }),
      student,
      data,
      testRows: null,
    });
    expect(text).toContain('ANSWER_PREFIX = ""\nRATIONALE_PREFIX = None\n');
    expect(text).toContain('TEST_ROWS = None\n');
  });
});

it('names what comes with Stillroom by where it lies', () => {
  const lines = pythonOf({ recipe: recipeSchema.parse({}), student: null, data: null, testRows: null });
  expect(lines).toContain('STUDENT = "public/students/nano"\nTRAIN = "public/sample/train.jsonl"\n');
});

it('writes literals that Python reads', () => {
  expect([null, true, 1e-7, 'a\nb', ['x', 'y']].map((value) => pythonLiteral(value))).toEqual([
    'None',
    'True',
    '1e-7',
    String.raw`"a\nb"`,
    '["x", "y"]',
  ]);
});
