import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Caller, FrameError } from '../frames/calls.ts';
import type { Prompt } from '../teacher/prompt.ts';
import type { Ask } from '../teacher/provider.ts';
import type { Opening, TabCalls } from './calls.ts';

/** What the library was told, and what its model does next. */
interface Library {
  env: { backends: { onnx: { wasm: object } }; fetch?: (url: string) => Promise<Response> };
  loaded: unknown[];
  template: string | null;
  told: object[];
  templates: unknown[];
  writes: string;
  /** Waited for before each token. */
  pause: () => Promise<void>;
  /** Fails instead. */
  fails: (() => never) | null;
  config: object;
  generation: object | null;
  atWork: number;
}
const library = vi.hoisted((): Library => ({
  env: { backends: { onnx: { wasm: {} } } },
  loaded: [],
  template: null,
  told: [],
  templates: [],
  writes: '',
  pause: () => Promise.resolve(),
  fails: null,
  config: {},
  generation: null,
  atWork: 0,
}));

/** In the place of transformers.js, which runs in a browser: a token is a character, and the model writes a given text. */
vi.mock('@huggingface/transformers', () => {
  type Told = Record<string, unknown> & {
    input_ids: { ids: number[] };
    max_new_tokens: number;
    streamer: { put: (text: string) => void };
    stopping_criteria: { _call: (rows: number[][]) => boolean[] };
  };
  const inputsOf = (text: string) => {
    const ids = Array.from(text, (sign) => sign.codePointAt(0)!);
    return { input_ids: { ids, dims: [1, ids.length] } };
  };
  const decode = (ids: readonly (number | bigint)[]) =>
    ids.map((id) => String.fromCodePoint(Number(id))).join('');
  const makeTokenizer = () =>
    Object.assign((text: string) => inputsOf(text), {
      chat_template: library.template,
      decode: (ids: readonly bigint[], { skip_special_tokens }: { skip_special_tokens: boolean }) =>
        skip_special_tokens ? decode(ids).replaceAll('$', '') : decode(ids),
      apply_chat_template: (turns: unknown, options: unknown) => {
        library.templates.push([turns, options]);
        return inputsOf('turns:');
      },
    });
  const generate = async (told: Told) => {
    library.told.push(told);
    expect(library.atWork).toBe(0);
    library.atWork += 1;
    try {
      library.fails?.();
      const row = [...told.input_ids.ids];
      told.streamer.put(decode(row));
      for (const sign of library.writes.slice(0, told.max_new_tokens)) {
        await library.pause();
        row.push(sign.codePointAt(0)!);
        told.streamer.put(sign);
        if (told.stopping_criteria._call([row])[0]) break;
      }
      return { tolist: () => [row.map(BigInt)] };
    } finally {
      library.atWork -= 1;
    }
  };
  return {
    env: library.env,
    LogLevel: { ERROR: 'error' },
    StoppingCriteria: Object,
    TextStreamer: class {
      #isPrompt: boolean;
      readonly #said: (text: string) => void;
      constructor(
        _: unknown,
        {
          skip_prompt,
          callback_function,
        }: { skip_prompt: boolean; callback_function: (text: string) => void },
      ) {
        this.#isPrompt = skip_prompt;
        this.#said = callback_function;
      }
      put(text: string): void {
        if (!this.#isPrompt) this.#said(text);
        this.#isPrompt = false;
      }
    },
    AutoTokenizer: {
      from_pretrained: (name: string) => Promise.resolve(name === 'model' && makeTokenizer()),
    },
    AutoModelForCausalLM: {
      from_pretrained: (
        name: string,
        { progress_callback: said, ...options }: { progress_callback: (info: object) => void },
      ) => {
        library.loaded.push([name, options]);
        said({ status: 'progress', file: 'a', loaded: 3 });
        said({ status: 'progress', file: 'b', loaded: 10 });
        said({ status: 'done', file: 'a', loaded: 99 });
        said({ status: 'progress', file: 'a', loaded: 5 });
        return Promise.resolve({ generate, generation_config: library.generation, config: library.config });
      },
    },
  };
});

let caller: Caller<TabCalls>;
beforeEach(async () => {
  Object.assign(library, {
    template: null,
    writes: 'an answer',
    fails: null,
    config: {},
    generation: null,
  });
  library.pause = () => Promise.resolve();
  for (const list of [library.loaded, library.told, library.templates]) list.length = 0;
  const worker: { onmessage?: (event: object) => void } = {};
  vi.stubGlobal('self', worker);
  vi.stubGlobal('crossOriginIsolated', true);
  vi.stubGlobal('navigator', { hardwareConcurrency: 4 });
  vi.resetModules();
  await import('./model.worker.ts');
  const { port1, port2 } = new MessageChannel();
  caller = new Caller<TabCalls>(port1);
  // What comes without a port is for someone else.
  worker.onmessage!({ ports: [] });
  worker.onmessage!({ ports: [port2] });
});
afterEach(() => {
  caller.close();
  vi.unstubAllGlobals();
});

const opening: Opening = {
  files: new Map([['config.json', new Blob(['{}'])]]),
  precision: 'q4',
  externalFiles: 2,
  device: 'wasm',
  contextTokens: 100,
};
const text = (prompt: string, stop: string[] = []): Prompt => ({ kind: 'text', text: prompt, stop });
const ask = (asked: Partial<Ask> = {}): Ask => ({
  model: 'x',
  prompt: text('prompt'),
  temperature: 0,
  maxTokens: 20,
  streams: true,
  schema: null,
  omitted: new Set(),
  ...asked,
});

it('opens a model from the page’s files alone, and says how much of it was read', async () => {
  const heard: number[] = [];
  const opened = await caller.call('open', opening, { onProgress: (readBytes) => heard.push(readBytes) });
  expect(opened).toEqual({ converses: false, threads: 4 });
  // Each file is counted once, as far as it was read last.
  expect(heard).toEqual([3, 13, 15]);
  expect(library.loaded).toEqual([['model', { dtype: 'q4', device: 'wasm', use_external_data_format: 2 }]]);
  expect(library.env).toMatchObject({
    allowRemoteModels: false,
    allowLocalModels: true,
    localModelPath: '/',
    useBrowserCache: false,
    useWasmCache: false,
  });
  expect(await (await library.env.fetch!('/model/config.json')).text()).toBe('{}');
  expect(library.env.backends.onnx.wasm).toMatchObject({ numThreads: 4 });
});

it.each([
  [{ hardwareConcurrency: 64 }, true, 8],
  [{ hardwareConcurrency: 64 }, false, 1],
])('takes as many threads as help and the page may have: %#', async (navigator, isIsolated, threads) => {
  vi.stubGlobal('navigator', navigator);
  vi.stubGlobal('crossOriginIsolated', isIsolated);
  library.template = '{{ turns }}';
  expect(await caller.call('open', opening)).toEqual({ converses: true, threads });
});

it('answers a text up to its sign, greedily, and tells how far it is', async () => {
  await caller.call('open', opening);
  library.writes = 'one.Q: two';
  const heard: string[] = [];
  const onProgress = (said: string) => heard.push(said);
  const answer = await caller.call('ask', ask({ prompt: text('prompt', ['Q:']) }), { onProgress });
  expect(answer).toMatchObject({ reply: { text: 'one.', finish: 'stop', usage: { input: 6, output: 6 } } });
  // The prompt is not part of it, nor the sign that ended it; a sign is known when it is whole.
  expect(heard).toEqual(['o', 'on', 'one', 'one.', 'one.Q', 'one.']);
  expect(library.told[0]).toMatchObject({ do_sample: false, max_new_tokens: 20 });
  expect(library.told[0]).not.toHaveProperty('temperature');
});

it('samples with a temperature, and leaves out the signs that only the model reads', async () => {
  await caller.call('open', opening);
  library.writes = 'an$swer';
  const answer = await caller.call('ask', ask({ temperature: 1, maxTokens: 7 }));
  expect(answer).toMatchObject({ reply: { text: 'answer', finish: 'length', usage: { output: 7 } } });
  expect(library.told[0]).toMatchObject({ do_sample: true, temperature: 1, max_new_tokens: 7 });
});

it.each([
  ['its settings of generation', { eos_token_id: 36 }, {}],
  ['its configuration', null, { eos_token_id: [5, 36] }],
])('knows the end of an answer by %s', async (_, generation, config) => {
  Object.assign(library, { generation, config, writes: 'ab$' });
  await caller.call('open', opening);
  const full = await caller.call('ask', ask({ maxTokens: 2 }));
  expect(full).toMatchObject({ reply: { text: 'ab', finish: 'length' } });
  expect(await caller.call('ask', ask({ maxTokens: 3 }))).toMatchObject({
    reply: { text: 'ab', finish: 'stop' },
  });
});

it('puts turns into the model’s own template, the system’s words first where there are some', async () => {
  await caller.call('open', opening);
  const turns = [{ role: 'user', content: 'hello' }] as const;
  await caller.call('ask', ask({ prompt: { kind: 'turns', system: null, turns } }));
  await caller.call('ask', ask({ prompt: { kind: 'turns', system: 'Be brief.', turns } }));
  const options = { add_generation_prompt: true, return_dict: true };
  expect(library.templates).toEqual([
    [turns, options],
    [[{ role: 'system', content: 'Be brief.' }, ...turns], options],
  ]);
});

it('asks nothing before a model is open, and refuses what does not fit into its context', async () => {
  await expect(caller.call('ask', ask())).rejects.toThrow(FrameError);
  await expect(caller.call('ask', ask())).rejects.toThrow('No model was opened.');
  await caller.call('open', opening);
  expect(await caller.call('ask', ask({ maxTokens: 95 }))).toMatchObject({ kind: 'refused' });
  expect(library.told).toEqual([]);
});

it('gives one answer after another, and one that failed holds up no other', async () => {
  await caller.call('open', opening);
  library.fails = () => {
    throw new Error('x'.repeat(300));
  };
  const words = `The model in this tab failed (${'x'.repeat(200)}).`;
  expect(await caller.call('ask', ask())).toMatchObject({ kind: 'ended', problem: words });
  library.fails = null;
  library.pause = () => new Promise((resolve) => setTimeout(resolve));
  const answers = await Promise.all([caller.call('ask', ask()), caller.call('ask', ask())]);
  expect(answers).toMatchObject([{ kind: 'answered' }, { kind: 'answered' }]);
});

it('stops between two tokens where a person no longer waits, and answers the next', async () => {
  await caller.call('open', opening);
  const controller = new AbortController();
  let tokens = 0;
  library.pause = async () => {
    if ((tokens += 1) !== 3) return;
    controller.abort(new Error('Stopped.'));
    // Messages come in their order: with the answer to a later one, the worker has heard of it.
    await caller.call('open', opening);
  };
  const stopped = caller.call('ask', ask(), { signal: controller.signal });
  const next = caller.call('ask', ask());
  await expect(stopped).rejects.toThrow('Stopped.');
  expect(await next).toMatchObject({ reply: { text: 'an answer' } });
  expect(tokens).toBe(3 + 'an answer'.length);
});
