import { describe, expect, it } from 'vitest';
import { choosePart, partsOf } from './dataset-files.ts';

const files = (...paths: string[]) =>
  paths.map((path) => ({ path, sizeBytes: 1, hash: { algorithm: 'sha256' as const, hex: path } }));
const shown = (...paths: string[]): Record<string, string[]> =>
  Object.fromEntries(
    partsOf(files(...paths)).map(({ config, split, files: some }) => [
      `${config}/${split}`,
      some.map(({ path }) => path),
    ]),
  );

it.each([
  [['v1.11/train/0001.parquet', 'v1.11/train/0000.parquet'], { 'v1.11/train': 2 }],
  [['default/partial-train/0000.parquet'], { 'default/train': 1 }],
  [
    [
      'data/train-00000-of-00002.parquet',
      'data/train-00001-of-00002.parquet',
      'data/test-00000-of-00001.parquet',
    ],
    { 'default/train': 2, 'default/test': 1 },
  ],
  [['plain_text/train-00000-of-00001.parquet'], { 'plain_text/train': 1 }],
  [
    ['train.jsonl', 'test.jsonl.gz', 'README.md', 'dataset_infos.json'],
    { 'default/train': 1, 'default/test': 1 },
  ],
  // Where there is Parquet, the files that it was made from are left.
  [['train.csv', 'default/train/0000.parquet'], { 'default/train': 1 }],
  [['model.safetensors'], {}],
])('%j', (paths, counts) => {
  const found = shown(...paths);
  expect(Object.fromEntries(Object.entries(found).map(([key, some]) => [key, some.length]))).toEqual(counts);
  for (const some of Object.values(found)) expect(some).toEqual(some.toSorted());
});

describe('the part that a name means', () => {
  const of = (...keys: string[]) =>
    keys.map((key) => {
      const [config, split] = key.split('/') as [string, string];
      return { config, split, files: [] };
    });
  const choose = (parts: ReturnType<typeof of>, config: string | null, split: string | null) => {
    const part = choosePart(parts, { name: 'me/rows', revision: null, config, split }, 'train');
    return `${part.config}/${part.split}`;
  };
  const several = of('a/train', 'b/train', 'b/test');

  it('is of the only configuration, or of the default one, and of the usual split', () => {
    expect(choose(of('a/test', 'a/train'), null, null)).toBe('a/train');
    expect(choose(of('a/train', 'default/train'), null, null)).toBe('default/train');
    expect(choose(of('default/test', 'a/train'), 'a', null)).toBe('a/train');
    expect(choose(several, 'b', 'test')).toBe('b/test');
  });

  it.each([
    [[], null, null, /no files of rows/],
    [several, null, null, /several configurations: a, b\. Name one: me\/rows:a\/train\./],
    [several, null, 'test', /several configurations: a, b\. Name one: me\/rows:a\/test\./],
    [several, 'c', null, /no configuration c; it has a, b\./],
    [several, 'a', 'test', /a has no split test; it has train\. Name one: me\/rows:a\/train\./],
    [of('b/test'), null, null, /b has no split train; it has test\. Name one: me\/rows:b\/test\./],
  ])('of %j with %s/%s is told where it is none', (parts, config, split, words) => {
    expect(() => choose(parts, config, split)).toThrow(words);
  });
});
