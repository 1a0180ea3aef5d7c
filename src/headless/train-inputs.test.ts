/** What `train` reads for each split, and what of it a resumed run is held to. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallRecipe } from '../distill/recipe.ts';
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
