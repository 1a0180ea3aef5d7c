import { afterEach, expect, it, vi } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { answerCalls, type Handlers } from '../frames/calls.ts';
import type { TabCalls } from './calls.ts';
import type { ModelFolder } from './model-folder.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The page's end, in a browser that has so much. */
async function inBrowser(has: {
  suspending: boolean;
  adapter?: { isFallbackAdapter: boolean } | null | Error;
}) {
  vi.stubGlobal('WebAssembly', has.suspending ? { Suspending: Object } : {});
  const requestAdapter = () =>
    has.adapter instanceof Error
      ? Promise.reject(has.adapter)
      : Promise.resolve(has.adapter === null ? null : { info: has.adapter });
  vi.stubGlobal('navigator', has.adapter === undefined ? {} : { gpu: { requestAdapter } });
  return import('./tab-model.ts');
}

it.each([
  ['webgpu', { suspending: true, adapter: { isFallbackAdapter: false } }],
  // A GPU in software is slower than the processor itself.
  ['wasm', { suspending: true, adapter: { isFallbackAdapter: true } }],
  ['wasm', { suspending: true, adapter: null }],
  ['wasm', { suspending: true, adapter: new Error('The driver crashed.') }],
  ['wasm', { suspending: true }],
  ['wasm', { suspending: false, adapter: { isFallbackAdapter: false } }],
])('runs a model on %s: %#', async (device, has) => {
  const { chooseDevice } = await inBrowser(has);
  expect(await chooseDevice()).toBe(device);
});

/** A worker whose calls are answered here. */
function stubWorker(handlers: Partial<Handlers<TabCalls>>, failure?: { message: string }) {
  const started: StandIn[] = [];
  class StandIn {
    onerror: (event: { message: string }) => void = () => undefined;
    port: MessagePort | null = null;
    isEnded = false;
    constructor() {
      started.push(this);
    }
    postMessage(_: null, [port]: [MessagePort]): void {
      this.port = port;
      if (failure === undefined) answerCalls(port, handlers as Handlers<TabCalls>);
      else queueMicrotask(() => this.onerror(failure));
    }
    terminate(): void {
      this.isEnded = true;
      this.port?.close();
    }
  }
  vi.stubGlobal('Worker', StandIn);
  return started;
}

const folder: ModelFolder = {
  name: 'Qwen',
  files: new Map(),
  variants: [
    { precision: 'fp32', sizeBytes: 8, externalFiles: 0 },
    { precision: 'q4', sizeBytes: 1, externalFiles: 1 },
    { precision: 'q8', sizeBytes: 2, externalFiles: 0 },
  ],
  parameters: null,
  contextTokens: 50,
};

it('opens the wished precision where the folder has it, and else the best for the device', async () => {
  const { openTabModel, nameOf } = await inBrowser({ suspending: false });
  const asked: unknown[] = [];
  stubWorker({
    open: (opening, { progress }) => {
      asked.push(opening);
      progress(7);
      return Promise.resolve({ converses: true, threads: 3 });
    },
  });
  const heard: number[] = [];
  for (const [wish, name] of [
    ['fp32', 'Qwen fp32'],
    ['bnb4', 'Qwen q8'],
    [null, 'Qwen q8'],
  ] as const) {
    const model = await openTabModel(folder, 'wasm', wish, (readBytes) => heard.push(readBytes));
    expect(nameOf(model)).toBe(name);
    expect(model).toMatchObject({ converses: true, threads: 3, device: 'wasm', folder });
    model.close();
  }
  const onGpu = await openTabModel(folder, 'webgpu', null, () => undefined);
  expect(nameOf(onGpu)).toBe('Qwen q4');
  onGpu.close();
  expect(heard).toEqual([7, 7, 7]);
  expect(asked.at(-1)).toEqual({
    files: folder.files,
    precision: 'q4',
    externalFiles: 1,
    device: 'webgpu',
    contextTokens: 50,
  });
});

it('ends the worker where its model does not open, and where the person closes it', async () => {
  const { openTabModel } = await inBrowser({ suspending: false });
  const open = () => openTabModel(folder, 'wasm', null, () => undefined);
  const [refused] = [stubWorker({ open: () => Promise.reject(new Error('Out of memory.')) })];
  await expect(open()).rejects.toThrow('Out of memory.');
  expect(refused).toMatchObject([{ isEnded: true }]);

  const started = stubWorker({ open: () => Promise.resolve({ converses: false, threads: 1 }) });
  const model = await open();
  expect(started).toMatchObject([{ isEnded: false }]);
  model.close();
  expect(started).toMatchObject([{ isEnded: true }]);
  await expect(model.call('ask', null as never)).rejects.toThrow('The connection was closed.');
});

it.each([
  ['no network', 'The model’s worker failed: no network.'],
  ['', 'The model’s worker failed: it could not be started.'],
])('says why a worker did not start: %j', async (message, words) => {
  const { openTabModel } = await inBrowser({ suspending: false });
  const started = stubWorker({}, { message });
  const opening = openTabModel(folder, 'wasm', null, () => undefined);
  await expect(opening).rejects.toThrow(words);
  // The error's class is of the same load as the code.
  await expect(opening).rejects.toMatchObject({ name: EngineError.name });
  expect(started).toMatchObject([{ isEnded: true }]);
});
