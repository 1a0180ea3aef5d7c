import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { hubTerminal } from '../../tests/support/hub-terminal.ts';
import { HubError, InputError, NoRoomError } from '../base/errors.ts';
import { smallRecipe } from '../distill/recipe.ts';
import { HubClient } from '../hub/hub-client.ts';
import { jsonBytes, tinyFolder } from '../student/testing/tiny-student.ts';
import { download } from './download.ts';
import { exportStudent } from './export.ts';
import { fetchFolder } from './hub-folder.ts';
import { inspect } from './inspect.ts';
import { formatJob, readJob } from './job-file.ts';
import { openInputs } from './train-inputs.ts';

const token = 'hf_secretOfTheTests';
const megabyte = 1_000_000;
// Weights of 2.6 MB, beside what a student does not need.
const student = new Map([
  ...tinyFolder({ vocab_size: 40_000 }),
  ['README.md', new TextEncoder().encode('# Tiny')],
  ['tf_model.h5', new Uint8Array(150_000)],
]);
const needed = [...student.keys()].filter((name) => !['README.md', 'tf_model.h5'].includes(name)).sort();

const terminal = hubTerminal({
  'me/tiny': { files: student, license: 'apache-2.0' },
  'me/private': { files: student, token },
  'me/bert': { files: new Map([...student, ['config.json', jsonBytes({ model_type: 'bert' })]]) },
  'me/twice': { files: new Map([...student, ['Config.json', jsonBytes({ model_type: 't5' })]]) },
  'me/card': { files: new Map([['README.md', new Uint8Array(9)]]) },
});
let { hub, folder, said } = terminal;
beforeEach(() => {
  ({ hub, folder, said } = terminal);
});

const out = (): string => join(folder, 'out');
const fetchTo = (name: string): Promise<void> => download([name, '--out', out()]);
const nothingIsKept = (): void => expect(readdirSync(folder)).toEqual([]);
const sha = (): string => hub.commitOf('me/tiny');

function expectWhole(place: string): void {
  expect(readdirSync(place).sort()).toEqual(needed);
  for (const name of needed) expect(readFileSync(join(place, name)).equals(student.get(name)!)).toBe(true);
}

it('of a repository with names that are one on some disks fetches nothing', async () => {
  await expect(fetchTo('me/twice')).rejects.toThrow(
    /it has .*onfig\.json and .*onfig\.json, which would be one file/,
  );
  nothingIsKept();
});

it('fetches what a student needs, and nothing else; no request is repeated', async () => {
  await fetchTo('me/tiny');
  expectWhole(out());
  expect(readdirSync(folder)).toEqual(['out']);
  expect(said.join('\n')).toMatch(/me\/tiny: main is [0-9a-f]{7}, 4 files, 2\.57 MB, licence apache-2\.0\./);
  const paths = hub.requests.map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
  expect(paths.some((path) => /README|h5/.test(path))).toBe(false);
});

it('goes on after a break at 1 MB, in one call and in the next', async () => {
  hub.breakAfter(megabyte, 1);
  await fetchTo('me/tiny');
  expectWhole(out());
  const ranges = hub.requests.filter(({ at }) => at === 'cdn').map(({ range }) => range);
  expect(ranges).toHaveLength(2);
  expect(Number(/^bytes=(\d+)-/.exec(ranges[1] ?? '')?.[1])).toBeGreaterThan(megabyte / 2);

  // Broken off for good; what came is kept, and the next call asks for the rest alone.
  rmSync(out(), { recursive: true });
  hub.requests.length = 0;
  const client = new HubClient({ endpoint: hub.url, token: null, heldIn: 'environment' });
  const model = await client.describe({ name: 'me/tiny', revision: 'main' });
  hub.breakAfter(megabyte, 2);
  const broken = fetchFolder(client, model, out(), { waitsMs: [] });
  await expect(broken).rejects.toThrow(/have come, and are kept\. The same command resumes/);
  expect(existsSync(out())).toBe(false);
  hub.breakAfter(0, 0);
  hub.requests.length = 0;
  await fetchTo('me/tiny');
  expectWhole(out());
  const asked = hub.requests
    .filter(({ path }) => path.includes('resolve'))
    .map(({ path, range }) => [path, range]);
  expect(asked).toHaveLength(1);
  expect(asked[0]![1]).toMatch(/^bytes=[1-9]\d{5,}-/);
});

it('goes on where the server knows no ranges', async () => {
  hub.withoutRanges();
  hub.breakAfter(megabyte);
  await fetchTo('me/tiny');
  expectWhole(out());
});

it.each([
  ['me/none', {}, /401.*Check the name\. For a private model set HF_TOKEN/s],
  ['me/private', {}, /401.*set HF_TOKEN/s],
  ['me/private', { HF_TOKEN: 'hf_another' }, /to this token \(401\).*still good/s],
  ['me/none', { HF_TOKEN: token }, /no such model or file \(404\)/],
  ['me/tiny@v9', {}, /no revision v9 \(404\)/],
  ['me/card', {}, /There is no config\.json/],
  ['me/bert', {}, /model of type "bert", not a T5/],
  ['me/tiny', { HF_TOKEN: 'mine' }, /begin with hf_/],
])('%s with %o fails with a clear message, and nothing is kept', async (name, env, words) => {
  for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
  const fetched = fetchTo(name);
  await expect(fetched).rejects.toThrow(words);
  await expect(fetched).rejects.toBeInstanceOf(InputError);
  nothingIsKept();
  expect(hub.requests.filter(({ at }) => at === 'cdn')).toEqual([]);
});

