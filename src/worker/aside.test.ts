import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askAside, OutOfTimeError, patienceFor } from './aside.ts';
import { CancelledError, StudioClient } from './client.ts';
import { probing, type CommandOf, type PageMessage, type WorkerMessage } from './protocol.ts';

/** A worker that says what a test lets it say. */
class Silent {
  onmessage: ((event: MessageEvent<WorkerMessage>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  ended = 0;
  id = 0;

  postMessage(message: PageMessage): void {
    this.id = message.id;
  }

  terminate(): void {
    this.ended += 1;
  }

  says(message: WorkerMessage): void {
    this.onmessage?.({ data: message } as MessageEvent<WorkerMessage>);
  }
}

const folder = (sizeBytes: number): CommandOf<'import-student'> => ({
  type: 'import-student',
  files: [{ path: 'mine/config.json', file: { size: sizeBytes } as File }],
  baseId: null,
});

function asked(command: Parameters<typeof askAside>[1], signal?: AbortSignal) {
  const worker = new Silent();
  const start = () => new StudioClient(worker as unknown as Worker, `worker-${Math.random()}`);
  const answer = askAside(start, command, undefined, signal).catch((error: unknown) => error);
  return { worker, answer };
}

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => vi.useRealTimers());

it('gives back what its worker found, and lets the worker go', async () => {
  const { worker, answer } = asked(folder(10));
  worker.says({ type: 'result', id: worker.id, result: { studentId: 'x' } });
  expect(await answer).toEqual({ studentId: 'x' });
  expect(worker.ended).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('ends a worker that is at work on one text for more than two seconds, in words', async () => {
  const { worker, answer } = asked(folder(10));
  worker.says({ type: 'progress', id: worker.id, what: probing, done: 0, total: 1 });
  vi.advanceTimersByTime(1400);
  worker.says({ type: 'sign' });
  vi.advanceTimersByTime(1400);
  expect(worker.ended).toBe(0);
  vi.advanceTimersByTime(300);
  expect(worker.ended).toBe(1);
  const error = await answer;
  expect(error).toBeInstanceOf(OutOfTimeError);
  expect((error as Error).message).toMatch(/^mine\/tokenizer\.json: The tokenizer does not come to an end/);
});

it.each<[string, Parameters<typeof askAside>[1], RegExp]>([
  ['a folder', folder(10), /^mine: Reading this folder took far longer/],
  ['a run', { type: 'import-run', file: { name: 'a.run.zip', size: 9 } as File }, /^a\.run\.zip: Reading/],
  [
    'rows',
    { type: 'measure-lengths', datasetId: 'd', studentId: 's', maxInputTokens: 9, maxTargetTokens: 9 },
    /^The student’s tokenizer does not come to an end with one of the rows/,
  ],
])('ends a worker that reads %s without a sign', async (_what, command, words) => {
  const { worker, answer } = asked(command);
  vi.advanceTimersByTime(19_000);
  expect(worker.ended).toBe(0);
  vi.advanceTimersByTime(2000);
  expect(((await answer) as Error).message).toMatch(words);
  expect(worker.ended).toBe(1);
});

it('is as patient as the files are large', () => {
  const [small, large] = [patienceFor('reading the student', 0), patienceFor('reading the student', 3e9)];
  expect(large - small).toBeGreaterThan(200_000);
  expect(patienceFor(probing, 3e9)).toBe(patienceFor(probing, 0));
});

it('takes a pause of the page for no silence of the worker', async () => {
  const { worker, answer } = asked(folder(10));
  worker.says({ type: 'progress', id: worker.id, what: probing, done: 0, total: 1 });
  // One tick comes an hour late, as after a laptop’s sleep.
  const now = vi.spyOn(performance, 'now').mockReturnValue(3_600_000);
  vi.advanceTimersByTime(100);
  expect(worker.ended).toBe(0);
  now.mockRestore();
  worker.says({ type: 'result', id: worker.id, result: { studentId: 'x' } });
  await answer;
});

it('stops at once when it is cancelled', async () => {
  const cancel = new AbortController();
  const { worker, answer } = asked(folder(10), cancel.signal);
  cancel.abort();
  expect(await answer).toBeInstanceOf(CancelledError);
  expect(worker.ended).toBe(1);
});

it('says in words that its worker was taken away, or failed by its own words', async () => {
  const taken = asked(folder(10));
  taken.worker.onerror?.({ message: 'out of memory' } as ErrorEvent);
  expect(((await taken.answer) as Error).message).toMatch(
    /^mine: The browser ended the worker that read this/,
  );
  const refused = asked(folder(10));
  const error = { name: 'InputError', message: 'no T5', file: null, line: null };
  refused.worker.says({ type: 'failed', id: refused.worker.id, error });
  expect(await refused.answer).toMatchObject({ report: error });
});

it('counts the silence of a worker by the clock, a tenth of a second at a time', async () => {
  const { worker, answer } = asked(folder(10));
  worker.says({ type: 'progress', id: worker.id, what: probing, done: 0, total: 1 });
  vi.advanceTimersByTime(1500);
  expect(worker.ended).toBe(0);
  vi.advanceTimersByTime(100);
  expect(worker.ended).toBe(1);
  await answer;
  // Twenty seconds, and one more for each ten million bytes.
  expect(patienceFor('reading the student', 0)).toBe(20_000);
  expect(patienceFor('reading the student', 10_000_000)).toBe(21_000);
});
