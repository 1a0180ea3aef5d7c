import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withUnfinished } from './unfinished.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-unfinished-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});
it('goes where the program ends in the middle, and stays where the work took it to its place', async () => {
  const listening = [process.listenerCount('exit'), process.listenerCount('SIGINT')];
  await withUnfinished(at('file.tmp'), () => {
    writeFileSync(at('file.tmp'), 'x');
    // The one that was told to listen last.
    process.listeners('exit').at(-1)!(0);
    expect(existsSync(at('file.tmp'))).toBe(false);
    return Promise.resolve();
  });
  expect([process.listenerCount('exit'), process.listenerCount('SIGINT')]).toEqual(listening);
});

it('goes after an error', async () => {
  const work = withUnfinished(at('file.tmp'), () => {
    writeFileSync(at('file.tmp'), 'x');
    return Promise.reject(new Error('full'));
  });
  await expect(work).rejects.toThrow('full');
  expect(readdirSync(folder)).toEqual([]);
});

it('ends by Ctrl+C where nobody else listens', async () => {
  const saves = vi.fn();
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const others = process.listeners('SIGINT');
  for (const one of others) process.off('SIGINT', one);
  try {
    await withUnfinished(at('one'), () =>
      withUnfinished(at('two'), () => {
        process.emit('SIGINT');
        expect(exit).toHaveBeenCalledExactlyOnceWith(130);
        process.once('SIGINT', saves);
        process.emit('SIGINT');
        return Promise.resolve();
      }),
    );
    expect(exit).toHaveBeenCalledTimes(1);
    expect(saves).toHaveBeenCalledTimes(1);
  } finally {
    for (const one of others) process.on('SIGINT', one);
  }
});
