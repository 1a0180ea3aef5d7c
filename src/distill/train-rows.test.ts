import { expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { sourceOf, type RowSource } from '../data/row-source.ts';
import { notebookRecipe } from './recipe.ts';
import { checkTrainable } from './tasks.ts';
import { keptRows, TrainRows } from './train-rows.ts';

/** A token for each letter. */
const letters = { encode: (text: string) => Int32Array.from(text, (letter) => letter.charCodeAt(0)) };
const example = (row: number): Example => ({
  row,
  input: `i${row}`,
  label: `l${row}`,
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
});

/** Rows that are made when they are asked for; `asked` says which. */
function made(length: number): RowSource & { asked: number[][] } {
  const asked: number[][] = [];
  return {
    length,
    rationales: length,
    firstUntaught: 0,
    asked,
    read: (places) => {
      asked.push([...places]);
      return Promise.resolve(places.map(example));
    },
  };
}

async function prepared(rows: TrainRows): Promise<number> {
  let slices = 0;
  for await (const _ of rows.prepare()) slices += 1;
  return slices;
}

it('tokenises few rows once', async () => {
  const source = made(300);
  const rows = new TrainRows(source, notebookRecipe, letters);
  expect(await prepared(rows)).toBe(2);
  const [batch] = await rows.take([[299, 3]], [[4]]);
  expect(batch!.map(({ answerTarget }) => String.fromCharCode(...answerTarget))).toEqual(['l299', 'l3']);
  expect(source.asked.flat()).toHaveLength(300);
});

it('reads many rows as steps need them, the next ones ahead, the same as if they were kept', async () => {
  const source = made(keptRows + 1);
  const rows = new TrainRows(source, notebookRecipe, letters);
  expect(await prepared(rows)).toBe(0);
  expect(source.asked).toEqual([]);
  const steps = [[[7, 20_000], [1]], [[2, 3]], [[4]]];
  for (const [at, step] of steps.entries()) {
    const taken = await rows.take(step, steps[at + 1] ?? null);
    const texts = taken.map((batch) => batch.map(({ answerTarget }) => String.fromCharCode(...answerTarget)));
    expect(texts).toEqual(step.map((batch) => batch.map((row) => `l${row}`)));
  }
  expect(source.asked).toEqual([[7, 20_000, 1], [2, 3], [4]]);
  // Another step than the one that was expected, as after a lost GPU.
  expect(await rows.take([[5]], null)).toHaveLength(1);
});

it('tells whoever takes rows that they cannot be read, also those that were read ahead', async () => {
  const source = made(keptRows + 1);
  const rows = new TrainRows(source, notebookRecipe, letters);
  await rows.take([[1]], null);
  source.read = () => Promise.reject(new Error('gone'));
  await expect(rows.take([[1]], null)).rejects.toThrow('gone');
});

it('knows of rows what a recipe asks for without reading them', () => {
  const source = sourceOf([example(4), { ...example(6), teacherLabel: 'x', rationale: 'r' }]);
  expect(source).toMatchObject({ length: 2, rationales: 1, firstUntaught: 4 });
  expect(() => checkTrainable({ ...notebookRecipe, labels: 'teacher' }, source)).toThrow(
    'Training row 5 has no label',
  );
  expect(() => checkTrainable(notebookRecipe, { ...source, rationales: 0 })).toThrow(
    'No training row has a rationale',
  );
});
