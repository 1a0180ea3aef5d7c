import { expect, it } from 'vitest';
import type { Ask } from './provider.ts';
import { providers } from './providers.ts';
import { askTeacher } from './transport.ts';

// Over a network: `src/jobs/teach.test.ts`. Here it is how a body comes.
const ask: Ask = {
  model: 'm',
  prompt: { kind: 'turns', system: null, turns: [{ role: 'user', content: 'Q' }] },
  temperature: 0,
  maxTokens: 10,
  streams: true,
  schema: null,
  omitted: new Set(),
};

function answered(chunks: readonly Uint8Array<ArrayBuffer>[], type: string, status = 200) {
  const heard: string[] = [];
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const fetch = () => Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
  const place = {
    fetch,
    endpoint: new URL('http://127.0.0.1:8080/v1'),
    provider: providers.chat,
    key: null,
    idleMs: 1000,
  };
  return { heard, outcome: askTeacher(place, ask, new AbortController().signal, (text) => heard.push(text)) };
}
const bytes = (text: string) => new TextEncoder().encode(text);
const event = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`;

it('reads letters whose bytes come in two pieces', async () => {
  const all = bytes(event('水') + event('!', 'stop') + 'data: [DONE]\n\n');
  const cut = all.indexOf(bytes('水')[0]!) + 1;
  const { heard, outcome } = answered([all.slice(0, cut), all.slice(cut)], 'text/event-stream');
  expect(await outcome).toMatchObject({ kind: 'answered', reply: { text: '水!', finish: 'stop' } });
  expect(heard).toEqual(['水!']);
});

it('tells what it has heard as it grows', async () => {
  const { heard, outcome } = answered(
    [event('a'), event('b'), event('c', 'stop')].map(bytes),
    'text/event-stream',
  );
  expect(await outcome).toMatchObject({ kind: 'answered', reply: { text: 'abc' } });
  expect(heard).toEqual(['a', 'ab', 'abc']);
});

it('an answer that breaks off, or is none, may have been billed', async () => {
  expect(await answered([bytes(event('a'))], 'text/event-stream').outcome).toEqual({
    kind: 'fault',
    isBilled: true,
    words: 'its answer broke off',
  });
  expect(await answered([bytes('<html>')], 'application/json').outcome).toMatchObject({
    kind: 'fault',
    isBilled: true,
  });
  expect(await answered([bytes('{"error":{"message":"busy"}}')], 'application/json').outcome).toEqual({
    kind: 'fault',
    isBilled: true,
    words: 'busy',
  });
});

it('an answer may have four megabytes', async () => {
  const whole = (size: number) => {
    const start = '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]';
    return bytes(`${start}${' '.repeat(size - start.length - 1)}}`);
  };
  const most = 4 * 1024 * 1024;
  expect(await answered([whole(most)], 'application/json').outcome).toMatchObject({ kind: 'answered' });
  expect(await answered([whole(most + 1)], 'application/json').outcome).toEqual({
    kind: 'refused',
    isBilled: true,
    words: 'its answer has over 4 MB',
  });
});

it('of which nothing comes for too long may have been billed', async () => {
  const fetch = (_: unknown, { signal }: RequestInit = {}) =>
    new Promise<Response>((_resolve, reject) => {
      signal!.addEventListener('abort', () => reject(signal!.reason as Error));
    });
  const place = {
    fetch,
    endpoint: new URL('http://127.0.0.1:8080'),
    provider: providers.chat,
    key: null,
    idleMs: 1,
  };
  expect(await askTeacher(place, ask, new AbortController().signal)).toEqual({
    kind: 'fault',
    isBilled: true,
    words: 'nothing came for 0 seconds',
  });
});

it('a connection that broke may have been billed, one that was never made has not', async () => {
  const said = (words: string, code?: string) =>
    Object.assign(new Error(words), code === undefined ? {} : { code });
  let next: Response | Error = said('x');
  const place = {
    fetch: () => (next instanceof Error ? Promise.reject(next) : Promise.resolve(next)),
    endpoint: new URL('http://127.0.0.1:8080/v1'),
    provider: providers.chat,
    key: null,
    idleMs: 1000,
  };
  const failing = (failure: Error) => {
    next = failure;
    return askTeacher(place, ask, new AbortController().signal);
  };
  const wrapped = (cause: Error) => Object.assign(new TypeError('fetch failed'), { cause });
  expect(await failing(wrapped(said('x', 'ECONNREFUSED')))).toEqual({
    kind: 'fault',
    isBilled: false,
    words: 'there is no server at http://127.0.0.1:8080',
  });
  for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT']) {
    expect(await failing(wrapped(said('It broke.', code)))).toEqual({
      kind: 'fault',
      isBilled: true,
      words: 'It broke',
    });
  }
  expect(await failing(wrapped(said('x', 'ENOTFOUND')))).toMatchObject({ isBilled: false });
  expect(await failing(said('unexpected redirect'))).toMatchObject({ kind: 'ended' });
  // A browser has no codes: before a server ever let it in nothing was billed, afterwards it may have been.
  expect(await failing(said('Failed to fetch'))).toMatchObject({ isBilled: false });
  next = new Response('{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}', {
    headers: { 'content-type': 'application/json' },
  });
  expect(await askTeacher(place, ask, new AbortController().signal)).toMatchObject({ kind: 'answered' });
  expect(await failing(said('Failed to fetch'))).toMatchObject({ isBilled: true });
  expect(await failing(said('bad port'))).toMatchObject({ isBilled: false });
});
