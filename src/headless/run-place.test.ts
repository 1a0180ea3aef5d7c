/** Where a run may be written, and what is not replaced unasked. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOut, refuseEarlierRun } from './run-place.ts';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-run-place-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(at(name), '..'), { recursive: true });
    writeFileSync(at(name), '');
  }
}

describe('a place to write a run to', () => {
  it('may be new, empty, locked alone, or an earlier run', async () => {
    await checkOut(at('new'), []);
    await checkOut(at(), []);
    put('job.lock', 'job.lock.7');
    await checkOut(at(), []);
    put('mine.txt');
    await expect(checkOut(at(), [])).rejects.toThrow('this folder is not empty and holds no run');
    put('run.json');
    await expect(checkOut(at(), [])).rejects.toThrow('this folder is not empty and holds no run');
    put('metrics.jsonl');
    await checkOut(at(), []);
    rmSync(at('run.json'));
    await expect(checkOut(at(), [])).rejects.toThrow('this folder is not empty and holds no run');
    put('job.json');
    await checkOut(at(), []);
  });

  it('has a name, and is no file', async () => {
    await expect(checkOut('', [])).rejects.toThrow('--out names no folder.');
    put('file');
    await expect(checkOut(at('file'), [])).rejects.toThrow('this is a file');
  });

  it.each([
    'model/config.json',
    'model.tmp/config.json',
    'adapter/adapter_config.json',
    'checkpoint-12/model.safetensors',
    'summary.json',
    'predictions.jsonl',
    'evaluations.jsonl',
    'job.json',
    'run.json',
    'metrics.jsonl',
    'metrics.jsonl.tmp',
  ])('keeps no input in %s, which a run replaces', async (name) => {
    put(name, 'job.json');
    const words = `--train is in ${name.split('/')[0]!}, which a new run in --out replaces.`;
    await expect(checkOut(at(), [['train', at(name)]])).rejects.toThrow(words);
    mkdirSync(at('links'));
    symlinkSync(at(name), at('links', 'rows'));
    await expect(checkOut(at(), [['train', at('links', 'rows')]])).rejects.toThrow(words);
  });

  it('is no input itself, and may hold others', async () => {
    put('job.json', 'rows.jsonl', 'models/config.json', 'checkpoint-x/a');
    await expect(checkOut(at(), [['student', at()]])).rejects.toThrow(
      '--student is the folder that the run would be written to.',
    );
    const inputs = [at('rows.jsonl'), at('models'), at('checkpoint-x'), join(folder, '..')];
    for (const input of inputs) await checkOut(at(), [['train', input]]);
  });
});

describe('an earlier run', () => {
  it('that has nothing to lose is replaced: none is there, or it took no step', async () => {
    await refuseEarlierRun(at('new'));
    put('job.json', 'run.json', 'metrics.jsonl', 'job.lock');
    await refuseEarlierRun(at());
  });

  it.each(['checkpoint-12/model.safetensors', 'model/config.json', 'evaluations.jsonl'])(
    'with %s is not, unasked',
    async (name) => {
      put('job.json', 'run.json', 'metrics.jsonl', name);
      await expect(refuseEarlierRun(at())).rejects.toThrow('holds a run, which a new one would replace.');
    },
  );

  it('with a step of its curve is not, and the words name both ways on', async () => {
    put('job.json', 'run.json');
    writeFileSync(at('metrics.jsonl'), '{"step":1}\n');
    await expect(refuseEarlierRun(at())).rejects.toThrow(
      `Resume it: train --resume ${at()}. Or choose another --out, or replace it with --force.`,
    );
  });
});
