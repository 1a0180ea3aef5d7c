import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { notebookRecipe, type Recipe } from './recipe.ts';
import { answerPrompt, checkTrainable, rationalePrompt, taskRow } from './tasks.ts';
import { letters } from './testing/told-student.ts';

const example: Example = {
  row: 6,
  input: 'why?',
  label: 'gold',
  rationale: 'so',
  teacherLabel: 'taught',
  question: null,
  choices: null,
};
const recipeOf = (keys: Partial<Recipe>): Recipe => ({ ...notebookRecipe, ...keys });
const read = (ids: Int32Array | null) => (ids === null ? null : letters.decode(ids));
/** A row's four texts: answer's input and target, rationale's input and target. */
const texts = (keys: Partial<Recipe>, changes: Partial<Example> = {}) => {
  const row = taskRow(recipeOf(keys), { ...example, ...changes }, letters);
  return [row.answerInput, row.answerTarget, row.rationaleInput, row.rationaleTarget].map(read);
};

describe('the tasks of a row', () => {
  it('are two with their prefixes, or one with the bare input', () => {
    expect(texts({})).toEqual(['predict: why?', 'gold', 'explain: why?', 'so']);
    expect(texts({ method: 'standard' })).toEqual(['why?', 'gold', null, null]);
    expect(texts({ method: 'label-then-rationale' })).toEqual(['why?', 'gold because: so', null, null]);
    expect(texts({ method: 'rationale-then-label' })).toEqual(['why?', 'so answer: gold', null, null]);
    expect(answerPrompt(recipeOf({}), 'x')).toBe('predict: x');
    expect(rationalePrompt(recipeOf({}), 'x')).toBe('explain: x');
    expect(rationalePrompt(recipeOf({ method: 'standard' }), 'x')).toBeNull();
  });

  it('teach the teacher’s label where the recipe says so, the true one where there is none', () => {
    expect(texts({ labels: 'teacher' })[1]).toBe('taught');
    expect(texts({ labels: 'teacher' }, { teacherLabel: null })[1]).toBe('gold');
  });

  it('leave out rationales that are not there', () => {
    expect(texts({}, { rationale: null })).toEqual(['predict: why?', 'gold', null, null]);
  });

  it('are cut to the recipe’s tokens, inputs and targets each to their own', () => {
    const cut = { maxInputTokens: 10, maxTargetTokens: 3 };
    expect(texts(cut, { rationale: 'since' })).toEqual(['predict: ', 'go', 'explain: ', 'si']);
  });

  it('keep the label of one target whole, and cut the rationale before it', () => {
    const target = (maxTargetTokens: number) =>
      texts({ method: 'rationale-then-label', maxTargetTokens }, { rationale: 'abc' })[1];
    // "abc answer: gold" has 16 letters and the end token.
    expect(target(17)).toBe('abc answer: gold');
    expect(target(16)).toBe('ab answer: gold');
    expect(target(14)).toBe(' answer: gold');
    expect(target(5)).toBe(' ans');
    const other = texts({ method: 'label-then-rationale', maxTargetTokens: 17 }, { rationale: 'abc' })[1];
    expect(other).toBe('gold because: ab');
  });
});

describe('rows that a recipe cannot train on', () => {
  const refused = (keys: Partial<Recipe>, rows: Example[]) => () => checkTrainable(recipeOf(keys), rows);

  it('are none, rows without rationales, and rows without the teacher’s labels', () => {
    expect(refused({}, [])).toThrow(InputError);
    expect(refused({}, [])).toThrow(/no training rows/);
    const bare = { ...example, rationale: null };
    expect(refused({}, [bare])).toThrow(
      /No training row has a rationale, and the method "step-by-step" needs them/,
    );
    expect(refused({}, [bare, example])).not.toThrow();
    expect(refused({ method: 'standard' }, [bare])).not.toThrow();
    const untaught = { ...example, teacherLabel: null };
    // Rows are counted from 1, by their places in the file.
    expect(refused({ labels: 'teacher' }, [example, untaught])).toThrow(
      /^Training row 7 has no label by the teacher/,
    );
    expect(refused({ labels: 'teacher' }, [example])).not.toThrow();
    expect(refused({ labels: 'gold' }, [untaught])).not.toThrow();
  });
});
