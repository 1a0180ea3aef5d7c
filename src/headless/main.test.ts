import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { usage } from './arguments.ts';

// Nothing is computed here: the built kernels are not needed.
vi.mock('../engine/wasm/kernels.ts', () => ({}));

const argv = process.argv;
beforeEach(() => vi.resetModules());
afterEach(() => {
  process.argv = argv;
  vi.restoreAllMocks();
});

/** Runs the program as the terminal does. */
async function runMain(...args: string[]) {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  vi.spyOn(console, 'error').mockReturnValue();
  const code = new Promise((resolve) => {
    vi.spyOn(process, 'exit').mockImplementation((exitCode) => {
      resolve(exitCode);
      return undefined as never;
    });
  });
  process.argv = ['node', 'main.js', ...args];
  await import('./main.ts');
  return { code: await code, said: log.mock.calls.flat().join('\n') };
}

it.each([
  'train',
  'inspect',
  'convert',
  'generate',
  'plan',
  'reduce',
  'download',
  'upload',
  'teach',
  'study',
])('%s prints the usage where it is asked for it', { timeout: 60_000 }, async (command) => {
  expect(await runMain(command, '--help')).toEqual({ code: 0, said: usage });
});

it('an unknown command is bad input, with --help or without', async () => {
  expect((await runMain('brew', '--help')).code).toBe(2);
});

it('a port that there cannot be is bad input', async () => {
  expect((await runMain('serve', '--student', 'nano', '--port', '99999')).code).toBe(2);
});

it('exits once a pipe has taken all that was printed', async () => {
  let isTaken = false;
  vi.spyOn(process.stdout, 'write').mockImplementation(((_text: string, done?: () => void) => {
    setTimeout(() => {
      isTaken = true;
      done?.();
    }, 5);
    return true;
  }) as typeof process.stdout.write);
  const { code } = await runMain('inspect', '--help');
  expect([code, isTaken]).toEqual([0, true]);
});

it.each([
  ['EPIPE', 141],
  ['ENOSPC', 4],
  ['EACCES', 1],
])('a file that cannot be written (%s) ends it with %d', async (why, ending) => {
  vi.doMock('./convert.ts', async () => {
    const { notWritten } = await import('./files.ts');
    const error = notWritten('f', Object.assign(new Error('no'), { code: why }));
    return { convert: () => Promise.reject(error) };
  });
  expect((await runMain('convert')).code).toBe(ending);
  vi.doUnmock('./convert.ts');
});
