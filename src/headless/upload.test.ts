import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { hubTerminal } from '../../tests/support/hub-terminal.ts';
import { HubError, InputError } from '../base/errors.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { upload } from './upload.ts';

const token = 'hf_writesForTheTests';
// Weights of 2.6 MB, which lie on the other origin.
const model = new Map([
  ...tinyFolder({ vocab_size: 40_000 }),
  ['README.md', new TextEncoder().encode('# A card')],
]);

const terminal = hubTerminal({ 'me/there': { files: new Map([['notes.txt', new Uint8Array(4)]]) } }, token);
let { hub, folder, said } = terminal;
beforeEach(() => {
  ({ hub, folder, said } = terminal);
  mkdirSync(join(folder, 'run/model'), { recursive: true });
  for (const [name, bytes] of model) writeFileSync(join(folder, 'run/model', name), bytes);
  writeFileSync(join(folder, 'run/model/.hidden'), 'mine');
  writeFileSync(join(folder, 'run/run.json'), '{}');
});

const run = (...more: string[]): Promise<void> =>
  upload(['--run', join(folder, 'run'), '--to', 'me/student', ...more]);
const writes = () => hub.requests.filter(({ method }) => method !== 'GET');

it('lists what would be sent, and sends nothing before somebody says so', async () => {
  await run('--private');
  expect(said.join('\n')).toMatch(/me\/student is to be made on .*, private: 6 files to send, 2\.57 MB/);
  expect(said.join('\n')).toMatch(/new +2\.57 MB {2}model\.safetensors/);
  expect(said.at(-1)).toBe('Nothing was sent. The same command with --yes sends it.');
  expect(writes()).toEqual([]);
  expect(hub.filesOf('me/student')).toBeNull();
});

it('makes the repository, sends all as one commit, and later what has changed alone', async () => {
  await run('--private', '--yes');
  expect(hub.isPrivate('me/student')).toBe(true);
  expect(said.join('\n')).toContain(`commit ${hub.commitOf('me/student').slice(0, 7)}.`);
  const there = hub.filesOf('me/student')!;
  expect([...there.keys()].sort()).toEqual([...model.keys(), 'run.json'].sort());
  for (const [name, bytes] of model) expect(Buffer.from(there.get(name)!).equals(bytes), name).toBe(true);

  said.length = 0;
  hub.requests.length = 0;
  await run('--yes');
  expect(said.at(-1)).toBe('There is nothing to send: all of it is there already.');
  expect(writes()).toEqual([]);
  writeFileSync(join(folder, 'run/model/README.md'), '# Another card');
  await run('--yes');
  expect(said.join('\n')).toMatch(/changed +14 bytes {2}README\.md/);
  expect(Buffer.from(hub.filesOf('me/student')!.get('README.md')!).toString()).toBe('# Another card');
  expect(hub.requests.some(({ at }) => at === 'cdn')).toBe(false);
});

it('the token is heard by the hub alone, and said and kept nowhere', async () => {
  await run('--yes');
  const cdn = hub.requests.filter(({ at }) => at === 'cdn');
  expect(cdn.map(({ method, authorization }) => [method, authorization])).toEqual([['PUT', null]]);
  hub.refuse(500, 'main');
  await run('--yes').catch((error: unknown) => said.push(String(error), (error as Error).stack!));
  expect(said.join('\n')).not.toContain('writesForTheTests');
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toContain('writesForTheTests');
});

it('sends ONNX beside it where that is wished for', async () => {
  await run('--onnx', 'f32', '--yes');
  const there = hub.filesOf('me/student')!;
  expect([...there.keys()].filter((path) => path.startsWith('onnx/')).length).toBeGreaterThan(0);
  expect(Buffer.from(there.get('config.json')!).toString()).toContain('transformers.js_config');
  expect(Buffer.from(there.get('README.md')!).toString()).toBe('# A card');
  expect(
    readdirSync(tmpdir()).filter((name) => name.startsWith('stillroom-upload-') && !name.includes('test')),
  ).toEqual([]);
});

it.each([
  [{ HF_TOKEN: '' }, InputError, /Nothing is sent without an access token.*Set HF_TOKEN/s],
  [
    { HF_TOKEN: 'hf_reads' },
    InputError,
    /does not know the token in HF_TOKEN \(401\)\. Nothing was published/,
  ],
])('with %o it fails with a clear message', async (env, kind, words) => {
  for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
  const sent = run('--yes');
  await expect(sent).rejects.toThrow(words);
  await expect(sent).rejects.toBeInstanceOf(kind);
  expect(hub.filesOf('me/student')).toBeNull();
});

it.each([
  ['/commit/main', 412, HubError, /changed by somebody else meanwhile \(412\)\. Nothing was published/],
  ['/commit/main', 403, InputError, /may not write to this repository \(403\)/],
  ['/objects/batch', 413, HubError, /no room for it \(413\)/],
  ['/preupload/main', 500, HubError, /answers 500 where me\/there was to be sent/],
])('%s %i is told in words, and what is there stays as it was', async (pathEnd, status, kind, words) => {
  hub.refuse(status, pathEnd);
  const sent = upload(['--run', join(folder, 'run'), '--to', 'me/there', '--yes']);
  await expect(sent).rejects.toThrow(words);
  await expect(sent).rejects.toBeInstanceOf(kind);
  expect([...hub.filesOf('me/there')!.keys()]).toEqual(['notes.txt']);
});

it.each([
  [['--to', 'me/x'], /needs a run or a student/],
  [['--run', 'nowhere', '--to', 'me/x'], /no model folder/],
  [['--run', 'nowhere'], /needs a repository/],
])('%j is refused before anything is asked', async (args, words) => {
  await expect(upload(args)).rejects.toThrow(words);
  expect(hub.requests).toEqual([]);
});
