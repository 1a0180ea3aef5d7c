import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHub, type HubServer } from '../../tests/support/hub-server.ts';
import { HubError, InputError } from '../base/errors.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { HubClient } from './hub-client.ts';
import { HubLine, type HubAccess } from './hub-line.ts';

const token = 'hf_readsForTheTests';
const bytes = (length: number, seed = 0) => Uint8Array.from({ length }, (_, at) => (at + seed) % 251);
// Weights of 2.6 MB, which lie on the other origin; a picture in a folder and another file belong to no student.
const student = new Map([
  ...tinyFolder({ vocab_size: 40_000 }),
  ['README.md', new TextEncoder().encode('# Tiny')],
  ['images/one.png', bytes(9)],
]);
const onnx = new Map([
  ['config.json', bytes(5)],
  ['tokenizer.json', bytes(6)],
  ['onnx/model_q4.onnx', bytes(7)],
  ['onnx/other.bin', bytes(8)],
  ['notes.txt', bytes(9)],
]);
const rows = new Map([['default/train/0000.parquet', bytes(4)]]);

let hub: HubServer;
beforeEach(async () => {
  hub = await startHub({
    'me/tiny': { files: student, license: 'l'.repeat(90) },
    'me/closed': { files: student, token },
    'me/onnx': { files: onnx },
    'datasets/rows': {
      files: new Map([['train.csv', bytes(4)]]),
      branches: { 'refs/convert/parquet': rows },
    },
    'datasets/plain': { files: new Map([['data/test.jsonl', bytes(4)]]) },
  });
});
afterEach(() => hub.close());

const client = (access: Partial<HubAccess> = {}) =>
  new HubClient({ endpoint: hub.url, token: null, heldIn: 'environment', ...access });
const main = (name: string) => ({ name, revision: 'main' });

