import { expect, it } from 'vitest';
import { partsOf } from './dataset-files.ts';

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
