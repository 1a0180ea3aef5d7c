import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startHub, type HubServer } from '../../tests/support/hub-server.ts';
import { HubError, InputError } from '../base/errors.ts';
import { HubClient } from './hub-client.ts';
import { planUpload, sendUpload, type SentFile, type Sending, type UploadProgress } from './hub-upload.ts';

const token = 'hf_writesForTheTests';
const bytes = (length: number, seed = 0) => Uint8Array.from({ length }, (_, at) => (at + seed) % 251);

let hub: HubServer;
beforeEach(async () => {
  const files = new Map([
    ['same.txt', bytes(4)],
    ['changed.txt', bytes(4)],
    ['longer.txt', bytes(4)],
    ['theirs.txt', bytes(4)],
  ]);
  hub = await startHub({ 'me/there': { files } }, false, token);
});
afterEach(() => hub.close());

const client = (given: string | null = token, heldIn: 'environment' | 'field' = 'field') =>
  new HubClient({ endpoint: hub.url, token: given, heldIn });
const file = (path: string, content: Uint8Array<ArrayBuffer>): SentFile => ({
  path,
  sizeBytes: content.length,
  pieces: () => Readable.from([content]),
  content: new Blob([content]),
});
/** The last one is large, and lies on the other origin. */
const files = [
  file('same.txt', bytes(4)),
  file('changed.txt', bytes(4, 1)),
  file('longer.txt', bytes(5)),
  file('new.bin', bytes(200_000)),
];
const sentBytes = 4 + 5 + 200_000;

async function send(
  name: string,
  { by = client(), ...sending }: Partial<Sending> & { by?: HubClient } = {},
): Promise<{ commit: string; told: UploadProgress[] }> {
  const told: UploadProgress[] = [];
  const commit = await sendUpload(by.line, await planUpload(client(), name, files), {
    isPrivate: false,
    title: 'A test',
    signal: new AbortController().signal,
    onProgress: (now) => told.push(now),
    ...sending,
  });
  return { commit, told };
}

it('a plan says what is new, changed and the same, and what stays', async () => {
  const plan = await planUpload(client(), 'me/there', files);
  expect(plan.files.map(({ file: { path }, fate }) => `${path} ${fate}`)).toEqual([
    'same.txt same',
    'changed.txt changed',
    'longer.txt changed',
    'new.bin new',
  ]);
  expect([plan.repository?.commit, plan.kept]).toEqual([hub.commitOf('me/there'), ['theirs.txt']]);
  const fresh = await planUpload(client(), 'me/none', files);
  expect([fresh.repository, fresh.kept]).toEqual([null, []]);
  expect(new Set(fresh.files.map(({ fate }) => fate))).toEqual(new Set(['new']));
  await expect(planUpload(client(), 'there', files)).rejects.toThrow('"there" names no owner');
  await expect(
    planUpload(client(), 'me/there', files, AbortSignal.abort(new Error('stopped'))),
  ).rejects.toThrow('stopped');
});

it('what is new or changed is sent as one commit, and how far it is is told in bytes', async () => {
  const { commit, told } = await send('me/there');
  expect(commit).toBe(hub.commitOf('me/there'));
  const there = hub.filesOf('me/there')!;
  expect([...there.keys()].sort()).toEqual([
    'changed.txt',
    'longer.txt',
    'new.bin',
    'same.txt',
    'theirs.txt',
  ]);
  expect(Buffer.compare(there.get('new.bin')!, bytes(200_000))).toBe(0);
  expect([...there.get('changed.txt')!]).toEqual([...bytes(4, 1)]);
  for (const { totalBytes, doneBytes } of told) {
    expect(totalBytes).toBe(sentBytes);
    expect(doneBytes).toBeLessThanOrEqual(sentBytes);
  }
  expect(told[0]).toEqual({
    what: 'announcing the files',
    doneBytes: 0,
    totalBytes: sentBytes,
    isSent: false,
    isCommitting: false,
  });
  expect(told.find(({ what }) => what === 'making the commit')).toMatchObject({
    doneBytes: 200_000,
    isSent: true,
    isCommitting: true,
  });
  expect(told.filter(({ what }) => what === 'sending new.bin').at(-1)).toMatchObject({
    doneBytes: 200_000,
    isSent: true,
    isCommitting: false,
  });
  expect(told.filter(({ what }) => what.startsWith('reading ')).every(({ isSent }) => !isSent)).toBe(true);

  hub.requests.length = 0;
  const all = files.map(({ path }) => file(path, Uint8Array.from(hub.filesOf('me/there')!.get(path)!)));
  const plan = await planUpload(client(), 'me/there', all);
  const again = await sendUpload(client().line, plan, {
    isPrivate: false,
    title: 'A test',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect(again).toBe(commit);
  expect(hub.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
});

it.each([true, false])('a repository is made, private: %s', async (isPrivate) => {
  const { told } = await send('me/new', { isPrivate });
  expect(told[0]).toMatchObject({ what: 'making the repository', doneBytes: 0, isSent: false });
  expect(hub.isPrivate('me/new')).toBe(isPrivate);
  expect([...hub.filesOf('me/new')!.keys()].sort()).toEqual(files.map(({ path }) => path).sort());
});

it('nothing is sent without a token', async () => {
  await expect(send('me/there', { by: client(null) })).rejects.toThrow('Paste one.');
  await expect(send('me/there', { by: client(null, 'environment') })).rejects.toThrow('Set HF_TOKEN to it.');
  expect(hub.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
});

it('what went wrong says what there is of the repository', async () => {
  const failed = async (name: string): Promise<Error> =>
    send(name).then(
      () => new Error('sent'),
      (error: unknown) => error as Error,
    );
  hub.refuse(403, '/commit/main');
  const refused = await failed('me/there');
  expect(refused).toBeInstanceOf(InputError);
  expect(refused.message).toMatch(/may not write.*Nothing was published/);
  expect(refused.message).not.toContain('is empty');
  const made = await failed('me/new');
  expect(made).toBeInstanceOf(InputError);
  expect(made.message).toMatch(/may not write.*The repository was made, and is empty\.$/);
  hub.refuse(413, '/commit/main');
  const full = await failed('me/newer');
  expect(full).toBeInstanceOf(HubError);
  expect(full.message).toMatch(/no room for it.*The repository was made, and is empty\.$/);
  expect(full.message.match(/Nothing was published/g)).toHaveLength(1);
});

it('a line that breaks says whether the commit may be there', async () => {
  const breaking = (end: string): HubClient =>
    new HubClient({
      endpoint: hub.url,
      token,
      heldIn: 'field',
      fetch: (input, init) =>
        new URL(input instanceof Request ? input.url : input).pathname.endsWith(end)
          ? Promise.reject(new TypeError('secret'))
          : fetch(input, init),
    });
  await expect(send('me/there', { by: breaking('/commit/main') })).rejects.toThrow(
    /cannot be reached \(the line broke\)\. It broke off while the commit was made/,
  );
  await expect(send('me/there', { by: breaking('/preupload/main') })).rejects.toThrow(
    /cannot be reached \(the line broke\)\. Nothing was published\./,
  );
});

it('a sending that is stopped ends with the reason', async () => {
  const stop = new AbortController();
  const sent = send('me/there', {
    signal: stop.signal,
    onProgress: ({ what }) => {
      if (what === 'announcing the files') stop.abort(new Error('stopped'));
    },
  });
  await expect(sent).rejects.toThrow('stopped');
  expect(hub.filesOf('me/there')!.has('new.bin')).toBe(false);
});
