import { describe, expect, it } from 'vitest';
import { datasetOf, rationalesOf } from './fixtures.ts';
import type { DataFile } from './read-file.ts';
import { guessSplit, pairFiles, type Pairing } from './split.ts';

it.each([
  ['cos_e_v1.11_train.jsonl', 'train'],
  ['cos_e_v1.11_validation.jsonl', 'validation'],
  ['PaLM_CoT_test.json', 'test'],
  ['dev-rows.json', 'validation'],
  ['trainSet.json', 'train'],
  ['VAL.jsonl', 'validation'],
  ['training2.jsonl', 'train'],
  ['latest.jsonl', null],
  ['constrained.jsonl', null],
  ['train_test.jsonl', null],
  ['dev_test.jsonl', null],
  ['data/test/rows.jsonl', 'test'],
  ['test/train.jsonl', 'train'],
  ['rows.jsonl', null],
])('guesses the split of %s: %s', (name, split) => {
  expect(guessSplit(name)).toBe(split);
});

/** A pairing by names: [train dataset, its rationales, test dataset, its rationales], and the leftover messages. */
function summary({ train, test, leftover }: Pairing): { pairs: (string | undefined)[]; leftover: string[] } {
  return {
    pairs: [train?.dataset.file, train?.rationales?.file, test?.dataset.file, test?.rationales?.file],
    leftover: leftover.map(({ error }) => error.message),
  };
}
const pair = (...files: DataFile[]) => summary(pairFiles(files));

describe('pairFiles', () => {
  it('goes by names where they speak', () => {
    const files = [
      rationalesOf('r_test', 3),
      datasetOf('d_train', 5),
      rationalesOf('r_train', 5),
      datasetOf('d_test', 3),
    ];
    expect(pair(...files)).toEqual({ pairs: ['d_train', 'r_train', 'd_test', 'r_test'], leftover: [] });
  });

  it('takes what is called validation for testing only where nothing else is', () => {
    const [train, valid, test] = [datasetOf('d_train', 5), datasetOf('d_val', 3), datasetOf('d_test', 2)];
    expect(pair(train, valid).pairs).toEqual(['d_train', undefined, 'd_val', undefined]);
    const all = pairFiles([train, valid, test, rationalesOf('r_dev', 3)]);
    expect(all.validation).toMatchObject({ dataset: { file: 'd_val' }, rationales: { file: 'r_dev' } });
    expect(all.test?.dataset.file).toBe('d_test');
    expect(all.leftover).toEqual([]);
  });

  it('goes by equal numbers of rows where names say nothing', () => {
    expect(pair(rationalesOf('w', 5), datasetOf('x', 3), datasetOf('y', 5), rationalesOf('z', 3))).toEqual({
      pairs: ['y', 'w', 'x', 'z'],
      leftover: [],
    });
  });

  it('learns a dataset’s split from its rationales', () => {
    expect(pair(datasetOf('x', 3), rationalesOf('r_test', 3)).pairs).toEqual([
      undefined,
      undefined,
      'x',
      'r_test',
    ]);
  });

  it('gives a lone dataset the free place', () => {
    expect(pair(datasetOf('x', 3)).pairs[0]).toBe('x');
    expect(pair(datasetOf('x', 9), datasetOf('my-train', 3)).pairs).toEqual([
      'my-train',
      undefined,
      'x',
      undefined,
    ]);
  });

  it('obeys the person before the names', () => {
    const dataset = datasetOf('train', 3);
    const paired = pairFiles([dataset], new Map([[dataset, 'test']]));
    expect(paired.test?.dataset).toBe(dataset);
    expect(paired.splits.get(dataset)).toBe('test');
  });

  it('says of rationales of another length what does not fit', () => {
    const { pairs, leftover } = pair(datasetOf('train', 3), rationalesOf('why_train', 4));
    expect(pairs).toEqual(['train', undefined, undefined, undefined]);
    expect(leftover).toEqual([
      'why_train: This file of rationales has 4 rows, but train has 3 rows. Rationales are joined to rows by position, so that both files need the same number of rows: choose the rationales that were made from this dataset, whole and in its order.',
    ]);
  });

  it('does not join against the name', () => {
    const { pairs, leftover } = pair(datasetOf('train', 3), rationalesOf('why_test', 3));
    expect(pairs[1]).toBeUndefined();
    expect(leftover[0]).toContain(
      'why_test: These are rationales for 3 rows (test), but the dataset that they explain is not here. Add the test dataset',
    );
  });

  it('asks where equal lengths leave a doubt', () => {
    const { leftover } = pair(datasetOf('train', 3), datasetOf('test', 3), rationalesOf('why', 3));
    expect(leftover[0]).toContain('Both datasets have 3 rows');
  });

  it('takes several answers to the same rows as several teachers’', () => {
    const { train, leftover, splits } = pairFiles([
      datasetOf('train', 3),
      rationalesOf('one', 3),
      rationalesOf('said_0', 3),
      rationalesOf('said_1', 3),
    ]);
    expect(leftover).toEqual([]);
    expect(train).toMatchObject({
      rationales: { file: 'one' },
      others: [{ file: 'said_0' }, { file: 'said_1' }],
    });
    expect([...splits.values()]).toEqual(['train', 'train', 'train', 'train']);
  });

  it('puts pieces together in the order of their numbers, and names one that is missing', () => {
    const pieces = [datasetOf('train-2-of-2', 2), datasetOf('train-1-of-2', 3)];
    const { train, splits } = pairFiles([...pieces, rationalesOf('cot_1', 1), rationalesOf('cot_0', 4)]);
    expect([train?.dataset.positions, train?.rationales?.positions]).toEqual([5, 5]);
    expect(train?.dataset.rows.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4]);
    expect(pieces.map((piece) => splits.get(piece))).toEqual(['train', 'train']);
    const torn = pair(datasetOf('train-1', 2), datasetOf('train-3', 2));
    expect(torn.leftover[0]).toContain('Number 2 is missing between the files');
  });

  it('names rationales without any dataset, and lengths that fit neither', () => {
    expect(pair(rationalesOf('why', 3)).leftover[0]).toContain('the dataset that they explain is not here');
    expect(pair(datasetOf('train', 3), datasetOf('test', 2), rationalesOf('why', 7)).leftover[0]).toContain(
      'These are rationales for 7 rows, but the datasets have 3 and 2.',
    );
  });

  it('leaves out a second dataset of a split, and datasets whose split nobody can know', () => {
    const doubled = pair(datasetOf('train_a', 3), datasetOf('train_b', 3));
    expect(doubled.pairs[0]).toBe('train_a');
    expect(doubled.leftover[0]).toContain('train_b: train_a is the train file already.');
    const unknown = pair(datasetOf('x', 3), datasetOf('y', 2), datasetOf('z', 1));
    expect(unknown.pairs).toEqual([undefined, undefined, undefined, undefined]);
    expect(unknown.leftover).toHaveLength(3);
  });
});
