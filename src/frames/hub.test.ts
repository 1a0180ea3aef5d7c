import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startHub, type HubServer } from '../../tests/support/hub-server.ts';
import type { Handlers } from './calls.ts';
import type { DescribedModel, HubCalls } from './hub.ts';

/** What the frame would answer its page (`inside.test.ts` has how it comes to it). */
const frame = vi.hoisted((): { handlers: unknown } => ({ handlers: null }));
vi.mock('./inside.ts', () => ({ beFrame: (handlers: unknown) => (frame.handlers = handlers) }));

const bytes = (text: string) => new TextEncoder().encode(text);
const config = JSON.stringify({ model_type: 't5' });
let server: HubServer;
beforeAll(async () => {
  const files = new Map([
    ['config.json', bytes(config)],
    ['model.safetensors', bytes('weights'.repeat(20))],
  ]);
  const long = new Map([['config.json', new Uint8Array(1_000_001).fill(32)]]);
  const exact = new Map([['config.json', new Uint8Array(1_000_000).fill(32)]]);
  server = await startHub({
    'me/small': { files },
    'me/long': { files: long },
    'me/exact': { files: exact },
  });
});
afterAll(() => server.close());

let hub: Handlers<HubCalls>;
beforeEach(async () => {
  vi.resetModules();
  await import('./hub.ts');
  hub = frame.handlers as typeof hub;
});
const call = (signal = new AbortController().signal) => ({ signal, progress: vi.fn() }) as never;
const open = (token: string | null = null) => hub.open({ endpoint: server.url, token }, call());
const described = async (name: string) =>
  (await hub.describe({ name, revision: 'main' }, call())) as DescribedModel;

it('sends nothing before a hub is named', async () => {
  await expect(
    Promise.resolve().then(() => hub.describe({ name: 'me/small', revision: 'main' }, call())),
  ).rejects.toThrow('No hub was named');
});

it('describes a model with the text of its configuration', async () => {
  await open();
  const found = await described('me/small');
  expect([found.kind, found.configText]).toEqual(['described', config]);
  expect(found.model.files.map(({ path }) => path)).toContain('model.safetensors');
});

it('reads no configuration of more than a megabyte', async () => {
  await open();
  expect((await described('me/exact')).configText).toHaveLength(1_000_000);
  expect((await described('me/long')).configText.length).toBeLessThan(1_000_000);
});

it('reads a file from where it is asked to, piece by piece, and no more once it is stopped', async () => {
  await open();
  const { model } = await described('me/small');
  const file = model.files.find(({ path }) => path === 'model.safetensors')!;
  const read = async (signal?: AbortSignal) => {
    const pieces: Uint8Array[] = [];
    const progress = (piece: Uint8Array) => void pieces.push(piece);
    const asked = { signal: signal ?? new AbortController().signal, progress } as never;
    const result = await hub.read({ source: model, file, fromByte: 130 }, asked);
    return [result, pieces.map((piece) => new TextDecoder().decode(piece)).join('')];
  };
  expect(await read()).toEqual([{ kind: 'read' }, 'weights'.repeat(20).slice(130)]);
  expect(await read(AbortSignal.abort())).toEqual([{ kind: 'read' }, '']);
});

it('plans what sending would do; without a plan nothing is sent', async () => {
  await open();
  await expect(Promise.resolve().then(() => hub['send-upload']({ isPrivate: true }, call()))).rejects.toThrow(
    'No upload was planned',
  );
  const files = [
    { path: 'config.json', blob: new Blob([config]) },
    { path: 'new.txt', blob: new Blob(['new']) },
  ];
  const planned = await hub['plan-upload']({ name: 'me/small', files }, call());
  expect(planned).toMatchObject({
    kind: 'planned',
    plan: {
      name: 'me/small',
      commit: server.commitOf('me/small'),
      files: [
        { path: 'config.json', sizeBytes: config.length, fate: 'same' },
        { path: 'new.txt', sizeBytes: 3, fate: 'new' },
      ],
      kept: ['model.safetensors'],
    },
  });
  const fresh = await hub['plan-upload']({ name: 'me/fresh', files }, call());
  expect(fresh).toMatchObject({ kind: 'planned', plan: { commit: null, kept: [] } });
});

it('says what may be otherwise at the next try, and throws what a person has to change', async () => {
  await open();
  server.refuse(503);
  const found = await hub.describe({ name: 'me/small', revision: 'main' }, call());
  server.refuse(null);
  expect(found).toMatchObject({ kind: 'unreachable' });
  await expect(described('me/none')).rejects.toThrow();
});
