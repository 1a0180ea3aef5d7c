import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { SweepFolder, type SweepIdentity } from './sweep-folder.ts';

const identity: SweepIdentity = { train: 'a', test: 'b', students: {}, recipe: {}, vary: {} };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-sweep-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('refuses a folder that holds something else', async () => {
  mkdirSync(join(folder, 'model'));
  writeFileSync(join(folder, 'table.csv'), 'mine');
  const opened = new SweepFolder(folder).open(identity);
  await expect(opened).rejects.toThrow(InputError);
  await expect(opened).rejects.toThrow('holds no sweep');
  expect(readdirSync(folder)).toEqual(['model', 'table.csv']);
});

it('refuses a folder whose experiment is damaged, or is none', async () => {
  await new SweepFolder(folder).begin(identity);
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.json'));
  for (const text of ['{"train"', '{}']) {
    writeFileSync(join(folder, file!), text);
    const opened = new SweepFolder(folder).open(identity);
    await expect(opened).rejects.toThrow(InputError);
    await expect(opened).rejects.toThrow('this is not what a sweep writes there.');
  }
});

it('takes a folder that is new, has a lock and the tables of no runs, or holds this sweep', async () => {
  await new SweepFolder(join(folder, 'new')).open(identity);
  writeFileSync(join(folder, 'job.lock'), '1');
  writeFileSync(join(folder, 'table.csv'), '');
  await new SweepFolder(folder).open(identity);
  await new SweepFolder(folder).begin(identity);
  mkdirSync(join(folder, 'alpha-0.1'));
  await new SweepFolder(folder).open(identity);
});
