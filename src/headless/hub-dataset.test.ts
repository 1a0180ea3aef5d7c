import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { hubTerminal } from '../../tests/support/hub-terminal.ts';
import { InputError } from '../base/errors.ts';
import { smallRecipe } from '../distill/recipe.ts';
import { download } from './download.ts';
import { dataFiles, recordedPlace } from './hub-dataset.ts';
import { inspect } from './inspect.ts';
import { absolutePaths } from './job-file.ts';
import { openInputs } from './train-inputs.ts';

const parquet = readFileSync(join(import.meta.dirname, '../../tests/fixtures/tables/rows.plain.parquet'));
const lines = (rows: readonly object[]): Uint8Array =>
  new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const rows = (from: number) =>
  lines([0, 1].map((at) => ({ input: `q${from + at}`, label: 'a', rationale: 'since' })));
const token = 'hf_ofTheRows';

const converted = new Map<string, Uint8Array>([
  ['v1.11/train/0000.parquet', parquet],
  ['v1.11/validation/0000.parquet', parquet],
  ['v1.0/train/0000.parquet', parquet],
]);
const shards = new Map([
  ['README.md', new Uint8Array(3)],
  ['dataset_infos.json', new Uint8Array(3)],
  ['data/train-00001-of-00002.jsonl', rows(2)],
  ['data/train-00000-of-00002.jsonl', rows(0)],
  ['test.jsonl', rows(9)],
]);
const terminal = hubTerminal({
  'datasets/cos': { files: new Map(), branches: { 'refs/convert/parquet': converted } },
  'datasets/me/shards': { files: shards, license: 'mit' },
  'datasets/me/closed': { files: shards, token },
  'datasets/me/none': { files: new Map([['README.md', new Uint8Array(3)]]) },
});
let { hub, folder, said } = terminal;
beforeEach(() => {
  ({ hub, folder, said } = terminal);
});

it('rows come by their name: all files of a split in order, and a job keeps them with their commit', async () => {
  const name = 'hub:datasets/me/shards';
  const inputs = await openInputs({ train: name, test: name }, smallRecipe);
  expect(inputs.train.examples.map(({ input }) => input)).toEqual(['q0', 'q1', 'q2', 'q3']);
  expect(inputs.test?.examples.map(({ input }) => input)).toEqual(['q9', 'q10']);
  expect(inputs.datasetName).toBe('me/shards');
  expect(said.join('\n')).toContain('licence mit');
  const commit = hub.commitOf('datasets/me/shards');
  // Of two splits under one name, the job's place is the last that was opened: names with a split keep theirs.
  const recorded = absolutePaths([`${name}:default/train`]);
  expect(recorded).toBe(`${name}:default/train`);
  await dataFiles(`${name}:default/train`, 'train');
  expect(absolutePaths([`${name}:default/train`])).toBe(`${name}@${commit}:default/train`);
  expect(recordedPlace('rows.jsonl')).toBeNull();

  // By its commit, and where asking is forbidden, nothing is asked.
  hub.requests.length = 0;
  await dataFiles(`${name}@${commit}:default/test`, 'train');
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  await openInputs({ train: name, test: name }, smallRecipe);
  expect(hub.requests).toEqual([]);
  await expect(dataFiles('hub:datasets/cos:v1.0', 'train')).rejects.toThrow(/HF_HUB_OFFLINE forbids/);
});

it('takes the Parquet that the hub made, of the configuration and split that are named', async () => {
  const [file, ...more] = await dataFiles('hub:datasets/cos:v1.11/validation', 'train');
  expect(more).toEqual([]);
  expect(readFileSync(file!).equals(parquet)).toBe(true);
  await inspect(['--train', 'hub:datasets/cos:v1.11', '--map', 'input=input,rationale=rationale']);
  expect(said.join('\n')).toContain('parquet');
  await download(['datasets/cos:v1.0/train', '--out', join(folder, 'out')]);
  expect(readdirSync(join(folder, 'out'))).toEqual(['v1.0-train-0000.parquet']);
});

it.each([
  ['hub:datasets/cos', /several configurations: v1\.11, v1\.0\. Name one: cos:v1\.11\/train/],
  ['hub:datasets/cos:v2/train', /no configuration v2; it has v1\.11, v1\.0/],
  ['hub:datasets/cos:v1.11/test', /no split test; it has train, validation/],
  ['hub:datasets/me/none', /no files of rows/],
  ['hub:datasets/me/closed', /no such dataset \(401\).*For a private dataset set HF_TOKEN/s],
  ['hub:datasets/me/shards@v9', /the dataset has no revision v9/],
  ['hub:cos', /names a model, not rows\. Write hub:datasets\/NAME/],
  ['hub:datasets/../x', /no name of a dataset/],
])('%s fails with a clear message, and nothing is kept', async (name, words) => {
  const fetched = dataFiles(name, 'train');
  await expect(fetched).rejects.toThrow(words);
  await expect(fetched).rejects.toBeInstanceOf(InputError);
  expect(existsSync(join(folder, 'cache'))).toBe(false);
});

it('a token reads what is closed, and only the hub hears it', async () => {
  vi.stubEnv('HF_TOKEN', token);
  await dataFiles('hub:datasets/me/closed', 'train');
  expect(hub.requests.every(({ at, authorization }) => (at === 'hub') === (authorization !== null))).toBe(
    true,
  );
  expect(said.join('\n')).not.toContain('ofTheRows');
});