async function readAll(one: HubClient, name: string, path: string, from = 0): Promise<Uint8Array> {
  const model = await one.describe(main(name));
  const pieces: Uint8Array[] = [];
  for await (const piece of one.read(
    model,
    model.files.find((file) => file.path === path)!,
    from,
  ))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('what a hub has', () => {
  it('of a student is its commit, its licence and the files that it is read from, with their hashes', async () => {
    const model = await client().describe(main('me/tiny'));
    const { files, ...told } = model;
    expect(told).toEqual({
      kind: 'model',
      name: 'me/tiny',
      revision: 'main',
      commit: hub.commitOf('me/tiny'),
      license: 'l'.repeat(80),
    });
    expect(files.map(({ path }) => path).sort()).toEqual(
      [...student.keys()].filter((path) => !/README|png/.test(path)).sort(),
    );
    for (const { path, sizeBytes, hash } of files) {
      expect(sizeBytes).toBe(student.get(path)!.length);
      expect(hash.algorithm).toBe(sizeBytes < 100_000 ? 'git-sha1' : 'sha256');
    }
    expect((await client().describe(main('me/tiny'))).commit).toBe(model.commit);
  });

  it('of a model for transformers.js are its files in two folders', async () => {
    const { files, license } = await client().describe(main('me/onnx'), 'onnx');
    expect(license).toBeNull();
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'tokenizer.json', 'onnx/model_q4.onnx']);
    await expect(client().describe(main('me/tiny'), 'onnx')).rejects.toThrow('there is no onnx/model.onnx');
  });

  it('of a dataset is the Parquet that the hub made, else what is there, or the revision that is named', async () => {
    const describeIt = async (name: string, revision: string | null = null) => {
      const { files: _, ...found } = await client().describeDataset({
        name,
        revision,
        config: null,
        split: null,
      });
      return [found.revision, ...found.parts.map(({ config, split }) => `${config}/${split}`)];
    };
    expect(await describeIt('rows')).toEqual(['refs/convert/parquet', 'default/train']);
    expect(await describeIt('rows', 'main')).toEqual(['main', 'default/train']);
    expect(await describeIt('plain')).toEqual(['main', 'default/test']);
    await expect(describeIt('none')).rejects.toThrow('no such dataset');
  });

  it('of a repository is all that it holds, and null is none', async () => {
    const found = await client().repository('me/tiny');
    expect(found?.commit).toBe(hub.commitOf('me/tiny'));
    expect(found?.files.map(({ path }) => path).sort()).toEqual([...student.keys()].sort());
    expect(await client().repository('me/none')).toBeNull();
    hub.refuse(403);
    await expect(client().repository('me/tiny')).rejects.toThrow('403');
  });

  it('of a search are models, the most used first, twelve at most, each once', async () => {
    const found = (id: string, more: object = {}) => ({
      _id: id,
      id,
      downloads: 1,
      private: false,
      gated: false,
      likes: 0,
      lastModified: '2026-01-01T00:00:00.000Z',
      ...more,
    });
    const asked: URL[] = [];
    const answer = (models: (tag: string) => object[]) => (input: unknown) => {
      const url = new URL(String(input));
      asked.push(url);
      return Promise.resolve(Response.json(models(url.searchParams.get('filter') ?? '')));
    };
    const search = (models: (tag: string) => object[]) =>
      client({ fetch: answer(models) }).search('tiny', new AbortController().signal);
    const models = await search((tag) => [
      found('a/both', { downloads: 5 }),
      found(`a/${tag}`, { downloads: tag === 't5' ? 9 : 2, safetensors: { total: 1000 } }),
      found(`b/${tag}`, { private: tag === 't5', gated: tag === 'mt5' ? 'auto' : false }),
    ]);
    expect(asked.map(({ searchParams }) => [searchParams.get('search'), searchParams.get('limit')])).toEqual(
      Array(3).fill(['tiny', '12']),
    );
    expect(models).toHaveLength(7);
    expect(models.slice(0, 2)).toEqual([
      { name: 'a/t5', downloads: 9, parameters: 1000, isClosed: false },
      { name: 'a/both', downloads: 5, parameters: null, isClosed: false },
    ]);
    expect(models.filter(({ isClosed }) => isClosed).map(({ name }) => name)).toEqual(['b/t5', 'b/mt5']);
    const many = await search((tag) => Array.from({ length: 5 }, (_, at) => found(`${tag}/${at}`)));
    expect(many).toHaveLength(12);
    await expect(search(() => [found('x'.repeat(201))])).rejects.toThrow('does not answer as a hub does');
    await expect(search(() => [found('x'.repeat(200))])).resolves.toHaveLength(1);
  });
});

describe('a file', () => {
  it('is read whole, from its middle, and from a server without ranges', async () => {
    const whole = student.get('model.safetensors')!;
    const read = async (from: number) => readAll(client(), 'me/tiny', 'model.safetensors', from);
    expect(Buffer.compare(await read(0), whole)).toBe(0);
    expect(Buffer.compare(await read(1_000_001), whole.subarray(1_000_001))).toBe(0);
    expect(hub.requests.at(-1)?.at).toBe('cdn');
    expect(hub.requests.at(-1)?.range).toMatch(/^bytes=1000001-/);
    hub.withoutRanges();
    expect(Buffer.compare(await read(1_000_001), whole.subarray(1_000_001))).toBe(0);
  });

  it('that breaks off is told in words', async () => {
    hub.breakAfter(500_000, 9);
    await expect(readAll(client(), 'me/tiny', 'model.safetensors')).rejects.toThrow(HubError);
  });
});

describe('a token', () => {
  it('goes to the hub alone', async () => {
    await readAll(client({ token }), 'me/closed', 'model.safetensors');
    const heard = new Set(hub.requests.map(({ at, authorization }) => `${at} ${authorization}`));
    expect([...heard].sort()).toEqual(['cdn null', `hub Bearer ${token}`]);
  });

  it('of another kind is refused before anything is asked', () => {
    expect(() => client({ token: 'sk_other' })).toThrow('leave HF_TOKEN out');
    expect(() => client({ token: 'sk_other', heldIn: 'field' })).toThrow('leave the field empty');
  });
});

