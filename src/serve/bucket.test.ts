import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { machineAuthorization, openBucketFolder } from './bucket.ts';

const pages = new Map([
  ['', { items: [{ name: 'a/b/config.json', size: '2', md5Hash: 'of {}' }], nextPageToken: 'two' }],
  [
    'two',
    {
      items: [
        { name: 'a/b/', size: '0' },
        { name: 'a/b/x y.bin', size: '3' },
      ],
    },
  ],
]);

function storage(contents: Record<string, string>) {
  const asked: { url: string; authorization: string | null }[] = [];
  const answer = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input as string);
    asked.push({ url: url.href, authorization: new Headers(init?.headers).get('authorization') });
    if (url.searchParams.get('alt') !== 'media') {
      const page = pages.get(url.searchParams.get('pageToken') ?? '');
      return Promise.resolve(Response.json(url.searchParams.get('prefix') === 'a/b/' ? page : {}));
    }
    const content = contents[decodeURIComponent(url.pathname.split('/').at(-1)!)];
    return Promise.resolve(new Response(content ?? null, { status: content === undefined ? 403 : 200 }));
  };
  return { asked, answer };
}

describe('openBucketFolder', () => {
  const options = (answer: typeof fetch) => ({
    origin: 'https://storage.googleapis.com',
    authorization: () => Promise.resolve('Bearer t'),
    md5: (bytes: Uint8Array) => `of ${new TextDecoder().decode(bytes)}`,
    fetch: answer,
  });

  it('lists all pages and reads files by name, asking as who it is', async () => {
    const { asked, answer } = storage({ 'a/b/config.json': '{}', 'a/b/x y.bin': 'abc' });
    const files = await openBucketFolder('gs://models/a/b/', options(answer));
    expect(files.names()).toEqual(['config.json', 'x y.bin']);
    expect(files.sizeBytes!('x y.bin')).toBe(3);
    expect(new TextDecoder().decode(await files.read('x y.bin'))).toBe('abc');
    expect(asked.every(({ authorization }) => authorization === 'Bearer t')).toBe(true);
    expect(asked.at(-1)!.url).toContain('/storage/v1/b/models/o/a%2Fb%2Fx%20y.bin?alt=media');
  });

  it('names what cannot be read: an empty folder, a status, a file that was cut off', async () => {
    const { answer } = storage({ 'a/b/config.json': '{' });
    await expect(openBucketFolder('gs://models/other', options(answer))).rejects.toThrow(/nothing below/);
    const files = await openBucketFolder('gs://models/a/b', options(answer));
    await expect(files.read('config.json')).rejects.toThrow(/gs:\/\/models\/a\/b\/config\.json.*1 of 2/);
    await expect(files.read('x y.bin')).rejects.toThrow(/status 403/);
    const other = await openBucketFolder(
      'gs://models/a/b',
      options(storage({ 'a/b/config.json': '[]' }).answer),
    );
    await expect(other.read('config.json')).rejects.toThrow(/not those that were stored/);
    const broken = () => Promise.reject(new Error('no route'));
    await expect(openBucketFolder('gs://models/a/b', options(broken))).rejects.toThrow(InputError);
  });
});

it('asks the metadata server who the machine is', async () => {
  const seen: string[] = [];
  const ask = (url: unknown, init?: RequestInit): Promise<Response> => {
    seen.push(String(url), new Headers(init?.headers).get('metadata-flavor') ?? '');
    return Promise.resolve(Response.json({ access_token: 'abc', expires_in: 3599 }));
  };
  expect(await machineAuthorization(ask)).toBe('Bearer abc');
  expect(seen[0]).toMatch(/^http:\/\/metadata\.google\.internal\/.*default\/token$/);
  expect(seen[1]).toBe('Google');
  await expect(machineAuthorization(() => Promise.reject(new Error('none')))).rejects.toThrow(InputError);
});
