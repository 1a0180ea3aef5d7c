/** A pool's processes: real ones, which do what a text says in place of training. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EngineError } from '../base/errors.ts';
import type { Lane } from '../jobs/sweep.ts';
import { serveJobs, withProcesses } from './run-pool.ts';

interface Job {
  does: 'answers' | 'ends' | 'waits';
}
const program = `
process.on('message', ({ does }) => {
  if (does === 'ends') process.exit(7);
  if (does === 'waits') return process.send({ kind: 'under way', share: 0.1 });
  process.send({ kind: 'under way', share: 0.5 });
  process.send({ kind: 'ended', outcome: { pid: process.pid, args: process.argv.slice(2) } });
});`;

let folder = '';
const { argv } = process;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-pool-'));
  writeFileSync(join(folder, 'program.cjs'), program);
  process.argv = [argv[0]!, join(folder, 'program.cjs')];
});
afterEach(() => {
  process.argv = argv;
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

interface Outcome {
  pid: number;
  args: string[];
}
const pool = <T>(
  work: (lanes: Lane<Job, Outcome>[]) => Promise<T>,
  { processes = 1, signal = new AbortController().signal } = {},
): Promise<T> => withProcesses<Job, Outcome, T>({ args: ['sweep', 'worker'], processes, signal }, work);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('lends each process as a lane, which tells how far a job is, and ends them all', async () => {
  const shares: number[] = [];
  const ends = await pool(
    async (lanes) => [
      await lanes[0]!({ does: 'answers' }, (share) => shares.push(share)),
      await lanes[0]!({ does: 'answers' }, (share) => shares.push(share)),
      await lanes[1]!({ does: 'answers' }, (share) => shares.push(share)),
    ],
    { processes: 2 },
  );
  const outcomes = ends.flatMap((end) => (end?.kind === 'ended' ? [end.outcome] : []));
  expect(outcomes.map(({ args }) => args)).toEqual(Array.from({ length: 3 }, () => ['sweep', 'worker']));
  const [first, second, other] = outcomes.map(({ pid }) => pid);
  expect(first).toBe(second);
  expect(other).not.toBe(first);
  expect(shares).toEqual([0.5, 0.5, 0.5]);
  await vi.waitFor(() => expect([isAlive(first!), isAlive(other!)]).toEqual([false, false]));
});

it('says of a process that ends by itself with what it ended, at once and for every later job', async () => {
  const words = 'A process that trains ended by itself (code 7).';
  await pool(async ([lane]) => {
    const ended = lane!({ does: 'ends' }, () => undefined);
    await expect(ended).rejects.toThrow(words);
    await expect(ended).rejects.toBeInstanceOf(EngineError);
    await expect(lane!({ does: 'answers' }, () => undefined)).rejects.toThrow(words);
  });
});

it('says so too of one that was ended before a job is sent, when that is not known yet', async () => {
  await pool(async ([lane]) => {
    const first = await lane!({ does: 'answers' }, () => undefined);
    if (first?.kind !== 'ended') throw new Error('It did not answer.');
    process.kill(first.outcome.pid, 'SIGKILL');
    // It is gone, and this process has had no turn to hear of it.
    while (existsSync(`/proc/${first.outcome.pid}/fd/0`)) continue;
    const later = lane!({ does: 'answers' }, () => undefined);
    await expect(later).rejects.toThrow('A process that trains ended by itself (SIGKILL).');
  });
});

it('says so where no process can be started', async () => {
  const { execPath } = process;
  process.execPath = join(folder, 'missing');
  try {
    await pool(async ([lane]) => {
      const words = /^A process that trains cannot be used \(spawn .*missing ENOENT\)\./;
      await expect(lane!({ does: 'answers' }, () => undefined)).rejects.toThrow(words);
    });
  } finally {
    process.execPath = execPath;
  }
});

it('stopped, ends its processes at once: what they worked on is nothing', async () => {
  const stop = new AbortController();
  const end = await pool(([lane]) => lane!({ does: 'waits' }, () => stop.abort()), { signal: stop.signal });
  expect(end).toBeNull();
  const later = await pool(([lane]) => lane!({ does: 'answers' }, () => undefined), { signal: stop.signal });
  expect(later).toBeNull();
});

it('a process answers each job with its outcome or its error, and tells of it once a second', async () => {
  const sent: object[] = [];
  const send = process.send?.bind(process) as ((...of: unknown[]) => boolean) | undefined;
  // The test runner may speak by the same channel.
  const isOfPool = (said: unknown): said is object =>
    typeof said === 'object' &&
    said !== null &&
    'kind' in said &&
    ('outcome' in said || 'share' in said || 'error' in said);
  process.send = (...of: unknown[]) => (isOfPool(of[0]) ? sent.push(of[0]) > 0 : (send?.(...of) ?? true));
  const before = (['message', 'disconnect', 'SIGINT'] as const).map(
    (name) => [name, process.listeners(name as never)] as const,
  );
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  void serveJobs((job, tell) => {
    if (job === 'bad') return Promise.reject(new Error('torn'));
    for (const [at, share] of [
      [999, 0.1],
      [1_000, 0.2],
      [1_999, 0.3],
      [2_000, 0.4],
    ] as const) {
      nowMs = at;
      tell(share);
    }
    return Promise.resolve(job);
  });
  const added = before.flatMap(([name, listeners]) =>
    process
      .listeners(name as never)
      .flatMap((one) => (listeners.includes(one) ? [] : [[name, one] as const])),
  );
  // What the test runner sends is no job.
  for (const [name, listener] of added) process.off(name, listener);
  const answer = added.find(([name]) => name === 'message')![1] as (job: unknown) => void;
  try {
    answer('good');
    await vi.waitFor(() => expect(sent).toHaveLength(3));
    answer('bad');
    await vi.waitFor(() => expect(sent).toHaveLength(4));
  } finally {
    if (send === undefined) Reflect.deleteProperty(process, 'send');
    else process.send = send as typeof process.send;
  }
  // Ctrl+C reaches a process too, and its parent decides.
  expect(added.map(([name]) => name).toSorted()).toEqual(['SIGINT', 'disconnect', 'message']);
  expect(sent).toEqual([
    { kind: 'under way', share: 0.2 },
    { kind: 'under way', share: 0.4 },
    { kind: 'ended', outcome: 'good' },
    {
      kind: 'failed',
      error: expect.objectContaining({ message: expect.stringContaining('torn') as string }) as object,
    },
  ]);
});
