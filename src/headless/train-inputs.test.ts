/** What `train` reads for each split, and what of it a resumed run is held to. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatRecipe, parseRunFile, smallRecipe } from '../distill/recipe.ts';
import { withKept } from './kept-options.ts';
import { digestsOf, openInputs } from './train-inputs.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-inputs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of rows in the folder. */
function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}
const row = (input: string) => ({ input, label: 'yes', rationale: 'so it is' });

describe('validation rows', () => {
  const named = () => ({
    train: file('train.jsonl', [row('a'), row('b')]),
    validation: file('validation.jsonl', [{ input: 'c', label: 'no' }]),
  });

  it('are read beside the others, with their teacher’s', async () => {
    const read = await openInputs(
      { ...named(), 'validation-rationales': file('why.jsonl', [{ rationale: 'it is not', label: 'no' }]) },
      smallRecipe,
    );
    expect(read.validation?.examples).toMatchObject([{ input: 'c', label: 'no', rationale: 'it is not' }]);
    expect([read.train.examples.length, read.test]).toEqual([2, null]);
    expect(read.validation?.teacher).toEqual({ correct: 1, total: 1 });
  });

  it('belong to what a run is held to, which says nothing where there are none', async () => {
    const { train } = named();
    const held = await digestsOf(await openInputs(named(), smallRecipe), null);
    const without = await digestsOf(await openInputs({ train }, smallRecipe), null);
    expect(held).toEqual({ ...without, validation: held.validation });
    expect(held.validation).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are refused without training rows, and their rationales without them', async () => {
    const { train, validation } = named();
    await expect(openInputs({ validation }, smallRecipe)).rejects.toThrow('Name it with --train FILE.');
    await expect(openInputs({ train, 'validation-rationales': train }, smallRecipe)).rejects.toThrow(
      'There are validation rationales, but no validation file.',
    );
  });
});

it('--hold-out sets rows aside to test with, and does not go with test rows', async () => {
  const train = file(
    'ten.jsonl',
    Array.from({ length: 10 }, (_, index) => row(`question ${index}`)),
  );
  const read = await openInputs({ train, 'hold-out': '20%' }, smallRecipe);
  expect([read.train.examples.length, read.test?.examples.length]).toEqual([8, 2]);
  await expect(openInputs({ train, test: train, 'hold-out': '20%' }, smallRecipe)).rejects.toThrow(
    'There are test rows already.',
  );
});

describe('what run.json keeps of the reading', () => {
  const rows = Array.from({ length: 20 }, (_, index) => ({ frage: `question ${index}`, richtig: 'yes' }));
  const said = (name: string, right: boolean) =>
    file(
      name,
      rows.map((_, index) => ({
        because: `${name} ${index}`,
        said: right || index % 2 === 0 ? 'yes' : 'no',
      })),
    );
  const options = () => ({
    train: file('fragen.jsonl', rows),
    'train-rationales': [said('one', false), said('two', true)],
    map: 'input={frage}?,label=richtig',
    'rationales-map': 'rationale=because,teacherLabel=said',
    teachers: 'right',
    'hold-out': '10%',
    'hold-out-validation': '10%@3',
    subsample: '0.5',
    fix: 'drop-leaks',
  });

  it('brings the same rows back', async () => {
    const read = await openInputs(options(), { ...smallRecipe, seed: 7 });
    expect([read.train, read.validation, read.test].map((part) => part?.examples.length)).toEqual([8, 2, 2]);
    expect(read.train.teacher).toEqual({ correct: 8, total: 8 });
    expect(read.train.examples[0]!.input).toMatch(/^question \d+\?$/);
    const { recipe, data } = parseRunFile(formatRecipe(read.recipe, read.reading), 'run.json');
    expect(data).toMatchObject({
      holdOut: { share: 0.1, seed: 7 },
      validation: { share: 0.1, seed: 3 },
      teachers: 'right',
    });
    const { train, 'train-rationales': rationales } = options();
    const again = await openInputs(withKept({ train, 'train-rationales': rationales }, data), recipe);
    expect(await digestsOf(again, null)).toEqual(await digestsOf(read, null));
  });

  it('gives way to what is said, and to files; a fault in it is told with its line', () => {
    const kept = { fix: 'letters', holdOut: { share: 0.1, seed: 1 }, splitColumn: null };
    expect(withKept({ train: 'a', test: 'b', fix: 'encoding' }, kept)).toEqual({
      train: 'a',
      test: 'b',
      fix: 'encoding',
      'split-column': 'none',
    });
    expect(() => parseRunFile('{\n"steps": 3,\n"data": {"fixes": 1}}', 'run.json')).toThrow(
      'run.json, line 3: "data", which says how rows are read, is not as a run writes it',
    );
  });
});
