import { expect, it } from 'vitest';
import { listModels } from './models.ts';
import { providers, type Api } from './providers.ts';

function ask(
  answer: () => Response | Promise<Response>,
  api: Api = 'chat',
  signal = new AbortController().signal,
) {
  const sent: { url: string; options: RequestInit }[] = [];
  const fetch = ((url: URL | string, options: RequestInit) => {
    sent.push({ url: String(url), options });
    return Promise.resolve().then(answer);
  }) as typeof globalThis.fetch;
  const place = {
    fetch,
    endpoint: new URL('http://127.0.0.1:8080'),
    provider: providers[api],
    key: 'sk-secret',
  };
  return { sent, found: listModels(place, signal) };
}
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });

it('lists names as each interface has them', async () => {
  expect(await ask(() => json({ data: [{ id: 'b' }, { id: 'a' }] })).found).toEqual(['b', 'a']);
  expect(
    await ask(() => json({ models: [{ name: 'models/gemini' }, { name: 'my/models/x' }] }), 'google').found,
  ).toEqual(['gemini', 'my/models/x']);
  // Ollama's own server says both.
  expect(await ask(() => json({ data: [{ id: 'a' }], models: [{ name: 'b' }] })).found).toEqual(['a', 'b']);
});

it('asks the interface’s own list, with the key in a header, and follows nobody elsewhere', async () => {
  for (const api of ['chat', 'google', 'ollama', 'anthropic'] as const) {
    const { sent, found } = ask(() => json({}), api);
    expect(await found).toEqual([]);
    const [{ url, options }] = sent as [(typeof sent)[0]];
    expect(new URL(url).pathname.endsWith(providers[api].modelsPath.split('?')[0]!)).toBe(true);
    expect(url).not.toContain('sk-secret');
    expect(options).toMatchObject({ redirect: 'error', credentials: 'omit', referrerPolicy: 'no-referrer' });
    expect(options.headers).toEqual(providers[api].headers('sk-secret'));
  }
});

it('has none where the server says no, says something else, or is not there', async () => {
  expect(await ask(() => json({ data: [{ id: 'a' }] }, 404)).found).toEqual([]);
  expect(await ask(() => json({ data: 'a' })).found).toEqual([]);
  expect(await ask(() => new Response('<html>')).found).toEqual([]);
  expect(await ask(() => Promise.reject(new TypeError('fetch failed'))).found).toEqual([]);
});

it('lists 500 at most', async () => {
  const many = (count: number) =>
    ask(() => json({ data: Array.from({ length: count }, (_, at) => ({ id: `m${at}` })) })).found;
  expect(await many(500)).toHaveLength(500);
  expect(await many(501)).toHaveLength(500);
});

it('that is cancelled says so', async () => {
  const stop = new AbortController();
  const { found } = ask(
    () => {
      stop.abort(new Error('no longer'));
      throw stop.signal.reason;
    },
    'chat',
    stop.signal,
  );
  await expect(found).rejects.toThrow('no longer');
});