describe('a refusal', () => {
  const refused = async (
    status: number,
    what: 'model' | 'dataset' | 'search' | 'repository',
    access: Partial<HubAccess> = {},
    path = '/x',
    headers = {},
  ): Promise<InputError | HubError> => {
    const line = new HubLine({
      endpoint: 'https://hub.example',
      token: null,
      heldIn: 'environment',
      fetch: () => Promise.resolve(new Response('why', { status, headers })),
      ...access,
    });
    const fetch = line.fetch({ what, name: 'me/it', revision: 'v1' }, new AbortController().signal);
    return fetch(new URL(path, 'https://hub.example')).then(
      () => Promise.reject(new Error('It was not refused.')),
      (error: unknown) => error as InputError | HubError,
    );
  };
  const said = async (...asked: Parameters<typeof refused>): Promise<string> => {
    const { problem, remedy } = await refused(...asked);
    return `${problem} ${remedy}`;
  };

  it('says what it means where something was asked for', async () => {
    expect(await said(401, 'model')).toMatch(/no such model \(401\).*For a private model set HF_TOKEN to/);
    expect(await said(401, 'dataset', { token })).toMatch(
      /no such dataset to this token \(401\).*that the token in HF_TOKEN/,
    );
    expect(await said(403, 'dataset')).toMatch(/conditions \(403\).*example\/datasets\/me\/it, then/);
    expect(await said(403, 'model')).toMatch(/conditions \(403\).*example\/me\/it, then/);
    expect(await said(404, 'model')).toMatch(/no such model or file \(404\).*OWNER\/MODEL/);
    expect(await said(404, 'dataset')).toMatch(/no such dataset or file \(404\).*the dataset’s page/);
    expect(await said(404, 'model', {}, '/x', { 'X-Error-Code': 'RevisionNotFound' })).toMatch(
      /the model has no revision v1 \(404\)/,
    );
    expect(await said(429, 'model')).toContain('was asked too often (429)');
    expect(await said(500, 'model')).toContain('answers 500 where me/it was asked for');
    expect(await said(500, 'search')).toContain('does not answer a search (500)');
  });

  it('says what it means where something was to be sent, and that nothing was', async () => {
    expect(await said(401, 'repository', { heldIn: 'field' })).toMatch(
      /does not know the token that you pasted \(401\)\. Nothing/,
    );
    expect(await said(403, 'repository')).toMatch(/may not write to this repository \(403\)\. Nothing/);
    expect(await said(404, 'repository')).toMatch(/no such repository \(404\)\. Nothing/);
    expect(await said(413, 'repository')).toMatch(/no room for it \(413\)\. Nothing/);
    expect(await said(500, 'repository')).toContain('answers 500 where me/it was to be sent');
    expect(await said(409, 'repository', {}, '/api/repos/create')).toMatch(/of this name already.*\(409\)/);
    expect(await said(409, 'repository')).toMatch(/changed by somebody else meanwhile \(409\)/);
    expect(await said(412, 'repository', {}, '/api/repos/create')).toMatch(/meanwhile \(412\)/);
    expect(await said(403, 'repository', {}, 'https://files.example/x')).toMatch(
      /^files\.example, where hub\.example keeps large files, answers 403\. Nothing/,
    );
  });

  it('is told apart from a line that is broken, and its body is let go', async () => {
    const cancel = vi.fn();
    const body = new ReadableStream({ cancel });
    await refused(500, 'model', { fetch: () => Promise.resolve(new Response(body, { status: 500 })) });
    expect(cancel).toHaveBeenCalledOnce();
    const line = client().line;
    const inWords = (error: unknown) => line.inWords(error).message;
    expect(
      inWords(new Error('secret', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) })),
    ).toMatch(/cannot be reached \(ECONNRESET\)/);
    expect(inWords(new DOMException('', 'TimeoutError'))).toContain('no answer within 60 s');
    for (const error of ['text', new Error('secret'), new Error('x', { cause: new Error('secret') })])
      expect(inWords(error)).toContain('(the line broke)');
    const known = new HubError('a', 'b');
    expect(line.inWords(known)).toBe(known);
  });
});
