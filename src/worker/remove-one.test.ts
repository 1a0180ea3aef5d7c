import { describe, expect, it } from 'vitest';
import type { DataFileRecord, DatasetRecord, SplitSummary } from '../store/records.ts';
import { withoutFile } from './remove-one.ts';

const file = (
  id: string,
  split: DataFileRecord['split'],
  changes: Partial<DataFileRecord> = {},
): DataFileRecord => ({
  id,
  name: `${id}.jsonl`,
  sizeBytes: 1,
  layout: 'rows',
  split,
  splitChosen: false,
  rows: 4,
  refused: [],
  ...changes,
});
const summary = (...kinds: string[]) =>
  ({ rows: 4, lint: kinds.map((kind) => ({ kind, count: 1, rows: [0] })) }) as unknown as SplitSummary;
const known = { rows: 4 } as never;

/** A file of training rows and one of test rows, whose lengths were counted. */
const plain = {
  id: 'd',
  files: [file('train', 'train'), file('test', 'test')],
  splits: { train: summary('empty', 'input-leaks'), validation: null, test: summary('input-leaks') },
  stored: { train: { id: 'rows of train' }, test: { id: 'rows of test' } },
  lengths: { train: known, test: known },
  problems: [],
} as unknown as DatasetRecord;

describe('a dataset of files that stand alone', () => {
  it('is without one of them what it was otherwise', () => {
    const left = withoutFile(plain, 'test')!;
    expect(left.files.map(({ id }) => id)).toEqual(['train']);
    expect(left.splits).toMatchObject({ validation: null, test: null });
    // What was found among the test rows is gone with them.
    expect(left.splits.train!.lint.map(({ kind }) => kind)).toEqual(['empty', 'input-leaks']);
    expect(left.stored).toEqual({ train: { id: 'rows of train' } });
    expect(left.lengths).toEqual({ train: known, test: null });
  });

  it('loses what was found among the training rows with these', () => {
    const left = withoutFile(plain, 'train')!;
    expect(left.splits.train).toBeNull();
    expect(left.splits.test!.lint).toEqual([]);
    const one = withoutFile({ ...plain, stored: { train: plain.stored!.train! } }, 'train')!;
    expect(one).not.toHaveProperty('stored');
  });

  it('removes a file that could not be read, and nothing else', () => {
    const unread = file('strange', null, { unread: 'no layout' });
    const left = withoutFile({ ...plain, files: [...plain.files, unread] }, 'strange')!;
    expect(left.files.map(({ id }) => id)).toEqual(['train', 'test']);
    expect(left.splits).toBe(plain.splits);
    expect(left.stored).toBe(plain.stored);
  });
});

describe('files are read again', () => {
  const read = (changes: Partial<DatasetRecord>, id = 'test') => withoutFile({ ...plain, ...changes }, id);

  it('where it is not there, the last one, or something is wrong with the dataset', () => {
    expect(read({}, 'other')).toBeNull();
    expect(read({ files: [file('train', 'train')] }, 'train')).toBeNull();
    expect(read({ problems: [{ name: 'E', message: 'no', file: null, line: null }] })).toBeNull();
  });

  it('where rows were divided, drawn, chosen among teachers, or fixed by each other', () => {
    for (const reading of [
      { holdOut: { share: 0.1, seed: 0 } },
      { validation: { share: 0.1, seed: 0 } },
      { subsample: { rows: 2, seed: 0 } },
      { teachers: 'first' },
      { fixes: ['drop-leaks'] },
    ])
      expect(read({ reading } as unknown as Partial<DatasetRecord>), JSON.stringify(reading)).toBeNull();
    expect(read({ reading: { fixes: ['drop-repeated'] } })).not.toBeNull();
  });

  it('where a split has the rows of several files, of none, or of another split', () => {
    const two = [file('train', 'train'), file('more', 'train'), file('test', 'test')];
    expect(read({ files: two })).toBeNull();
    expect(read({ splits: { ...plain.splits, validation: summary() } })).toBeNull();
    const drawn = { ...summary(), from: 'drawn' as const };
    expect(read({ splits: { ...plain.splits, test: drawn } })).toBeNull();
    expect(read({ splits: { ...plain.splits, test: null } })).toBeNull();
  });

  it('where one of them is a teacher’s, or of no split', () => {
    const taught = file('taught', 'test', { layout: 'taught' });
    expect(read({ files: [file('train', 'train'), taught] }, 'train')).toBeNull();
    expect(read({ files: [...plain.files, file('lost', null)] }, 'lost')).toBeNull();
  });

  it('where what is left would be for something else', () => {
    // Alone it would be for training, unless a person said what it is for.
    const named = (splitChosen: boolean) => [
      file('rows', 'train', { rows: 9, splitChosen }),
      file('more', 'test', { rows: 3, splitChosen }),
    ];
    expect(read({ files: named(false) }, 'rows')).toBeNull();
    expect(read({ files: named(true) }, 'rows')?.files).toHaveLength(1);
    expect(read({ files: named(false) }, 'more')?.files).toHaveLength(1);
  });
});
