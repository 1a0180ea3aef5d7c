import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import { CancelledError, StudioClient, WorkerError } from './client.ts';
import { Exclusive } from './exclusive.ts';
import type { PageMessage, RunEvent, WorkerMessage } from './protocol.ts';
import { Wire } from './wire.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('progress of a command', () => {
  it('is told ten times a second at most, at once of something else, and always of the end', () => {
    const told: unknown[] = [];
    const report = new Wire((message) => told.push(message)).progressOf(7);
    report('rows', 0, 9);
    vi.advanceTimersByTime(99);
    report('rows', 1, 9);
    vi.advanceTimersByTime(1);
    report('rows', 2, 9);
    report('rows', 3, 9);
    report('rows', 9, 9);
    report('tokens', 0, 4);
    report('tokens', 1, 4);
    const progress = (what: string, done: number, total: number) => ({
      type: 'progress',
      id: 7,
      what,
      done,
      total,
    });
    expect(told).toEqual([
      progress('rows', 0, 9),
      progress('rows', 2, 9),
      progress('rows', 9, 9),
      progress('tokens', 0, 4),
    ]);
  });

  it('is that of its command alone', () => {
    const told: WorkerMessage[] = [];
    const wire = new Wire((message) => told.push(message));
    wire.progressOf(1)('rows', 0, 9);
    wire.progressOf(2)('rows', 0, 9);
    expect(told).toHaveLength(2);
  });
});

/** A worker that does what a test says, and the page's end of its wire. */
function wired() {
  const sent: PageMessage[] = [];
  const worker = {
    onmessage: null as ((event: { data: WorkerMessage }) => void) | null,
    onerror: null as ((event: { message: string }) => void) | null,
    isAtWork: true,
    postMessage: (message: PageMessage) => void sent.push(message),
    terminate: () => void (worker.isAtWork = false),
  };
  const client = new StudioClient(worker as unknown as Worker, 'a worker');
  const wire = new Wire((data) => worker.onmessage!({ data }));
  return { client, wire, sent, worker };
}
const command = { type: 'save' } as const;

describe('what the page asks', () => {
  it('is answered each to its own, with results or the worker’s own words', async () => {
    const { client, wire, sent } = wired();
    const asked = [client.request(command), client.request(command), client.request(command)] as const;
    expect(sent).toEqual([1, 2, 3].map((id) => ({ type: 'command', id, command })));
    wire.failed(2, new InputError('It is wrong.', 'Fix it.', { file: 'a.json', line: 3 }));
    wire.cancelled(3);
    wire.result(1, null);
    await expect(asked[0]).resolves.toBeNull();
    const error = await asked[1].catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(WorkerError);
    expect((error as WorkerError).message).toBe('a.json, line 3: It is wrong. Fix it.');
    expect((error as WorkerError).report).toMatchObject({ name: 'InputError', file: 'a.json', line: 3 });
    await expect(asked[2]).rejects.toBeInstanceOf(CancelledError);
  });

  it('hears how far it is, and can be cancelled once', async () => {
    const { client, wire, sent } = wired();
    const heard: number[] = [];
    const stop = new AbortController();
    const asked = client.request(command, ({ done }) => heard.push(done), stop.signal);
    wire.progressOf(1)('rows', 3, 9);
    wire.progressOf(2)('rows', 4, 9);
    expect(heard).toEqual([3]);
    stop.abort();
    expect(sent.slice(1)).toEqual([{ type: 'cancel', id: 1 }]);
    wire.result(1, null);
    await asked;
    // A late failure of a finished request is ignored.
    wire.failed(1, new Error('late'));
  });

  it('fails where the worker has ended, and so does all that is asked after it; the end is told once', async () => {
    const { client, worker } = wired();
    let ends = 0;
    client.onEnd(() => (ends += 1));
    const asked = client.request(command);
    client.end();
    client.end();
    await expect(asked).rejects.toThrow('gave no sign. What was stored is still there');
    await expect(client.request(command)).rejects.toThrow('gave no sign');
    expect([ends, worker.isAtWork]).toEqual([1, false]);
  });

  it('fails with the words of a worker that could not be started', async () => {
    const { client, worker } = wired();
    const asked = client.request(command);
    worker.onerror!({ message: '' });
    await expect(asked).rejects.toThrow('The studio’s worker failed: it could not be started.');
  });

  it('tells no listener of the end of a worker that was closed on purpose', async () => {
    const { client, worker } = wired();
    let ends = 0;
    client.onEnd(() => (ends += 1));
    client.close();
    expect([ends, worker.isAtWork]).toEqual([0, false]);
    await expect(client.request(command)).rejects.toThrow('has done its work');
  });
});

it('every sign of the worker is heard, and what happens in runs by whoever listens', () => {
  const { client, wire } = wired();
  let signs = 0;
  client.onSign(() => (signs += 1));
  const heard: [string, RunEvent][] = [];
  const stop = client.onRun((runId, event) => heard.push([runId, event]));
  wire.sign();
  wire.run('a', { type: 'record' });
  stop();
  wire.run('b', { type: 'record' });
  expect(signs).toBe(3);
  expect(heard).toEqual([['a', { type: 'record' }]]);
});

it('of work of one kind a second one is refused until the first has ended, well or not', async () => {
  const work = new Exclusive('A student is being reduced.');
  let end = (): void => undefined;
  const first = work.run(() => new Promise<number>((resolve) => (end = () => resolve(5))));
  expect(work.isAtWork).toBe(true);
  await expect(work.run(() => Promise.resolve())).rejects.toThrow(
    'A student is being reduced. Wait for its end, or stop it.',
  );
  end();
  expect(await first).toBe(5);
  await expect(work.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(work.isAtWork).toBe(false);
});
