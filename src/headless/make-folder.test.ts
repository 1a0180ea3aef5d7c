import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'stillroom-folders-'));
afterAll(() => rmSync(root, { recursive: true }));

it('makes a folder with those above it, and leaves one that is there', async () => {
  const deep = join(root, 'a/b/c');
  expect(await makeFolder(deep)).toBe(true);
  expect(await makeFolder(deep)).toBe(false);
  expect(existsSync(deep)).toBe(true);
  const both = join(root, 'd/e');
  expect((await Promise.all([makeFolder(both), makeFolder(both)])).toSorted()).not.toEqual([false, false]);
});

it('fails where a file is in the way', async () => {
  writeFileSync(join(root, 'file'), '');
  await expect(makeFolder(join(root, 'file'))).rejects.toThrow(/EEXIST/);
  await expect(makeFolder(join(root, 'file/in/it'))).rejects.toThrow(/ENOTDIR/);
});

it.runIf(existsSync('/proc/self'))('fails where the file system makes no folders', async () => {
  await expect(makeFolder('/proc/stillroom/run')).rejects.toThrow(/ENOENT/);
});
