import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Ask } from '../teacher/provider.ts';
import type { Handlers } from './calls.ts';
import type { DeskCalls } from './desk.ts';

/** What the frame would answer its page (`inside.test.ts` has how it comes to it). */
const frame = vi.hoisted((): { handlers: unknown } => ({ handlers: null }));
vi.mock('./inside.ts', () => ({ beFrame: (handlers: unknown) => (frame.handlers = handlers) }));

let desk: Handlers<DeskCalls>;
beforeEach(async () => {
  vi.resetModules();
  await import('./desk.ts');
  desk = frame.handlers as typeof desk;
});
afterEach(() => vi.unstubAllGlobals());

const call = () => ({ signal: new AbortController().signal, progress: vi.fn() });
const opening = { endpoint: 'http://127.0.0.1:8080/v1', api: 'chat', key: null, idleMs: 1000 } as const;
const question: Ask = {
  model: 'm',
  prompt: { kind: 'turns', system: null, turns: [{ role: 'user', content: 'Q' }] },
  temperature: 0,
  maxTokens: 10,
  streams: false,
  schema: null,
  omitted: new Set(),
};
/** @param answer What a server gives, or the browser throws. */
const served = (answer: () => Response) => {
  const fetch = vi.fn((_url: URL, _options: RequestInit) => Promise.resolve().then(answer));
  vi.stubGlobal('fetch', fetch);
  return fetch;
};
const answered = () =>
  new Response(JSON.stringify({ choices: [{ message: { content: 'x' }, finish_reason: 'stop' }] }), {
    headers: { 'content-type': 'application/json' },
  });

it('sends nothing before a teacher is named, and takes no wrong address or key', async () => {
  await expect(Promise.resolve().then(() => desk.models(null, call() as never))).rejects.toThrow(
    'No teacher',
  );
  for (const wrong of [{ endpoint: 'ftp://x' }, { key: 'two\nlines' }])
    expect(() => desk.open({ ...opening, ...wrong }, call() as never)).toThrow();
});

it('sends the key where there is one, and tells the answer', async () => {
  for (const key of [null, 'sk-1234567890-secret']) {
    const fetch = served(answered);
    await desk.open({ ...opening, key }, call());
    expect(await desk.ask(question, call() as never)).toMatchObject({
      kind: 'answered',
      reply: { text: 'x' },
    });
    const [, options] = fetch.mock.calls[0]!;
    expect(new Headers(options.headers).get('authorization')).toBe(key && `Bearer ${key}`);
  }
});

it('says in its own words what a browser says of every server that it cannot reach', async () => {
  await desk.open(opening, call());
  for (const words of ['Failed to fetch', 'NetworkError when attempting', 'Load failed']) {
    served(() => {
      throw new TypeError(words);
    });
    expect(await desk.ask(question, call() as never)).toMatchObject({
      kind: 'fault',
      words: 'no answer from http://127.0.0.1:8080: its server is not running, or does not let pages in',
    });
  }
  served(() => {
    throw new TypeError('the certificate has ended');
  });
  expect(await desk.ask(question, call() as never)).toMatchObject({
    kind: 'fault',
    words: 'the certificate has ended',
  });
  // A refusal that speaks of such a failure is the server's own word.
  served(
    () => new Response(JSON.stringify({ error: { message: 'Failed to fetch the model' } }), { status: 404 }),
  );
  const refused = await desk.ask(question, call());
  expect(refused.kind).not.toBe('fault');
  expect(JSON.stringify(refused)).toContain('Failed to fetch the model');
});

it('lists models', async () => {
  await desk.open(opening, call());
  served(() => new Response(JSON.stringify({ data: [{ id: 'a' }] })));
  expect(await desk.models(null, call() as never)).toEqual(['a']);
});
