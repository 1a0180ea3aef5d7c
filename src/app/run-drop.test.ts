import { strToU8, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import type { DroppedFile } from './drop.ts';
import { runIn } from './run-drop.ts';

const dropped = (...paths: string[]): DroppedFile[] =>
  paths.map((path) => ({ path, file: new File(['x'], path.split('/').at(-1)!) }));

it('tells a run’s zip from a zip of rows', async () => {
  const zip = (name: string, ...files: string[]): DroppedFile => {
    const bytes = zipSync(Object.fromEntries(files.map((file) => [file, strToU8('{}')])));
    return { path: name, file: new File([bytes.slice()], name) };
  };
  const run = zip('heron.run.zip', 'heron/record.json', 'heron/run.json', 'heron/metrics.jsonl');
  expect(await runIn([run])).toEqual({ zip: run.file });
  expect(await runIn([zip('rows.zip', 'train.jsonl', 'test.jsonl')])).toBeNull();
  expect(await runIn(dropped('train.jsonl'))).toBeNull();
});

it('finds the folder of a run within a project, and the project’s facts beside it', async () => {
  const out = ['run.json', 'metrics.jsonl', 'checkpoint-3/run.json', 'model/config.json'].map(
    (n) => `p/out/${n}`,
  );
  const found = await runIn(dropped('p/scale.json', 'p/student/config.json', ...out));
  expect(found).toMatchObject({ name: 'out' });
  expect('files' in found! && found.files.map(({ path }) => path)).toEqual([
    '../scale.json',
    'run.json',
    'metrics.jsonl',
    'checkpoint-3/run.json',
    'model/config.json',
  ]);
  const whole = dropped(...out, 'p/out/run.zip');
  expect(await runIn(whole)).toEqual({ zip: whole.at(-1)!.file });
  // A student that a run has made holds its recipe, and no curve.
  expect(await runIn(dropped('model/run.json', 'model/config.json'))).toBeNull();
});