it.each([
  [403, 'main', InputError, /accepted its conditions \(403\).*\/me\/tiny, then set HF_TOKEN/s],
  [412, 'main', HubError, /answers 412/],
  [429, 'main', HubError, /too often \(429\)/],
  [500, 'main', HubError, /answers 500.*download me\/tiny --out tiny/s],
])('status %i is told in words, and nothing is kept', async (status, pathEnd, kind, words) => {
  hub.refuse(status, pathEnd);
  const fetched = fetchTo('me/tiny');
  await expect(fetched).rejects.toThrow(words);
  await expect(fetched).rejects.toBeInstanceOf(kind);
  nothingIsKept();
});

it('keeps no bytes whose hash is another, and fetches them again', async () => {
  hub.damage(true);
  await expect(fetchTo('me/tiny')).rejects.toThrow(
    /model\.safetensors came with other bytes .*SHA-256\)\. They are not kept/,
  );
  expect(existsSync(out())).toBe(false);
  expect(readdirSync(`${out()}.partial`, { recursive: true }).join()).not.toContain('safetensors');
  hub.damage(false);
  await fetchTo('me/tiny');
  expectWhole(out());
});

it.skipIf(!existsSync('/dev/full'))(
  'a disk that fills up in the middle is told, and left as it was',
  async () => {
    const client = new HubClient({ endpoint: hub.url, token: null, heldIn: 'environment' });
    const model = await client.describe({ name: 'me/tiny', revision: 'main' });
    const weights = model.files.find(({ path }) => path === 'model.safetensors')!;
    mkdirSync(`${out()}.partial`);
    symlinkSync('/dev/full', `${out()}.partial/model.safetensors.${weights.hash.hex.slice(0, 16)}.part`);
    const fetched = fetchFolder(client, model, out());
    await expect(fetched).rejects.toThrow(/no room for it\. Nothing of it is kept\. Free some space/);
    await expect(fetched).rejects.toBeInstanceOf(NoRoomError);
    nothingIsKept();
  },
);

it('a folder of one’s own with the name of what is on its way stays as it was', async () => {
  mkdirSync(`${out()}.partial`);
  writeFileSync(`${out()}.partial/thesis.md`, 'mine');
  await expect(fetchTo('me/tiny')).rejects.toThrow('which holds something else (thesis.md)');
  expect(readdirSync(`${out()}.partial`)).toEqual(['thesis.md']);
  expect(existsSync(out())).toBe(false);
});

it('a private model comes by its token, which only the hub sees and nothing says or keeps', async () => {
  vi.stubEnv('HF_TOKEN', token);
  await fetchTo('me/private');
  expectWhole(out());
  for (const { at, authorization } of hub.requests)
    expect(authorization).toBe(at === 'hub' ? `Bearer ${token}` : null);
  hub.refuse(500, 'main');
  await download(['me/private']).catch((error: unknown) => said.push(String(error), (error as Error).stack!));
  expect(said.join('\n')).not.toContain('secretOfTheTests');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      expect(readFileSync(join(entry.parentPath, entry.name), 'latin1')).not.toContain('secretOfTheTests');
});

it('is taken by name as a student, from the cache after the first time, also without a network', async () => {
  const shown = (name: string): Promise<void> =>
    exportStudent(['--student', name, '--model', 'f16', '--out', join(folder, `${Math.random()}`)]);
  await shown('hub:me/tiny');
  const cached = join(folder, 'cache/stillroom/hub/me/tiny', sha(), 'tiny');
  expectWhole(cached);
  expect(readdirSync(join(cached, '..'))).toEqual(['tiny']);
  // A branch may have moved: that alone is asked, and the commit itself never.
  hub.requests.length = 0;
  await shown('hub:me/tiny');
  expect(hub.requests.some(({ path }) => path.includes('resolve'))).toBe(false);
  hub.requests.length = 0;
  await shown(`hub:me/tiny@${sha()}`);
  await download([`me/tiny@${sha()}`, '--out', out()]);
  expectWhole(out());
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  await shown('hub:me/tiny');
  expect(hub.requests).toEqual([]);
  await expect(shown('hub:me/bert')).rejects.toThrow(/HF_HUB_OFFLINE forbids/);
  vi.stubEnv('HF_HUB_OFFLINE', '');
  vi.stubEnv('HF_ENDPOINT', await closedAddress());
  said.length = 0;
  await shown('hub:me/tiny');
  expect(said.join('\n')).toContain(
    `cannot be reached (ECONNREFUSED). main is taken as it was fetched before: ${sha()}`,
  );
  await expect(shown('hub:me/bert')).rejects.toThrow(
    /ECONNREFUSED.*Where there is a network: `headless download me\/bert --out bert`, then --student bert/s,
  );
});

it('a run keeps the name with its commit, and finds it again', async () => {
  const { studentPlace } = await openInputs({ student: 'hub:me/tiny' }, smallRecipe);
  expect(studentPlace).toBe(`hub:me/tiny@${sha()}`);
  const file = join(folder, 'job.json');
  const options = { engine: null, backend: null, testRows: null, precision: 'f32' } as const;
  const paths = { train: null, trainRationales: null, test: null, testRationales: null };
  writeFileSync(
    file,
    formatJob(
      { student: studentPlace, ...paths, ...options },
      { rowsSha256: '', student: '', test: null, recipe: '' },
    ),
  );
  hub.requests.length = 0;
  const known = await readJob(file);
  const again = await openInputs({ student: known.student ?? undefined }, smallRecipe);
  expect(again.studentPlace).toBe(studentPlace);
  expect(hub.requests).toEqual([]);
});

it('faults in the rows are told before anything is fetched', async () => {
  await expect(inspect(['--student', 'hub:me/tiny', '--train', join(folder, 'none.jsonl')])).rejects.toThrow(
    'none.jsonl',
  );
  expect(hub.requests).toEqual([]);
});

/** Where nobody listens. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
