import { describe, expect, it } from 'vitest';
import { divide, subsample } from './divide.ts';
import type { Example } from './example.ts';
import { asDataset, readDataFile } from './read-file.ts';

const rows = (...inputs: string[]): Example[] =>
  inputs.map((input, row) => ({
    row,
    input,
    label: 'x',
    rationale: null,
    teacherLabel: null,
    question: null,
    choices: null,
  }));
const inputs = (examples: readonly Example[] | null): string[] | null =>
  examples?.map(({ input }) => input) ?? null;
const ten = rows('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j');
const none = { validation: null, test: null };

const lines = (values: object[]): string => values.map((row) => `${JSON.stringify(row)}\n`).join('');
const withSplits = (values: unknown[], name = 'split') =>
  values.map((value, at) => ({ input: `q${at}`, label: 'x', [name]: value }));

describe('a column with splits', () => {
  it('is found by its name and values, followed, and said', () => {
    const data = asDataset(readDataFile('f', lines(withSplits(['train', 'val', 'test', 'train']))));
    expect(data.notes.map(({ kind, text }) => [kind, text])).toEqual([
      [
        'split-by-column',
        'The column “split” says which rows are for what: 2 train, 1 validation and 1 test',
      ],
    ]);
    const divided = divide(rows(...data.rows.map(({ input }) => input)), none, { splitOf: data.splitOf });
    expect([inputs(divided.train), inputs(divided.validation), inputs(divided.test)]).toEqual([
      ['q0', 'q3'],
      ['q1'],
      ['q2'],
    ]);
  });

  it('without test rows those of validation are it; rows of a file go before', () => {
    const splitOf = new Map([[0, 'validation' as const]]);
    expect(inputs(divide(ten, none, { splitOf }).test)).toEqual(['a']);
    const given = divide(ten, { validation: null, test: rows('t') }, { splitOf });
    expect([inputs(given.test), inputs(given.validation), given.train.length]).toEqual([['t'], ['a'], 9]);
  });

  it('is not taken for one where it holds other words, or training rows alone', () => {
    for (const values of [
      ['train', 'other'],
      ['train', 'train'],
      ['test', 'dev'],
    ])
      expect(asDataset(readDataFile('f', lines(withSplits(values)))).splitOf).toBeUndefined();
    const off = readDataFile('f', lines(withSplits(['train', 'test'])), { splitColumn: null });
    expect(asDataset(off).splitOf).toBeUndefined();
  });

  it('may be named, in the map too; what is no split is refused, what is blank told', () => {
    const named = asDataset(
      readDataFile('f', lines(withSplits(['TRAIN', 'dev', null], 'part')), { splitColumn: 'part' }),
    );
    expect([...named.splitOf!]).toEqual([
      [0, 'train'],
      [1, 'validation'],
    ]);
    expect(named.notes.find(({ kind }) => kind === 'split-missing')?.rows).toEqual([2]);
    const map = { input: 'input', label: 'label', split: 'part' };
    expect(
      asDataset(readDataFile('f', lines(withSplits(['train', 'test'], 'part')), { map })).splitOf?.size,
    ).toBe(2);
    expect(() => readDataFile('f', lines(withSplits(['train', 3], 'part')), { splitColumn: 'part' })).toThrow(
      'The column “part” holds “3”, which is no split.',
    );
    expect(() => readDataFile('f', lines(withSplits(['train'])), { splitColumn: 'part' })).toThrow(
      'There is no column “part” with splits in it.',
    );
  });
});

it('test and validation rows are drawn apart, the same for the same seed', () => {
  const draw = { share: 0.2, seed: 3 };
  const divided = divide(ten, none, { holdOut: draw, validation: draw });
  expect([divided.train.length, divided.validation?.length, divided.test?.length]).toEqual([6, 2, 2]);
  expect(divide(ten, none, { holdOut: draw, validation: draw })).toEqual(divided);
  expect(divide(ten, none, { holdOut: draw }).test).toEqual(divided.test);
  const all = [...divided.train, ...divided.validation!, ...divided.test!];
  expect(new Set(all.map(({ row }) => row)).size).toBe(10);
});

it('leaks go out of training where that is switched on; test rows stay', () => {
  const given = { validation: rows('b', 't'), test: rows('a', 't') };
  const divided = divide(ten, given, { fixes: ['drop-leaks'] });
  expect([inputs(divided.train)?.slice(0, 2), inputs(divided.validation), inputs(divided.test)]).toEqual([
    ['c', 'd'],
    ['b'],
    ['a', 't'],
  ]);
  expect(divided.notes).toMatchObject([{ kind: 'fixed-drop-leaks', count: 2, rows: [0, 1] }]);
  expect(divide(ten, given, {}).train).toHaveLength(10);
});

it('a subsample is the one that the research code draws', () => {
  // datasets.Dataset.from_list(…).train_test_split(test_size=1 - share, seed=seed)["train"], by NumPy 2.2.
  const places = Int32Array.from(ten.keys());
  expect(Array.from(subsample(places, { share: 0.5, seed: 0 }))).toEqual([0, 1, 5, 8, 9]);
  expect(subsample(places, { share: 1, seed: 0 })).toEqual(places);
  expect(() => subsample(places, { share: 0.05, seed: 0 })).toThrow('none is left');
});
