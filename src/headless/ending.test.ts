import { beforeEach, expect, it, vi } from 'vitest';

type Heard = (error?: NodeJS.ErrnoException) => void;

/** What listens to the process and its two streams, without listening in truth. */
const heard = new Map<string, Heard>();
const exits: unknown[] = [];

beforeEach(async () => {
  vi.restoreAllMocks();
  vi.resetModules();
  heard.clear();
  exits.length = 0;
  const listens = (of: string) => (name: string | symbol, listener: Heard) => {
    heard.set(`${of} ${String(name)}`, listener);
    return process;
  };
  vi.spyOn(process, 'on').mockImplementation(listens('process') as never);
  vi.spyOn(process, 'off').mockImplementation(((name: string) => {
    heard.delete(`process ${name}`);
    return process;
  }) as never);
  vi.spyOn(process.stdout, 'on').mockImplementation(listens('stdout') as never);
  vi.spyOn(process.stderr, 'on').mockImplementation(listens('stderr') as never);
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    throw new Error('The program has ended.');
  });
  const { watchForEndings } = await import('./ending.ts');
  watchForEndings();
});

const failing = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
const end = (of: string, error?: NodeJS.ErrnoException): void => heard.get(of)!(error);

it('ends at once where there is no listener, with the exit code that shells use', () => {
  expect(() => end('stdout error', failing('EPIPE'))).toThrow('has ended');
  expect(exits).toEqual([141]);
});

it('leaves signals to the system, which ends it at once, unless something is to be saved or tidied up', async () => {
  const { hearSignals, onEnding } = await import('./ending.ts');
  const signals = () => [...heard.keys()].filter((name) => name.startsWith('process SIG'));
  expect(signals()).toEqual([]);
  const hearNoMore = hearSignals();
  expect(() => end('process SIGTERM')).toThrow('has ended');
  expect(() => end('process SIGHUP')).toThrow('has ended');
  expect(exits).toEqual([143, 129]);
  const listenNoMore = onEnding(() => undefined);
  hearNoMore();
  hearNoMore();
  expect(signals()).toEqual(['process SIGTERM', 'process SIGHUP']);
  listenNoMore();
  expect(signals()).toEqual([]);
});

it('tells a listener once instead of ending, as long as there is one', async () => {
  const { onEnding } = await import('./ending.ts');
  const told: number[] = [];
  const listenNoMore = onEnding(({ code }) => told.push(code));
  end('process SIGTERM');
  end('process SIGHUP');
  expect([told, exits]).toEqual([[143], []]);
  listenNoMore();
  expect(() => end('stdout error', failing('EPIPE'))).toThrow('has ended');
});

it('a closed pipe is told once, whichever stream it is of and however its writes fail since', async () => {
  const { onEnding } = await import('./ending.ts');
  const told: number[] = [];
  // Another listener each time: each would be told.
  onEnding(({ code }) => told.push(code));
  end('stdout error', failing('EPIPE'));
  onEnding(({ code }) => told.push(code));
  end('stdout error', failing('ERR_STREAM_DESTROYED'));
  end('stderr error', failing('EPIPE'));
  expect([told, exits]).toEqual([[141], []]);
});

it('a stream that was destroyed is a closed pipe', async () => {
  const { onEnding } = await import('./ending.ts');
  const told: number[] = [];
  onEnding(({ code }) => told.push(code));
  end('stderr error', failing('ERR_STREAM_DESTROYED'));
  expect(told).toEqual([141]);
});

it.each([
  ['ENOSPC', 4, 'What the program prints cannot be written: the disk is full.'],
  ['EDQUOT', 4, 'What the program prints cannot be written: the disk is full.'],
  ['EIO', 1, 'What the program prints cannot be written (EIO).'],
])(
  'a stream that fails with %s ends it with %d and words, or tells who has to save',
  async (why, code, words) => {
    const { onEnding } = await import('./ending.ts');
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const told: unknown[] = [];
    const listenNoMore = onEnding((ending) => told.push(ending));
    end('stdout error', failing(why));
    expect([told, exits, complaints.mock.calls]).toEqual([[{ code, words }], [], []]);
    listenNoMore();

    vi.resetModules();
    const { watchForEndings } = await import('./ending.ts');
    watchForEndings();
    expect(() => end('stdout error', failing(why))).toThrow('has ended');
    expect([exits, complaints.mock.calls]).toEqual([[code], [[words]]]);
  },
);
