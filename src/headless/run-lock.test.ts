import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import { checkOut } from './run-place.ts';
import { lockFileName, withRunLock } from './run-lock.ts';
import { train } from './train.ts';

// Nothing is computed here: the built kernels are not needed.
vi.mock('../engine/wasm/kernels.ts', () => ({}));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The number of a process that has ended. */
const endedPid = () => spawnSync(process.execPath, ['--version']).pid;

it('names what is a file where a folder should be', async () => {
  const file = join(folder, 'rows.jsonl');
  writeFileSync(file, 'kept');
  for (const path of [file, join(file, 'below')]) {
    const locked = withRunLock(path, () => Promise.resolve());
    await expect(locked).rejects.toThrow(InputError);
    await expect(locked).rejects.toThrow('this is a file, or lies below one');
  }
  expect(readFileSync(file, 'utf8')).toBe('kept');
});

it('keeps a second one out, and lets it in when the first has ended', async () => {
  const out = join(folder, 'run');
  await withRunLock(out, async () => {
    expect(readFileSync(join(out, lockFileName), 'utf8').trim()).toBe(String(process.pid));
    const second = withRunLock(out, () => Promise.resolve());
    await expect(second).rejects.toThrow(InputError);
    await expect(second).rejects.toThrow(String(process.pid));
    await expect(second).rejects.toThrow('delete job.lock');
    writeFileSync(join(out, 'kept'), '');
  });
  expect(readdirSync(out)).toEqual(['kept']);
  expect(await withRunLock(out, () => Promise.resolve(3))).toBe(3);
});

it('lets go where the program ends at once', async () => {
  const before = process.listenerCount('exit');
  await withRunLock(folder, () => {
    process.listeners('exit').at(-1)!(0);
    expect(existsSync(join(folder, lockFileName))).toBe(false);
    return Promise.resolve();
  });
  expect(process.listenerCount('exit')).toBe(before);
});

it('lets go after an error, of a folder made for it too', async () => {
  const out = join(folder, 'run');
  await expect(withRunLock(out, () => Promise.reject(new Error('no engine')))).rejects.toThrow('no engine');
  expect(existsSync(out)).toBe(false);
});

it.each([
  ['a process that has ended', endedPid],
  ['an earlier process with this one’s number', () => process.pid],
  ['a process that wrote no number', () => ''],
])('takes over the lock of %s', async (_, pid) => {
  writeFileSync(join(folder, lockFileName), `${pid()}\n`);
  await checkOut(folder, [['student', join(folder, '..', 'student')]]);
  await withRunLock(folder, () => {
    expect(readFileSync(join(folder, lockFileName), 'utf8').trim()).toBe(String(process.pid));
    return Promise.resolve();
  });
  expect(readdirSync(folder)).toEqual([]);
});

it(
  'train stays out of a folder where another process trains, new or resumed',
  { timeout: 60_000 },
  async () => {
    const run = join(folder, 'run');
    mkdirSync(run);
    writeFileSync(join(run, lockFileName), `${process.ppid}\n`);
    const refused = `another process (number ${process.ppid}) is at work here.`;
    await expect(train(['--out', run])).rejects.toThrow(refused);
    await expect(train(['--resume', run])).rejects.toThrow(refused);
    expect(readdirSync(run)).toEqual([lockFileName]);
  },
);

it('a folder that is not there is not resumed, and not made', async () => {
  const run = join(folder, 'run');
  await expect(train(['--resume', run])).rejects.toThrow('cannot be read');
  expect(existsSync(run)).toBe(false);
});

it.runIf(existsSync('/proc/self/stat'))('takes over the lock of a zombie process', async () => {
  // The shell becomes sleep, which never asks for its child. Until it has, the child waits: the shell would still ask.
  const parent = spawn('sh', ['-c', 'sh -c "read line <&3" & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  try {
    const [printed] = (await once(parent.stdout!, 'data')) as [Buffer];
    const pid = Number(String(printed).trim());
    await vi.waitFor(() => expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'), 10_000);
    (parent.stdio[3] as Writable).end('\n');
    await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '), 10_000);
    writeFileSync(join(folder, lockFileName), `${pid}\n`);
    expect(await withRunLock(folder, () => Promise.resolve('done'))).toBe('done');
  } finally {
    parent.kill();
  }
});
